//! System V and POSIX queues, futexes: linux/ipc.h, linux/shm.h, linux/sem.h, linux/msg.h, linux/futex.h.

use super::table::Table::{self, Enum, Flags, Hex, Mixed, Tailed};
use super::table::{Names, Tail};

/// `shmctl(2)`
#[rustfmt::skip]
pub const SHM_CMD: &Table = &Enum(&[
    (0, "IPC_RMID"), (1, "IPC_SET"), (2, "IPC_STAT"), (3, "IPC_INFO"), (11, "SHM_LOCK"), (12, "SHM_UNLOCK"),
    (13, "SHM_STAT"), (14, "SHM_INFO"), (15, "SHM_STAT_ANY"), (256, "IPC_64|IPC_RMID"), (257, "IPC_64|IPC_SET"),
    (258, "IPC_64|IPC_STAT"), (259, "IPC_64|IPC_INFO"), (267, "IPC_64|SHM_LOCK"), (268, "IPC_64|SHM_UNLOCK"),
    (269, "IPC_64|SHM_STAT"), (270, "IPC_64|SHM_INFO"), (271, "IPC_64|SHM_STAT_ANY"),
]);

/// `semctl(2)`
#[rustfmt::skip]
pub const SEM_CMD: &Table = &Enum(&[
    (0, "IPC_RMID"), (1, "IPC_SET"), (2, "IPC_STAT"), (3, "IPC_INFO"), (11, "GETPID"), (12, "GETVAL"), (13, "GETALL"),
    (14, "GETNCNT"), (15, "GETZCNT"), (16, "SETVAL"), (17, "SETALL"), (18, "SEM_STAT"), (19, "SEM_INFO"),
    (20, "SEM_STAT_ANY"), (256, "IPC_64|IPC_RMID"), (257, "IPC_64|IPC_SET"), (258, "IPC_64|IPC_STAT"),
    (259, "IPC_64|IPC_INFO"), (267, "IPC_64|GETPID"), (268, "IPC_64|GETVAL"), (269, "IPC_64|GETALL"),
    (270, "IPC_64|GETNCNT"), (271, "IPC_64|GETZCNT"), (272, "IPC_64|SETVAL"), (273, "IPC_64|SETALL"),
    (274, "IPC_64|SEM_STAT"), (275, "IPC_64|SEM_INFO"), (276, "IPC_64|SEM_STAT_ANY"),
]);

/// `msgctl(2)`
#[rustfmt::skip]
pub const MSG_CMD: &Table = &Enum(&[
    (0, "IPC_RMID"), (1, "IPC_SET"), (2, "IPC_STAT"), (3, "IPC_INFO"), (11, "MSG_STAT"), (12, "MSG_INFO"),
    (13, "MSG_STAT_ANY"), (256, "IPC_64|IPC_RMID"), (257, "IPC_64|IPC_SET"), (258, "IPC_64|IPC_STAT"),
    (259, "IPC_64|IPC_INFO"), (267, "IPC_64|MSG_STAT"), (268, "IPC_64|MSG_INFO"), (269, "IPC_64|MSG_STAT_ANY"),
]);

/// The key without a name.
#[rustfmt::skip]
pub const IPC_KEY: &Table = &Hex(&[
    (0, "IPC_PRIVATE"),
]);

/// `ipc(2)`
#[rustfmt::skip]
const IPC_CALLS: Names = &[
    (1, "SEMOP"), (2, "SEMGET"), (3, "SEMCTL"), (4, "SEMTIMEDOP"), (11, "MSGSND"), (12, "MSGRCV"), (13, "MSGGET"),
    (14, "MSGCTL"), (21, "SHMAT"), (22, "SHMDT"), (23, "SHMGET"), (24, "SHMCTL"), (25, "DIPC"),
];

/// `ipc(2)`: the call.
#[rustfmt::skip]
pub const IPC_CALL: &Table = &Mixed(&[(0xffff, IPC_CALLS)], &[]);

/// `semget(2)`, `msgget(2)`; the lowest nine bits are permissions.
#[rustfmt::skip]
pub const IPC_GET: &Table = &Tailed(&[], &[
    (0x200, "IPC_CREAT"), (0x400, "IPC_EXCL"), (0x800, "IPC_NOWAIT"),
], Tail::Permissions);

/// `shmget(2)`; the lowest nine bits are permissions.
#[rustfmt::skip]
pub const SHMGET: &Table = &Tailed(&[], &[
    (0x200, "IPC_CREAT"), (0x400, "IPC_EXCL"), (0x800, "SHM_HUGETLB"), (0x1000, "SHM_NORESERVE"),
], Tail::Both("SHM_HUGE_SHIFT"));

/// `shmat(2)`
#[rustfmt::skip]
pub const SHMAT: &Table = &Flags(&[
    (0x1000, "SHM_RDONLY"), (0x2000, "SHM_RND"), (0x4000, "SHM_REMAP"), (0x8000, "SHM_EXEC"),
]);

/// `msgsnd(2)`, `msgrcv(2)`.
#[rustfmt::skip]
pub const MSG: &Table = &Flags(&[
    (0x1000, "MSG_NOERROR"), (0x2000, "MSG_EXCEPT"), (0x4000, "MSG_COPY"), (0x800, "IPC_NOWAIT"),
]);

/// `semop(2)`: `sem_flg`.
#[rustfmt::skip]
pub const SEMOP: &Table = &Flags(&[
    (0x1000, "SEM_UNDO"), (0x800, "IPC_NOWAIT"),
]);

/// `futex(2)`: operations, with the flag for private ones.
#[rustfmt::skip]
const FUTEX_OPS: Names = &[
    (0, "FUTEX_WAIT"), (1, "FUTEX_WAKE"), (2, "FUTEX_FD"), (3, "FUTEX_REQUEUE"), (4, "FUTEX_CMP_REQUEUE"),
    (5, "FUTEX_WAKE_OP"), (6, "FUTEX_LOCK_PI"), (7, "FUTEX_UNLOCK_PI"), (8, "FUTEX_TRYLOCK_PI"),
    (9, "FUTEX_WAIT_BITSET"), (0xa, "FUTEX_WAKE_BITSET"), (0xb, "FUTEX_WAIT_REQUEUE_PI"),
    (0xc, "FUTEX_CMP_REQUEUE_PI"), (0xd, "FUTEX_LOCK_PI2"), (0x80, "FUTEX_WAIT_PRIVATE"),
    (0x81, "FUTEX_WAKE_PRIVATE"), (0x83, "FUTEX_REQUEUE_PRIVATE"), (0x84, "FUTEX_CMP_REQUEUE_PRIVATE"),
    (0x85, "FUTEX_WAKE_OP_PRIVATE"), (0x86, "FUTEX_LOCK_PI_PRIVATE"), (0x87, "FUTEX_UNLOCK_PI_PRIVATE"),
    (0x88, "FUTEX_TRYLOCK_PI_PRIVATE"), (0x89, "FUTEX_WAIT_BITSET_PRIVATE"), (0x8a, "FUTEX_WAKE_BITSET_PRIVATE"),
    (0x8b, "FUTEX_WAIT_REQUEUE_PI_PRIVATE"), (0x8c, "FUTEX_CMP_REQUEUE_PI_PRIVATE"), (0x8d, "FUTEX_LOCK_PI2_PRIVATE"),
];

/// `futex(2)`: flags.
#[rustfmt::skip]
pub const FUTEX: &Table = &Mixed(&[(0xff, FUTEX_OPS)], &[
    (0x80, "FUTEX_PRIVATE_FLAG"), (0x100, "FUTEX_CLOCK_REALTIME"), (0x200, "FUTEX_ROBUST_UNLOCK"),
    (0x400, "FUTEX_ROBUST_LIST32"),
]);

/// `futex(2)`: the set of all bits.
#[rustfmt::skip]
pub const FUTEX_BITSET: &Table = &Hex(&[
    (0xffff_ffff, "FUTEX_BITSET_MATCH_ANY"),
]);

/// `futex_wait(2)`: size of the futex.
#[rustfmt::skip]
const FUTEX2_SIZE: Names = &[
    (0, "FUTEX2_SIZE_U8"), (1, "FUTEX2_SIZE_U16"), (2, "FUTEX2_SIZE_U32"), (3, "FUTEX2_SIZE_U64"),
];

/// `futex_wait(2)`: flags.
#[rustfmt::skip]
pub const FUTEX2: &Table = &Mixed(&[(3, FUTEX2_SIZE)], &[
    (4, "FUTEX2_NUMA"), (8, "FUTEX2_MPOL"), (0x80, "FUTEX2_PRIVATE"),
]);
