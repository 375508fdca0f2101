//! Socket addresses as the kernel takes them: `struct sockaddr_*` of bits/socket.h, linux/un.h and linux/in*.h.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

pub const AF_UNSPEC: u16 = 0;
pub const AF_UNIX: u16 = 1;
pub const AF_INET: u16 = 2;
pub const AF_INET6: u16 = 10;

/// A socket address of a known family, or its bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Sockaddr<'a> {
    /// A path in the file system, without its NUL; empty: unnamed.
    Unix(&'a [u8]),
    /// A name in the abstract namespace, without the leading NUL.
    Abstract(&'a [u8]),
    Inet(SocketAddrV4),
    Inet6(SocketAddrV6),
    /// Family and the bytes after it.
    Other(u16, &'a [u8]),
    /// Shorter than its family says.
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
            other => Sockaddr::Other(other, rest),
        })
    }

    /// Number of the address family; `None` where not even that was there.
    pub fn family(&self) -> Option<u16> {
        match self {
            Sockaddr::Unix(_) | Sockaddr::Abstract(_) => Some(AF_UNIX),
            Sockaddr::Inet(_) => Some(AF_INET),
            Sockaddr::Inet6(_) => Some(AF_INET6),
            Sockaddr::Other(family, _) => Some(*family),
            Sockaddr::Short(bytes) => bytes.first_chunk().map(|family| u16::from_ne_bytes(*family)),
        }
    }
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
        assert_eq!(Sockaddr::parse(&[16, 0, 9]), Sockaddr::Other(16, &[9]));
        for short in [&b""[..], b"\x02", b"\x02\0\0", b"\x0a\0\0\0"] {
            assert_eq!(Sockaddr::parse(short), Sockaddr::Short(short));
        }
    }
}
