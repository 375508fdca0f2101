//! Error numbers: asm-generic/errno.h, and those that only tracers see of linux/errno.h.

use super::table::{Table, Table::Enum};

/// By number.
#[rustfmt::skip]
pub const ERRNO: &Table = &Enum(&[
    (1, "EPERM"), (2, "ENOENT"), (3, "ESRCH"), (4, "EINTR"), (5, "EIO"), (6, "ENXIO"), (7, "E2BIG"), (8, "ENOEXEC"),
    (9, "EBADF"), (10, "ECHILD"), (11, "EAGAIN"), (12, "ENOMEM"), (13, "EACCES"), (14, "EFAULT"), (15, "ENOTBLK"),
    (16, "EBUSY"), (17, "EEXIST"), (18, "EXDEV"), (19, "ENODEV"), (20, "ENOTDIR"), (21, "EISDIR"), (22, "EINVAL"),
    (23, "ENFILE"), (24, "EMFILE"), (25, "ENOTTY"), (26, "ETXTBSY"), (27, "EFBIG"), (28, "ENOSPC"), (29, "ESPIPE"),
    (30, "EROFS"), (31, "EMLINK"), (32, "EPIPE"), (33, "EDOM"), (34, "ERANGE"), (35, "EDEADLK"), (36, "ENAMETOOLONG"),
    (37, "ENOLCK"), (38, "ENOSYS"), (39, "ENOTEMPTY"), (40, "ELOOP"), (42, "ENOMSG"), (43, "EIDRM"), (44, "ECHRNG"),
    (45, "EL2NSYNC"), (46, "EL3HLT"), (47, "EL3RST"), (48, "ELNRNG"), (49, "EUNATCH"), (50, "ENOCSI"), (51, "EL2HLT"),
    (52, "EBADE"), (53, "EBADR"), (54, "EXFULL"), (55, "ENOANO"), (56, "EBADRQC"), (57, "EBADSLT"), (59, "EBFONT"),
    (60, "ENOSTR"), (61, "ENODATA"), (62, "ETIME"), (63, "ENOSR"), (64, "ENONET"), (0x41, "ENOPKG"),
    (0x42, "EREMOTE"), (0x43, "ENOLINK"), (0x44, "EADV"), (0x45, "ESRMNT"), (0x46, "ECOMM"), (0x47, "EPROTO"),
    (0x48, "EMULTIHOP"), (0x49, "EDOTDOT"), (0x4a, "EBADMSG"), (0x4b, "EOVERFLOW"), (0x4c, "ENOTUNIQ"),
    (0x4d, "EBADFD"), (0x4e, "EREMCHG"), (0x4f, "ELIBACC"), (0x50, "ELIBBAD"), (0x51, "ELIBSCN"), (0x52, "ELIBMAX"),
    (0x53, "ELIBEXEC"), (0x54, "EILSEQ"), (0x55, "ERESTART"), (0x56, "ESTRPIPE"), (0x57, "EUSERS"),
    (0x58, "ENOTSOCK"), (0x59, "EDESTADDRREQ"), (0x5a, "EMSGSIZE"), (0x5b, "EPROTOTYPE"), (0x5c, "ENOPROTOOPT"),
    (0x5d, "EPROTONOSUPPORT"), (0x5e, "ESOCKTNOSUPPORT"), (0x5f, "EOPNOTSUPP"), (0x60, "EPFNOSUPPORT"),
    (0x61, "EAFNOSUPPORT"), (0x62, "EADDRINUSE"), (0x63, "EADDRNOTAVAIL"), (0x64, "ENETDOWN"), (0x65, "ENETUNREACH"),
    (0x66, "ENETRESET"), (0x67, "ECONNABORTED"), (0x68, "ECONNRESET"), (0x69, "ENOBUFS"), (0x6a, "EISCONN"),
    (0x6b, "ENOTCONN"), (0x6c, "ESHUTDOWN"), (0x6d, "ETOOMANYREFS"), (0x6e, "ETIMEDOUT"), (0x6f, "ECONNREFUSED"),
    (0x70, "EHOSTDOWN"), (0x71, "EHOSTUNREACH"), (0x72, "EALREADY"), (0x73, "EINPROGRESS"), (0x74, "ESTALE"),
    (0x75, "EUCLEAN"), (0x76, "ENOTNAM"), (0x77, "ENAVAIL"), (0x78, "EISNAM"), (0x79, "EREMOTEIO"), (0x7a, "EDQUOT"),
    (0x7b, "ENOMEDIUM"), (0x7c, "EMEDIUMTYPE"), (0x7d, "ECANCELED"), (0x7e, "ENOKEY"), (0x7f, "EKEYEXPIRED"),
    (0x80, "EKEYREVOKED"), (0x81, "EKEYREJECTED"), (0x82, "EOWNERDEAD"), (0x83, "ENOTRECOVERABLE"), (0x84, "ERFKILL"),
    (0x85, "EHWPOISON"), (0x200, "ERESTARTSYS"), (0x201, "ERESTARTNOINTR"), (0x202, "ERESTARTNOHAND"),
    (0x203, "ENOIOCTLCMD"), (0x204, "ERESTART_RESTARTBLOCK"),
]);
