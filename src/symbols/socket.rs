//! Sockets: bits/socket.h, linux/in.h, linux/netlink.h, linux/if_ether.h.

use super::table::Table::{self, Enum, Flags, Mixed, Special};
use super::table::{name, Names, Rule, ALL};

/// Address families.
#[rustfmt::skip]
pub const FAMILY: &Table = &Enum(&[
    (0, "AF_UNSPEC"), (1, "AF_UNIX"), (2, "AF_INET"), (3, "AF_AX25"), (4, "AF_IPX"), (5, "AF_APPLETALK"),
    (6, "AF_NETROM"), (7, "AF_BRIDGE"), (8, "AF_ATMPVC"), (9, "AF_X25"), (10, "AF_INET6"), (11, "AF_ROSE"),
    (12, "AF_DECnet"), (13, "AF_NETBEUI"), (14, "AF_SECURITY"), (15, "AF_KEY"), (16, "AF_NETLINK"), (17, "AF_PACKET"),
    (18, "AF_ASH"), (19, "AF_ECONET"), (20, "AF_ATMSVC"), (21, "AF_RDS"), (22, "AF_SNA"), (23, "AF_IRDA"),
    (24, "AF_PPPOX"), (25, "AF_WANPIPE"), (26, "AF_LLC"), (27, "AF_IB"), (28, "AF_MPLS"), (29, "AF_CAN"),
    (30, "AF_TIPC"), (31, "AF_BLUETOOTH"), (32, "AF_IUCV"), (33, "AF_RXRPC"), (34, "AF_ISDN"), (35, "AF_PHONET"),
    (36, "AF_IEEE802154"), (37, "AF_CAIF"), (38, "AF_ALG"), (39, "AF_NFC"), (40, "AF_VSOCK"), (41, "AF_KCM"),
    (42, "AF_QIPCRTR"), (43, "AF_SMC"), (44, "AF_XDP"), (45, "AF_MCTP"),
]);

/// `socket(2)`: what the lowest four bits of the type mean.
#[rustfmt::skip]
const TYPES: Names = &[
    (1, "SOCK_STREAM"), (2, "SOCK_DGRAM"), (3, "SOCK_RAW"), (4, "SOCK_RDM"), (5, "SOCK_SEQPACKET"), (6, "SOCK_DCCP"),
    (10, "SOCK_PACKET"),
];

/// `socket(2)`: flags beside the type.
#[rustfmt::skip]
const TYPE_BITS: Names = &[
    (0x8_0000, "SOCK_CLOEXEC"), (0x800, "SOCK_NONBLOCK"),
];

/// `accept4(2)`: flags.
#[rustfmt::skip]
pub const TYPE_FLAGS: &Table = &Flags(TYPE_BITS);

/// `socket(2)`: a type with its flags.
#[rustfmt::skip]
pub const TYPE: &Table = &Mixed(&[(0xf, TYPES)], TYPE_BITS);

/// `send(2)`, `recv(2)`; flags that only the kernel sets are in its linux/socket.h.
#[rustfmt::skip]
pub const MSG: &Table = &Flags(&[
    (1, "MSG_OOB"), (2, "MSG_PEEK"), (4, "MSG_DONTROUTE"), (8, "MSG_CTRUNC"), (0x10, "MSG_PROBE"),
    (0x20, "MSG_TRUNC"), (0x40, "MSG_DONTWAIT"), (0x80, "MSG_EOR"), (0x100, "MSG_WAITALL"), (0x200, "MSG_FIN"),
    (0x400, "MSG_SYN"), (0x800, "MSG_CONFIRM"), (0x1000, "MSG_RST"), (0x2000, "MSG_ERRQUEUE"),
    (0x4000, "MSG_NOSIGNAL"), (0x8000, "MSG_MORE"), (0x1_0000, "MSG_WAITFORONE"), (0x2_0000, "MSG_SENDPAGE_NOTLAST"),
    (0x4_0000, "MSG_BATCH"), (0x8_0000, "MSG_NO_SHARED_FRAGS"), (0x10_0000, "MSG_SENDPAGE_DECRYPTED"),
    (0x200_0000, "MSG_SOCK_DEVMEM"), (0x400_0000, "MSG_ZEROCOPY"), (0x800_0000, "MSG_SPLICE_PAGES"),
    (0x2000_0000, "MSG_FASTOPEN"), (0x4000_0000, "MSG_CMSG_CLOEXEC"), (0x8000_0000, "MSG_CMSG_COMPAT"),
]);

/// `shutdown(2)`
#[rustfmt::skip]
pub const SHUTDOWN: &Table = &Enum(&[
    (0, "SHUT_RD"), (1, "SHUT_WR"), (2, "SHUT_RDWR"),
]);

/// `socketcall(2)` (linux/net.h).
#[rustfmt::skip]
pub const SOCKETCALL: &Table = &Enum(&[
    (1, "SYS_SOCKET"), (2, "SYS_BIND"), (3, "SYS_CONNECT"), (4, "SYS_LISTEN"), (5, "SYS_ACCEPT"),
    (6, "SYS_GETSOCKNAME"), (7, "SYS_GETPEERNAME"), (8, "SYS_SOCKETPAIR"), (9, "SYS_SEND"), (10, "SYS_RECV"),
    (11, "SYS_SENDTO"), (12, "SYS_RECVFROM"), (13, "SYS_SHUTDOWN"), (14, "SYS_SETSOCKOPT"), (15, "SYS_GETSOCKOPT"),
    (16, "SYS_SENDMSG"), (17, "SYS_RECVMSG"), (18, "SYS_ACCEPT4"), (19, "SYS_RECVMMSG"), (20, "SYS_SENDMMSG"),
]);

/// Protocols of `AF_INET` and `AF_INET6`.
#[rustfmt::skip]
pub const IPPROTO: &Table = &Enum(&[
    (0, "IPPROTO_IP"), (1, "IPPROTO_ICMP"), (2, "IPPROTO_IGMP"), (4, "IPPROTO_IPIP"), (6, "IPPROTO_TCP"),
    (8, "IPPROTO_EGP"), (12, "IPPROTO_PUP"), (17, "IPPROTO_UDP"), (22, "IPPROTO_IDP"), (29, "IPPROTO_TP"),
    (33, "IPPROTO_DCCP"), (41, "IPPROTO_IPV6"), (43, "IPPROTO_ROUTING"), (44, "IPPROTO_FRAGMENT"),
    (46, "IPPROTO_RSVP"), (47, "IPPROTO_GRE"), (50, "IPPROTO_ESP"), (51, "IPPROTO_AH"), (58, "IPPROTO_ICMPV6"),
    (59, "IPPROTO_NONE"), (60, "IPPROTO_DSTOPTS"), (92, "IPPROTO_MTP"), (94, "IPPROTO_BEETPH"), (98, "IPPROTO_ENCAP"),
    (103, "IPPROTO_PIM"), (108, "IPPROTO_COMP"), (115, "IPPROTO_L2TP"), (132, "IPPROTO_SCTP"), (135, "IPPROTO_MH"),
    (136, "IPPROTO_UDPLITE"), (137, "IPPROTO_MPLS"), (143, "IPPROTO_ETHERNET"), (144, "IPPROTO_AGGFRAG"),
    (255, "IPPROTO_RAW"), (256, "IPPROTO_SMC"), (262, "IPPROTO_MPTCP"),
]);

/// Protocols of `AF_NETLINK`.
#[rustfmt::skip]
pub const NETLINK: &Table = &Enum(&[
    (0, "NETLINK_ROUTE"), (1, "NETLINK_UNUSED"), (2, "NETLINK_USERSOCK"), (3, "NETLINK_FIREWALL"),
    (4, "NETLINK_SOCK_DIAG"), (5, "NETLINK_NFLOG"), (6, "NETLINK_XFRM"), (7, "NETLINK_SELINUX"), (8, "NETLINK_ISCSI"),
    (9, "NETLINK_AUDIT"), (10, "NETLINK_FIB_LOOKUP"), (11, "NETLINK_CONNECTOR"), (12, "NETLINK_NETFILTER"),
    (13, "NETLINK_IP6_FW"), (14, "NETLINK_DNRTMSG"), (15, "NETLINK_KOBJECT_UEVENT"), (16, "NETLINK_GENERIC"),
    (18, "NETLINK_SCSITRANSPORT"), (19, "NETLINK_ECRYPTFS"), (20, "NETLINK_RDMA"), (21, "NETLINK_CRYPTO"),
    (22, "NETLINK_SMC"),
]);

/// Protocols of `AF_PACKET`, in host order (linux/if_ether.h).
#[rustfmt::skip]
const ETHER_PROTOCOLS: Names = &[
    (1, "ETH_P_802_3"), (2, "ETH_P_AX25"), (3, "ETH_P_ALL"), (4, "ETH_P_802_2"), (5, "ETH_P_SNAP"),
    (6, "ETH_P_DDCMP"), (7, "ETH_P_WAN_PPP"), (8, "ETH_P_PPP_MP"), (9, "ETH_P_LOCALTALK"), (0xc, "ETH_P_CAN"),
    (0xd, "ETH_P_CANFD"), (0xe, "ETH_P_CANXL"), (0x10, "ETH_P_PPPTALK"), (0x11, "ETH_P_TR_802_2"),
    (0x15, "ETH_P_MOBITEX"), (0x16, "ETH_P_CONTROL"), (0x17, "ETH_P_IRDA"), (0x18, "ETH_P_ECONET"),
    (0x19, "ETH_P_HDLC"), (0x1a, "ETH_P_ARCNET"), (0x1b, "ETH_P_DSA"), (0x1c, "ETH_P_TRAILER"), (0x60, "ETH_P_LOOP"),
    (0xf5, "ETH_P_PHONET"), (0xf6, "ETH_P_IEEE802154"), (0xf7, "ETH_P_CAIF"), (0xf8, "ETH_P_XDSA"),
    (0xf9, "ETH_P_MAP"), (0xfa, "ETH_P_MCTP"), (0xfe, "ETH_P_GRE_OSI"), (0x200, "ETH_P_PUP"), (0x201, "ETH_P_PUPAT"),
    (0x800, "ETH_P_IP"), (0x805, "ETH_P_X25"), (0x806, "ETH_P_ARP"), (0x8ff, "ETH_P_BPQ"), (0xa00, "ETH_P_IEEEPUP"),
    (0xa01, "ETH_P_IEEEPUPAT"), (0x22eb, "ETH_P_ERSPAN2"), (0x22f0, "ETH_P_TSN"), (0x4305, "ETH_P_BATMAN"),
    (0x6000, "ETH_P_DEC"), (0x6001, "ETH_P_DNA_DL"), (0x6002, "ETH_P_DNA_RC"), (0x6003, "ETH_P_DNA_RT"),
    (0x6004, "ETH_P_LAT"), (0x6005, "ETH_P_DIAG"), (0x6006, "ETH_P_CUST"), (0x6007, "ETH_P_SCA"),
    (0x6558, "ETH_P_TEB"), (0x8035, "ETH_P_RARP"), (0x809b, "ETH_P_ATALK"), (0x80f3, "ETH_P_AARP"),
    (0x8100, "ETH_P_8021Q"), (0x8137, "ETH_P_IPX"), (0x86dd, "ETH_P_IPV6"), (0x8808, "ETH_P_PAUSE"),
    (0x8809, "ETH_P_SLOW"), (0x883e, "ETH_P_WCCP"), (0x8847, "ETH_P_MPLS_UC"), (0x8848, "ETH_P_MPLS_MC"),
    (0x884c, "ETH_P_ATMMPOA"), (0x8863, "ETH_P_PPP_DISC"), (0x8864, "ETH_P_PPP_SES"), (0x886c, "ETH_P_LINK_CTL"),
    (0x8870, "ETH_P_8021AC"), (0x8884, "ETH_P_ATMFATE"), (0x888e, "ETH_P_PAE"), (0x8892, "ETH_P_PROFINET"),
    (0x8899, "ETH_P_REALTEK"), (0x88a2, "ETH_P_AOE"), (0x88a4, "ETH_P_ETHERCAT"), (0x88a8, "ETH_P_8021AD"),
    (0x88b5, "ETH_P_802_EX1"), (0x88be, "ETH_P_ERSPAN"), (0x88c3, "ETH_P_MXLGSW"), (0x88c7, "ETH_P_PREAUTH"),
    (0x88ca, "ETH_P_TIPC"), (0x88cc, "ETH_P_LLDP"), (0x88e3, "ETH_P_MRP"), (0x88e5, "ETH_P_MACSEC"),
    (0x88e7, "ETH_P_8021AH"), (0x88f5, "ETH_P_MVRP"), (0x88f7, "ETH_P_1588"), (0x88f8, "ETH_P_NCSI"),
    (0x88fb, "ETH_P_PRP"), (0x8902, "ETH_P_CFM"), (0x8906, "ETH_P_FCOE"), (0x890d, "ETH_P_TDLS"),
    (0x8914, "ETH_P_FIP"), (0x8915, "ETH_P_IBOE"), (0x8917, "ETH_P_80221"), (0x892f, "ETH_P_HSR"),
    (0x894f, "ETH_P_NSH"), (0x9000, "ETH_P_LOOPBACK"), (0x9100, "ETH_P_QINQ1"), (0x9200, "ETH_P_QINQ2"),
    (0x9300, "ETH_P_QINQ3"), (0x9988, "ETH_P_YT921X"), (0xdada, "ETH_P_EDSA"), (0xdadb, "ETH_P_DSA_8021Q"),
    (0xe001, "ETH_P_DSA_A5PSW"), (0xed3e, "ETH_P_IFE"), (0xfbfb, "ETH_P_AF_IUCV"), (0xfd3a, "ETH_P_NXP_NETC"),
];

/// The same in the order of the network.
#[rustfmt::skip]
pub const ETH_P_BE: &Table = &Special(Rule(push_ether_protocol), &[(ALL, ETHER_PROTOCOLS)]);

/// Protocols of `AF_BLUETOOTH` (net/bluetooth/bluetooth.h of the kernel).
#[rustfmt::skip]
pub const BTPROTO: &Table = &Enum(&[
    (0, "BTPROTO_L2CAP"), (1, "BTPROTO_HCI"), (2, "BTPROTO_SCO"), (3, "BTPROTO_RFCOMM"), (4, "BTPROTO_BNEP"),
    (5, "BTPROTO_CMTP"), (6, "BTPROTO_HIDP"), (7, "BTPROTO_AVDTP"), (8, "BTPROTO_ISO"),
]);

/// Protocols of `AF_CAN`.
#[rustfmt::skip]
pub const CAN: &Table = &Enum(&[
    (1, "CAN_RAW"), (2, "CAN_BCM"), (3, "CAN_TP16"), (4, "CAN_TP20"), (5, "CAN_MCNET"), (6, "CAN_ISOTP"),
    (7, "CAN_J1939"),
]);

/// Protocols of `AF_CAIF`.
#[rustfmt::skip]
pub const CAIF: &Table = &Enum(&[
    (0, "CAIFPROTO_AT"), (1, "CAIFPROTO_DATAGRAM"), (2, "CAIFPROTO_DATAGRAM_LOOP"), (3, "CAIFPROTO_UTIL"),
    (4, "CAIFPROTO_RFM"), (5, "CAIFPROTO_DEBUG"),
]);

/// Protocols of `AF_PHONET`.
#[rustfmt::skip]
pub const PHONET: &Table = &Enum(&[
    (0, "PN_PROTO_TRANSPORT"), (1, "PN_PROTO_PHONET"), (2, "PN_PROTO_PIPE"),
]);

/// Protocols of `AF_NFC`.
#[rustfmt::skip]
pub const NFC: &Table = &Enum(&[
    (0, "NFC_SOCKPROTO_RAW"), (1, "NFC_SOCKPROTO_LLCP"),
]);

/// Protocols of `AF_KCM`.
#[rustfmt::skip]
pub const KCM: &Table = &Enum(&[
    (0, "KCMPROTO_CONNECTED"),
]);

/// Protocols of `AF_SMC` (net/smc.h of the kernel).
#[rustfmt::skip]
pub const SMC: &Table = &Enum(&[
    (0, "SMCPROTO_SMC"), (1, "SMCPROTO_SMC6"),
]);

/// `socket(2)` of `AF_PACKET`: the protocol is in the network's order.
#[allow(clippy::cast_possible_truncation)] // Refused first.
fn push_ether_protocol(out: &mut String, value: u64) -> bool {
    if value > 0xffff {
        return false;
    }
    let Some(name) = name(ETHER_PROTOCOLS, (value as u16).swap_bytes().into()) else {
        return false;
    };
    out.push_str("htons(");
    out.push_str(name);
    out.push(')');
    true
}
