//! Socket addresses as the kernel takes them: `struct sockaddr_*` of bits/socket.h, linux/un.h and linux/in*.h.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

pub const AF_UNIX: u16 = 1;
pub const AF_INET: u16 = 2;
pub const AF_INET6: u16 = 10;
pub const AF_NETLINK: u16 = 16;
const AF_PACKET: u16 = 17;
const AF_ALG: u16 = 38;
const AF_VSOCK: u16 = 40;

/// A socket address of a known family, or its bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Sockaddr<'a> {
    /// A path in the file system, without its NUL; empty: unnamed.
    Unix(&'a [u8]),
    /// A name in the abstract namespace, without the leading NUL.
    Abstract(&'a [u8]),
    Inet(SocketAddrV4),
    Inet6(SocketAddrV6),
    Netlink {
        pid: u32,
        groups: u32,
    },
    Packet {
        /// Host order.
        protocol: u16,
        ifindex: i32,
        hatype: u16,
        pkttype: u8,
        addr: &'a [u8],
    },
    Vsock {
        cid: u32,
        port: u32,
    },
    /// Type and name of an algorithm, without NULs.
    Alg(&'a [u8], &'a [u8]),
    /// Family and the bytes after it.
    Other(u16, &'a [u8]),
    /// Shorter than its family requires.
    Short(&'a [u8]),
}

impl<'a> Sockaddr<'a> {
    pub fn parse(bytes: &'a [u8]) -> Self {
        Self::known(bytes).unwrap_or(Sockaddr::Short(bytes))
    }

    fn known(bytes: &'a [u8]) -> Option<Self> {
        let (family, rest) = bytes.split_at_checked(2)?;
        let port = || Some(u16::from_be_bytes(*rest.first_chunk()?));
        Some(match u16::from_ne_bytes(family.try_into().ok()?) {
            AF_UNIX => match rest.split_first() {
                Some((0, name)) => Sockaddr::Abstract(name),
                _ => Sockaddr::Unix(rest.split(|byte| *byte == 0).next().unwrap_or_default()),
            },
            AF_INET => {
                let address: [u8; 4] = rest.get(2..6)?.try_into().ok()?;
                Sockaddr::Inet(SocketAddrV4::new(Ipv4Addr::from(address), port()?))
            }
            AF_INET6 => {
                let flow = u32::from_be_bytes(rest.get(2..6)?.try_into().ok()?);
                let address: [u8; 16] = rest.get(6..22)?.try_into().ok()?;
                // Kernels take the address without a scope, too (SIN6_LEN_RFC2133).
                let scope = rest
                    .get(22..26)
                    .and_then(|b| b.try_into().ok())
                    .map_or(0, u32::from_ne_bytes);
                Sockaddr::Inet6(SocketAddrV6::new(Ipv6Addr::from(address), port()?, flow, scope))
            }
            AF_NETLINK => Sockaddr::Netlink {
                pid: u32::from_ne_bytes(field(rest, 2)?),
                groups: u32::from_ne_bytes(field(rest, 6)?),
            },
            AF_PACKET => {
                let len: [u8; 1] = field(rest, 9)?;
                Sockaddr::Packet {
                    protocol: port()?,
                    ifindex: i32::from_ne_bytes(field(rest, 2)?),
                    hatype: u16::from_ne_bytes(field(rest, 6)?),
                    pkttype: field::<1>(rest, 8)?[0],
                    addr: rest.get(10..10 + usize::from(len[0]))?,
                }
            }
            AF_ALG => {
                let text = |bytes: &'a [u8]| bytes.split(|byte| *byte == 0).next().unwrap_or_default();
                Sockaddr::Alg(text(rest.get(..14)?), text(rest.get(22..)?))
            }
            AF_VSOCK => Sockaddr::Vsock {
                cid: u32::from_ne_bytes(field(rest, 6)?),
                port: u32::from_ne_bytes(field(rest, 2)?),
            },
            other => Sockaddr::Other(other, rest),
        })
    }

    /// Number of the address family; `None` if even that is missing.
    pub fn family(&self) -> Option<u16> {
        match self {
            Sockaddr::Unix(_) | Sockaddr::Abstract(_) => Some(AF_UNIX),
            Sockaddr::Inet(_) => Some(AF_INET),
            Sockaddr::Inet6(_) => Some(AF_INET6),
            Sockaddr::Netlink { .. } => Some(AF_NETLINK),
            Sockaddr::Packet { .. } => Some(AF_PACKET),
            Sockaddr::Alg(..) => Some(AF_ALG),
            Sockaddr::Vsock { .. } => Some(AF_VSOCK),
            Sockaddr::Other(family, _) => Some(*family),
            Sockaddr::Short(bytes) => bytes.first_chunk().map(|family| u16::from_ne_bytes(*family)),
        }
    }
}

/// The `N` bytes from that offset behind the family on.
fn field<const N: usize>(rest: &[u8], at: usize) -> Option<[u8; N]> {
    rest.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_each_family() {
        assert_eq!(Sockaddr::parse(b"\x01\0/run/x\0junk"), Sockaddr::Unix(b"/run/x"));
        assert_eq!(Sockaddr::parse(b"\x01\0\0name"), Sockaddr::Abstract(b"name"));
        assert_eq!(Sockaddr::parse(b"\x01\0"), Sockaddr::Unix(b""));
        let inet = Sockaddr::parse(&[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(inet, Sockaddr::Inet("127.0.0.1:80".parse().unwrap()));
        let mut six = vec![10, 0, 1, 187, 0, 0, 0, 0];
        six.extend("::1".parse::<Ipv6Addr>().unwrap().octets());
        assert_eq!(
            Sockaddr::parse(&six),
            Sockaddr::Inet6("[::1]:443".parse().unwrap())
        );
        let netlink = [16, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0];
        assert_eq!(Sockaddr::parse(&netlink), Sockaddr::Netlink { pid: 7, groups: 1 });
        let packet = [17, 0, 0x08, 0x06, 2, 0, 0, 0, 1, 0, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0];
        let expected = Sockaddr::Packet {
            protocol: 0x806,
            ifindex: 2,
            hatype: 1,
            pkttype: 0,
            addr: &[1, 2, 3, 4, 5, 6],
        };
        assert_eq!(Sockaddr::parse(&packet), expected);
        let vsock = [40, 0, 0, 0, 0xd2, 4, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Sockaddr::parse(&vsock), Sockaddr::Vsock { cid: 3, port: 1234 });
        let mut alg = [0; 88];
        alg[0] = 38;
        alg[2..6].copy_from_slice(b"hash");
        alg[24..30].copy_from_slice(b"sha256");
        assert_eq!(Sockaddr::parse(&alg), Sockaddr::Alg(b"hash", b"sha256"));
        assert_eq!(Sockaddr::parse(&[45, 0, 9]), Sockaddr::Other(45, &[9]));
        for short in [&b""[..], b"\x02", b"\x02\0\0", b"\x0a\0\0\0"] {
            assert_eq!(Sockaddr::parse(short), Sockaddr::Short(short));
        }
    }
}
