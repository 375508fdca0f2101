//! What a number stands for, in words. What is open as an fd: `</etc/passwd>`, `<pipe:[1234]>`,
//! `<TCP:[127.0.0.1:80->127.0.0.1:5000]>`; what a process calls itself: `<sleep>`.

use std::fmt::Write as _;

use crate::decode::file::{Ends, OpenFile};
use crate::decode::sockaddr::{AF_INET, AF_INET6, AF_NETLINK, AF_UNIX};
use crate::escape;
use crate::wire::fd_socket;

/// What may follow a name, or begins a mark: within a name these are escapes.
const END: &[u8] = b">,\"()";

/// Appends the name in its brackets.
pub fn push(out: &mut String, file: &OpenFile<'_>) {
    out.push('<');
    let info = file.info().unwrap_or_default();
    if let Some(socket) = file.socket() {
        push_socket(out, file, &socket, info.ino);
    } else if let Some(path) = file.path {
        if file.path_cut {
            out.push_str("...");
        }
        let (before, behind) = path.marks().words();
        out.push_str(before);
        path.name().for_each(|piece| escape::push_until(out, piece, END));
        behind.iter().for_each(|word| out.push_str(word));
    }
    out.push('>');
}

/// Appends what a process calls itself in brackets.
pub fn push_process(out: &mut String, name: &[u8]) {
    out.push('<');
    escape::push_until(out, name, END);
    out.push('>');
}

/// Appends a socket as strace names it.
fn push_socket(out: &mut String, file: &OpenFile<'_>, socket: &fd_socket, inode: u64) {
    out.push_str(match (socket.family, socket.r#type, socket.protocol) {
        (AF_INET, _, 6) => "TCP",
        (AF_INET, _, 17) => "UDP",
        (AF_INET, ..) => "INET",
        (AF_INET6, _, 6) => "TCPv6",
        (AF_INET6, _, 17) => "UDPv6",
        (AF_INET6, ..) => "INET6",
        (AF_UNIX, 1, _) => "UNIX-STREAM",
        (AF_UNIX, 2, _) => "UNIX-DGRAM",
        (AF_UNIX, ..) => "UNIX",
        (AF_NETLINK, ..) => "NETLINK",
        _ => "socket",
    });
    out.push_str(":[");
    let _ = match Ends::of(socket) {
        Some(Ends::Inet([(local, port), _])) if port != 0 && socket.remote_port == 0 => {
            write!(out, "{local}:{port}")
        }
        Some(Ends::Inet([(local, port), (remote, to)])) if to != 0 => {
            write!(out, "{local}:{port}->{remote}:{to}")
        }
        Some(Ends::Inet6([(local, port), _])) if port != 0 && socket.remote_port == 0 => {
            write!(out, "[{local}]:{port}")
        }
        Some(Ends::Inet6([(local, port), (remote, to)])) if to != 0 => {
            write!(out, "[{local}]:{port}->[{remote}]:{to}")
        }
        _ if socket.family == AF_NETLINK => write!(out, "{}", socket.netlink_port),
        _ => write!(out, "{inode}"),
    };
    match file.unix.and_then(|name| name.split_first()) {
        Some((0, name)) => {
            out.push_str(",@");
            escape::push_until(out, name, END);
        }
        Some(_) => {
            out.push(',');
            let path = file.unix.unwrap_or_default();
            let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
            escape::push_until(out, path, END);
        }
        None => {}
    }
    out.push(']');
}
