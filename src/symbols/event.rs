//! Waiting for events: linux/eventpoll.h, asm/poll.h, linux/inotify.h, linux/fanotify.h, linux/eventfd.h.

use super::table::Names;
use super::table::Table::{self, Enum, Flags, Mixed};

/// `epoll_create1(2)`
#[rustfmt::skip]
pub const EPOLL_CREATE: &Table = &Flags(&[
    (0x8_0000, "EPOLL_CLOEXEC"),
]);

/// `epoll_ctl(2)`
#[rustfmt::skip]
pub const EPOLL_CTL: &Table = &Enum(&[
    (1, "EPOLL_CTL_ADD"), (2, "EPOLL_CTL_DEL"), (3, "EPOLL_CTL_MOD"),
]);

/// `epoll_wait(2)`: events.
#[rustfmt::skip]
pub const EPOLL: &Table = &Flags(&[
    (1, "EPOLLIN"), (2, "EPOLLPRI"), (4, "EPOLLOUT"), (8, "EPOLLERR"), (0x10, "EPOLLHUP"), (0x20, "EPOLLNVAL"),
    (0x40, "EPOLLRDNORM"), (0x80, "EPOLLRDBAND"), (0x100, "EPOLLWRNORM"), (0x200, "EPOLLWRBAND"), (0x400, "EPOLLMSG"),
    (0x2000, "EPOLLRDHUP"), (0x1000_0000, "EPOLLEXCLUSIVE"), (0x2000_0000, "EPOLLWAKEUP"),
    (0x4000_0000, "EPOLLONESHOT"), (0x8000_0000, "EPOLLET"),
]);

/// `poll(2)`: events.
#[rustfmt::skip]
pub const POLL: &Table = &Flags(&[
    (1, "POLLIN"), (2, "POLLPRI"), (4, "POLLOUT"), (0x40, "POLLRDNORM"), (0x80, "POLLRDBAND"), (0x100, "POLLWRNORM"),
    (0x200, "POLLWRBAND"), (0x400, "POLLMSG"), (0x1000, "POLLREMOVE"), (0x2000, "POLLRDHUP"), (8, "POLLERR"),
    (0x10, "POLLHUP"), (0x20, "POLLNVAL"),
]);

/// `eventfd2(2)`
#[rustfmt::skip]
pub const EVENTFD: &Table = &Flags(&[
    (1, "EFD_SEMAPHORE"), (0x8_0000, "EFD_CLOEXEC"), (0x800, "EFD_NONBLOCK"),
]);

/// `inotify_init1(2)`
#[rustfmt::skip]
pub const INOTIFY_INIT: &Table = &Flags(&[
    (0x800, "IN_NONBLOCK"), (0x8_0000, "IN_CLOEXEC"),
]);

/// `inotify_add_watch(2)`
#[rustfmt::skip]
pub const INOTIFY: &Table = &Flags(&[
    (1, "IN_ACCESS"), (2, "IN_MODIFY"), (4, "IN_ATTRIB"), (8, "IN_CLOSE_WRITE"), (0x10, "IN_CLOSE_NOWRITE"),
    (0x20, "IN_OPEN"), (0x40, "IN_MOVED_FROM"), (0x80, "IN_MOVED_TO"), (0x100, "IN_CREATE"), (0x200, "IN_DELETE"),
    (0x400, "IN_DELETE_SELF"), (0x800, "IN_MOVE_SELF"), (0x2000, "IN_UNMOUNT"), (0x4000, "IN_Q_OVERFLOW"),
    (0x8000, "IN_IGNORED"), (0x100_0000, "IN_ONLYDIR"), (0x200_0000, "IN_DONT_FOLLOW"),
    (0x400_0000, "IN_EXCL_UNLINK"), (0x1000_0000, "IN_MASK_CREATE"), (0x2000_0000, "IN_MASK_ADD"),
    (0x4000_0000, "IN_ISDIR"), (0x8000_0000, "IN_ONESHOT"),
]);

/// `fanotify_init(2)`: what two bits mean.
#[rustfmt::skip]
const FANOTIFY_CLASS: Names = &[
    (0, "FAN_CLASS_NOTIF"), (4, "FAN_CLASS_CONTENT"), (8, "FAN_CLASS_PRE_CONTENT"),
];

/// `fanotify_init(2)`: flags.
#[rustfmt::skip]
pub const FANOTIFY_INIT: &Table = &Mixed(&[(0xc, FANOTIFY_CLASS)], &[
    (1, "FAN_CLOEXEC"), (2, "FAN_NONBLOCK"), (0x10, "FAN_UNLIMITED_QUEUE"), (0x20, "FAN_UNLIMITED_MARKS"),
    (0x40, "FAN_ENABLE_AUDIT"), (0x80, "FAN_REPORT_PIDFD"), (0x100, "FAN_REPORT_TID"), (0x200, "FAN_REPORT_FID"),
    (0x400, "FAN_REPORT_DIR_FID"), (0x800, "FAN_REPORT_NAME"), (0x1000, "FAN_REPORT_TARGET_FID"),
    (0x2000, "FAN_REPORT_FD_ERROR"), (0x4000, "FAN_REPORT_MNT"),
]);

/// `fanotify_mark(2)`: flags, several bits before the bits they hold.
#[rustfmt::skip]
pub const FANOTIFY_MARK: &Table = &Flags(&[
    (1, "FAN_MARK_ADD"), (2, "FAN_MARK_REMOVE"), (4, "FAN_MARK_DONT_FOLLOW"), (8, "FAN_MARK_ONLYDIR"),
    (0x110, "FAN_MARK_MNTNS"), (0x10, "FAN_MARK_MOUNT"), (0x20, "FAN_MARK_IGNORED_MASK"),
    (0x40, "FAN_MARK_IGNORED_SURV_MODIFY"), (0x80, "FAN_MARK_FLUSH"), (0x100, "FAN_MARK_FILESYSTEM"),
    (0x200, "FAN_MARK_EVICTABLE"), (0x400, "FAN_MARK_IGNORE"),
]);

/// `fanotify_mark(2)`: events.
#[rustfmt::skip]
pub const FANOTIFY: &Table = &Flags(&[
    (1, "FAN_ACCESS"), (2, "FAN_MODIFY"), (4, "FAN_ATTRIB"), (8, "FAN_CLOSE_WRITE"), (0x10, "FAN_CLOSE_NOWRITE"),
    (0x20, "FAN_OPEN"), (0x40, "FAN_MOVED_FROM"), (0x80, "FAN_MOVED_TO"), (0x100, "FAN_CREATE"),
    (0x200, "FAN_DELETE"), (0x400, "FAN_DELETE_SELF"), (0x800, "FAN_MOVE_SELF"), (0x1000, "FAN_OPEN_EXEC"),
    (0x4000, "FAN_Q_OVERFLOW"), (0x8000, "FAN_FS_ERROR"), (0x1_0000, "FAN_OPEN_PERM"), (0x2_0000, "FAN_ACCESS_PERM"),
    (0x4_0000, "FAN_OPEN_EXEC_PERM"), (0x8_0000, "FAN_DIR_MODIFY"), (0x4000_0000, "FAN_ONDIR"),
    (0x800_0000, "FAN_EVENT_ON_CHILD"), (0x1000_0000, "FAN_RENAME"), (0x10_0000, "FAN_PRE_ACCESS"),
    (0x100_0000, "FAN_MNT_ATTACH"), (0x200_0000, "FAN_MNT_DETACH"),
]);
