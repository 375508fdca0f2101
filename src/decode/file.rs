//! What is open as an fd, as the kernel side found it: `struct fd_info`, a path, `struct fd_socket`.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::decode::cursor::Cursor;
use crate::decode::path::PathName;
use crate::wire::{fd_info, fd_socket};

/// An open file.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct OpenFile<'a> {
    pub info: &'a [u8],
    pub path: Option<PathName<'a>>,
    /// Whether the beginning of the path is missing.
    pub path_cut: bool,
    pub socket: &'a [u8],
    /// Name of a unix socket, or of its peer: a path, or after a NUL an abstract one.
    pub unix: Option<&'a [u8]>,
}

impl OpenFile<'_> {
    /// Inode, mode and device.
    pub fn info(&self) -> Option<fd_info> {
        Cursor::new(self.info).read()
    }

    pub fn socket(&self) -> Option<fd_socket> {
        Cursor::new(self.socket).read()
    }
}

/// The two ends of an internet socket: (address, port) each.
pub enum Ends {
    Inet([(Ipv4Addr, u16); 2]),
    Inet6([(Ipv6Addr, u16); 2]),
}

impl Ends {
    /// `None` for sockets of other families.
    pub fn of(socket: &fd_socket) -> Option<Ends> {
        let v4 = |bytes: [u8; 16]| Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]);
        let (local, remote) = (socket.local_port, socket.remote_port);
        match socket.family {
            super::sockaddr::AF_INET => Some(Ends::Inet([
                (v4(socket.local), local),
                (v4(socket.remote), remote),
            ])),
            super::sockaddr::AF_INET6 => Some(Ends::Inet6([
                (socket.local.into(), local),
                (socket.remote.into(), remote),
            ])),
            _ => None,
        }
    }
}
