//! Calls of the other two ABIs of x86-64 kernels: their numbers (`asm/unistd_32.h`, `asm/unistd_x32.h` of Linux 7.2)
//! and the events that they are.
//!
//! A 32-bit call is the event of the 64-bit call with the same meaning and the same order of arguments; the others are
//! events of their own. Calls that another call contains in memory (`socketcall`, `ipc`) have rows, too.

use super::columns::Return::Never;
use super::select::{IPC_FIFTH, IPC_FIRST, IPC_PTR, SOCKETCALL_ARGS};
use super::spec::{
    arg, by, compat_only, ids16, old, pages, same, split, swapped, time64, ArgType::*, CompatCall, EventSpec,
    Set::*, When::*, WITHIN_IPC, WITHIN_IPC_OLD, WITHIN_OLD_MMAP, WITHIN_OLD_SELECT, WITHIN_SOCKETCALL,
};
use super::structs::*;
use crate::symbols::{file, ipc, process, signal, socket};

/// Calls that only the 32-bit ABI has, many of which no kernel has had for decades.
#[rustfmt::skip]
pub const IA32_ONLY: &[EventSpec] = &[
    compat_only(0, "waitpid", &[Proc, ProcLife], &[
        arg("pid", Pid), arg("stat_addr", Struct(OutPositive, WAIT_STATUS)),
        arg("options", Flags(process::WAIT))]),
    compat_only(1, "break", &[System], &[]),
    compat_only(2, "oldstat", &[Fs, FsFileAttr], &[arg("pathname", Str), arg("statbuf", Struct(Out, OLD_STAT))]),
    compat_only(3, "umount", &[Fs], &[arg("name", Str)]),
    compat_only(4, "stime", &[Time, TimeTod], &[arg("tptr", Struct(In, TIME))]),
    compat_only(5, "oldfstat", &[Fs, FsFileAttr], &[arg("fd", Fd), arg("statbuf", Struct(Out, OLD_STAT))]),
    compat_only(6, "stty", &[System], &[]),
    compat_only(7, "gtty", &[System], &[]),
    compat_only(8, "nice", &[Proc, ProcSched], &[arg("increment", Int)]),
    compat_only(9, "ftime", &[System], &[]),
    compat_only(10, "prof", &[System], &[]),
    compat_only(11, "signal", &[Signals], &[arg("sig", Signal), arg("handler", LongFlags(signal::HANDLER))]),
    compat_only(12, "lock", &[System], &[]),
    compat_only(13, "mpx", &[System], &[]),
    compat_only(14, "ulimit", &[System], &[]),
    compat_only(15, "oldolduname", &[System], &[arg("name", Struct(Out, OLDOLD_UTSNAME))]),
    compat_only(16, "sigaction", &[Signals], &[
        arg("sig", Signal), arg("act", Struct(In, OLD_SIGACTION)), arg("oact", Struct(Out, OLD_SIGACTION))]),
    compat_only(17, "sgetmask", &[Signals], &[]),
    compat_only(18, "ssetmask", &[Signals], &[arg("newmask", SigSet)]),
    compat_only(19, "sigsuspend", &[Signals], &[arg("unused1", Int), arg("unused2", Int), arg("mask", SigSet)]),
    compat_only(20, "sigpending", &[Signals], &[arg("uset", Struct(Out, OLD_SIGSET))]),
    compat_only(21, "old_select", &[Fs, FsMuxIo], &[arg("arg", Struct(In, OLD_SELECT))]),
    compat_only(22, "oldlstat", &[Fs, FsFileAttr], &[arg("pathname", Str), arg("statbuf", Struct(Out, OLD_STAT))]),
    compat_only(23, "readdir", &[Fs, FsDirOps], &[
        arg("fd", Fd), arg("dirent", Struct(OutPositive, OLD_DIRENT)), arg("count", UInt)]),
    compat_only(24, "old_mmap", &[Proc, ProcMem], &[arg("arg", Struct(In, OLD_MMAP))]),
    compat_only(25, "profil", &[System], &[]),
    compat_only(26, "socketcall", &[Net, NetSock], &[
        arg("call", Enum(socket::SOCKETCALL)), arg("args", by(0, SOCKETCALL_ARGS))]),
    compat_only(27, "olduname", &[System], &[arg("name", Struct(Out, OLD_UTSNAME))]),
    compat_only(28, "idle", &[System], &[]),
    compat_only(29, "vm86old", &[System], &[arg("user_vm86", Ptr)]),
    compat_only(30, "ipc", &[Ipc], &[
        arg("call", Enum(ipc::IPC_CALL)), arg("first", by(0, IPC_FIRST)), arg("second", ULong), arg("third", Hex),
        arg("ptr", by(0, IPC_PTR)), arg("fifth", by(0, IPC_FIFTH))]),
    compat_only(31, "sigreturn", &[Signals], &[]).returns(Never),
    compat_only(32, "sigprocmask", &[Signals], &[
        arg("how", Enum(signal::PROCMASK)), arg("nset", Struct(In, OLD_SIGSET)),
        arg("oset", Struct(Out, OLD_SIGSET))]),
    compat_only(33, "bdflush", &[System], &[arg("func", Int), arg("data", Long)]),
    compat_only(34, "_llseek", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("offset_high", ULong), arg("offset_low", ULong), arg("result", Struct(Out, LOFF)),
        arg("whence", Enum(file::SEEK))]),
    compat_only(35, "vm86", &[System], &[arg("cmd", ULong), arg("arg", ULong)]),
    compat_only(36, "statfs64", &[Fs, FsInfo], &[
        arg("pathname", Str), arg("sz", Size), arg("buf", Struct(Out, STATFS64))]),
    compat_only(37, "fstatfs64", &[Fs, FsInfo], &[arg("fd", Fd), arg("sz", Size), arg("buf", Struct(Out, STATFS64))]),
];

/// Every call of the 32-bit ABI.
#[rustfmt::skip]
pub const IA32: &[CompatCall] = &[
    same(0, "restart_syscall"), same(1, "exit"), same(2, "fork"), same(3, "read"), same(4, "write"), same(5, "open"),
    same(6, "close"), same(7, "waitpid"), same(8, "creat"), same(9, "link"), same(10, "unlink"), same(11, "execve"),
    same(12, "chdir"), same(13, "time"), same(14, "mknod"), same(15, "chmod"), ids16(16, "lchown"), same(17, "break"),
    same(18, "oldstat"), same(19, "lseek"), same(20, "getpid"), same(21, "mount"), same(22, "umount"),
    ids16(23, "setuid"), same(24, "getuid"), same(25, "stime"), same(26, "ptrace"), same(27, "alarm"),
    same(28, "oldfstat"), same(29, "pause"), same(30, "utime"), same(31, "stty"), same(32, "gtty"), same(33, "access"),
    same(34, "nice"), same(35, "ftime"), same(36, "sync"), same(37, "kill"), same(38, "rename"), same(39, "mkdir"),
    same(40, "rmdir"), same(41, "dup"), same(42, "pipe"), same(43, "times"), same(44, "prof"), same(45, "brk"),
    ids16(46, "setgid"), same(47, "getgid"), same(48, "signal"), same(49, "geteuid"), same(50, "getegid"),
    same(51, "acct"), same(52, "umount2"), same(53, "lock"), same(54, "ioctl"), same(55, "fcntl"), same(56, "mpx"),
    same(57, "setpgid"), same(58, "ulimit"), same(59, "oldolduname"), same(60, "umask"), same(61, "chroot"),
    same(62, "ustat"), same(63, "dup2"), same(64, "getppid"), same(65, "getpgrp"), same(66, "setsid"),
    same(67, "sigaction"), same(68, "sgetmask"), same(69, "ssetmask"), ids16(70, "setreuid"), ids16(71, "setregid"),
    same(72, "sigsuspend"), same(73, "sigpending"), same(74, "sethostname"), same(75, "setrlimit"),
    same(76, "getrlimit"), same(77, "getrusage"), same(78, "gettimeofday"), same(79, "settimeofday"),
    old(80, "getgroups"), old(81, "setgroups"), same(82, "old_select"), same(83, "symlink"), same(84, "oldlstat"),
    same(85, "readlink"), same(86, "uselib"), same(87, "swapon"), same(88, "reboot"), same(89, "readdir"),
    same(90, "old_mmap"), same(91, "munmap"), same(92, "truncate"), same(93, "ftruncate"), same(94, "fchmod"),
    ids16(95, "fchown"), same(96, "getpriority"), same(97, "setpriority"), same(98, "profil"), same(99, "statfs"),
    same(100, "fstatfs"), same(101, "ioperm"), same(102, "socketcall"), same(103, "syslog"), same(104, "setitimer"),
    same(105, "getitimer"), old(106, "stat"), old(107, "lstat"), old(108, "fstat"), same(109, "olduname"),
    same(110, "iopl"), same(111, "vhangup"), same(112, "idle"), same(113, "vm86old"), same(114, "wait4"),
    same(115, "swapoff"), same(116, "sysinfo"), same(117, "ipc"), same(118, "fsync"), same(119, "sigreturn"),
    swapped(120, "clone", 3), same(121, "setdomainname"), same(122, "uname"), same(123, "modify_ldt"), same(124, "adjtimex"),
    same(125, "mprotect"), same(126, "sigprocmask"), same(127, "create_module"), same(128, "init_module"),
    same(129, "delete_module"), same(130, "get_kernel_syms"), same(131, "quotactl"), same(132, "getpgid"),
    same(133, "fchdir"), same(134, "bdflush"), same(135, "sysfs"), same(136, "personality"), same(137, "afs_syscall"),
    ids16(138, "setfsuid"), ids16(139, "setfsgid"), same(140, "_llseek"), same(141, "getdents"), same(142, "select"),
    same(143, "flock"), same(144, "msync"), same(145, "readv"), same(146, "writev"), same(147, "getsid"),
    same(148, "fdatasync"), same(149, "_sysctl"), same(150, "mlock"), same(151, "munlock"), same(152, "mlockall"),
    same(153, "munlockall"), same(154, "sched_setparam"), same(155, "sched_getparam"), same(156, "sched_setscheduler"),
    same(157, "sched_getscheduler"), same(158, "sched_yield"), same(159, "sched_get_priority_max"),
    same(160, "sched_get_priority_min"), same(161, "sched_rr_get_interval"), same(162, "nanosleep"),
    same(163, "mremap"), ids16(164, "setresuid"), old(165, "getresuid"), same(166, "vm86"), same(167, "query_module"),
    same(168, "poll"), same(169, "nfsservctl"), ids16(170, "setresgid"), old(171, "getresgid"), same(172, "prctl"),
    same(173, "rt_sigreturn"), same(174, "rt_sigaction"), same(175, "rt_sigprocmask"), same(176, "rt_sigpending"),
    same(177, "rt_sigtimedwait"), same(178, "rt_sigqueueinfo"), same(179, "rt_sigsuspend"),
    split(180, "pread64", 0b1000), split(181, "pwrite64", 0b1000), ids16(182, "chown"), same(183, "getcwd"),
    same(184, "capget"), same(185, "capset"), same(186, "sigaltstack"), same(187, "sendfile"), same(188, "getpmsg"),
    same(189, "putpmsg"), same(190, "vfork"), same(191, "getrlimit"), pages(192, "mmap", 5), split(193, "truncate", 0b10),
    split(194, "ftruncate", 0b10), same(195, "stat"), same(196, "lstat"), same(197, "fstat"), same(198, "lchown"),
    same(199, "getuid"), same(200, "getgid"), same(201, "geteuid"), same(202, "getegid"), same(203, "setreuid"),
    same(204, "setregid"), same(205, "getgroups"), same(206, "setgroups"), same(207, "fchown"), same(208, "setresuid"),
    same(209, "getresuid"), same(210, "setresgid"), same(211, "getresgid"), same(212, "chown"), same(213, "setuid"),
    same(214, "setgid"), same(215, "setfsuid"), same(216, "setfsgid"), same(217, "pivot_root"), same(218, "mincore"),
    same(219, "madvise"), same(220, "getdents64"), same(221, "fcntl"), same(224, "gettid"),
    split(225, "readahead", 0b10), same(226, "setxattr"), same(227, "lsetxattr"), same(228, "fsetxattr"),
    same(229, "getxattr"), same(230, "lgetxattr"), same(231, "fgetxattr"), same(232, "listxattr"),
    same(233, "llistxattr"), same(234, "flistxattr"), same(235, "removexattr"), same(236, "lremovexattr"),
    same(237, "fremovexattr"), same(238, "tkill"), time64(239, "sendfile"), same(240, "futex"),
    same(241, "sched_setaffinity"), same(242, "sched_getaffinity"), same(243, "set_thread_area"),
    same(244, "get_thread_area"), same(245, "io_setup"), same(246, "io_destroy"), same(247, "io_getevents"),
    same(248, "io_submit"), same(249, "io_cancel"), split(250, "fadvise64", 0b10), same(252, "exit_group"),
    split(253, "lookup_dcookie", 0b1), same(254, "epoll_create"), same(255, "epoll_ctl"), same(256, "epoll_wait"),
    same(257, "remap_file_pages"), same(258, "set_tid_address"), same(259, "timer_create"), same(260, "timer_settime"),
    same(261, "timer_gettime"), same(262, "timer_getoverrun"), same(263, "timer_delete"), same(264, "clock_settime"),
    same(265, "clock_gettime"), same(266, "clock_getres"), same(267, "clock_nanosleep"), same(268, "statfs64"),
    same(269, "fstatfs64"), same(270, "tgkill"), same(271, "utimes"), split(272, "fadvise64", 0b110),
    same(273, "vserver"), same(274, "mbind"), same(275, "get_mempolicy"), same(276, "set_mempolicy"),
    same(277, "mq_open"), same(278, "mq_unlink"), same(279, "mq_timedsend"), same(280, "mq_timedreceive"),
    same(281, "mq_notify"), same(282, "mq_getsetattr"), same(283, "kexec_load"), same(284, "waitid"),
    same(286, "add_key"), same(287, "request_key"), same(288, "keyctl"), same(289, "ioprio_set"),
    same(290, "ioprio_get"), same(291, "inotify_init"), same(292, "inotify_add_watch"), same(293, "inotify_rm_watch"),
    same(294, "migrate_pages"), same(295, "openat"), same(296, "mkdirat"), same(297, "mknodat"), same(298, "fchownat"),
    same(299, "futimesat"), same(300, "newfstatat"), same(301, "unlinkat"), same(302, "renameat"), same(303, "linkat"),
    same(304, "symlinkat"), same(305, "readlinkat"), same(306, "fchmodat"), same(307, "faccessat"),
    same(308, "pselect6"), same(309, "ppoll"), same(310, "unshare"), same(311, "set_robust_list"),
    same(312, "get_robust_list"), same(313, "splice"), split(314, "sync_file_range", 0b110), same(315, "tee"),
    same(316, "vmsplice"), same(317, "move_pages"), same(318, "getcpu"), same(319, "epoll_pwait"),
    same(320, "utimensat"), same(321, "signalfd"), same(322, "timerfd_create"), same(323, "eventfd"),
    split(324, "fallocate", 0b1100), same(325, "timerfd_settime"), same(326, "timerfd_gettime"),
    same(327, "signalfd4"), same(328, "eventfd2"), same(329, "epoll_create1"), same(330, "dup3"), same(331, "pipe2"),
    same(332, "inotify_init1"), same(333, "preadv"), same(334, "pwritev"), same(335, "rt_tgsigqueueinfo"),
    same(336, "perf_event_open"), same(337, "recvmmsg"), same(338, "fanotify_init"),
    split(339, "fanotify_mark", 0b100), same(340, "prlimit64"), same(341, "name_to_handle_at"),
    same(342, "open_by_handle_at"), same(343, "clock_adjtime"), same(344, "syncfs"), same(345, "sendmmsg"),
    same(346, "setns"), same(347, "process_vm_readv"), same(348, "process_vm_writev"), same(349, "kcmp"),
    same(350, "finit_module"), same(351, "sched_setattr"), same(352, "sched_getattr"), same(353, "renameat2"),
    same(354, "seccomp"), same(355, "getrandom"), same(356, "memfd_create"), same(357, "bpf"), same(358, "execveat"),
    same(359, "socket"), same(360, "socketpair"), same(361, "bind"), same(362, "connect"), same(363, "listen"),
    same(364, "accept4"), same(365, "getsockopt"), same(366, "setsockopt"), same(367, "getsockname"),
    same(368, "getpeername"), same(369, "sendto"), same(370, "sendmsg"), same(371, "recvfrom"), same(372, "recvmsg"),
    same(373, "shutdown"), same(374, "userfaultfd"), same(375, "membarrier"), same(376, "mlock2"),
    same(377, "copy_file_range"), same(378, "preadv2"), same(379, "pwritev2"), same(380, "pkey_mprotect"),
    same(381, "pkey_alloc"), same(382, "pkey_free"), same(383, "statx"), same(384, "arch_prctl"),
    same(385, "io_pgetevents"), same(386, "rseq"), same(393, "semget"), same(394, "semctl"), same(395, "shmget"),
    same(396, "shmctl"), same(397, "shmat"), same(398, "shmdt"), same(399, "msgget"), same(400, "msgsnd"),
    same(401, "msgrcv"), same(402, "msgctl"), time64(403, "clock_gettime"), time64(404, "clock_settime"),
    time64(405, "clock_adjtime"), time64(406, "clock_getres"), time64(407, "clock_nanosleep"),
    time64(408, "timer_gettime"), time64(409, "timer_settime"), time64(410, "timerfd_gettime"),
    time64(411, "timerfd_settime"), time64(412, "utimensat"), time64(413, "pselect6"), time64(414, "ppoll"),
    time64(416, "io_pgetevents"), time64(417, "recvmmsg"), time64(418, "mq_timedsend"), time64(419, "mq_timedreceive"),
    time64(420, "semtimedop"), time64(421, "rt_sigtimedwait"), time64(422, "futex"),
    time64(423, "sched_rr_get_interval"), same(424, "pidfd_send_signal"), same(425, "io_uring_setup"),
    same(426, "io_uring_enter"), same(427, "io_uring_register"), same(428, "open_tree"), same(429, "move_mount"),
    same(430, "fsopen"), same(431, "fsconfig"), same(432, "fsmount"), same(433, "fspick"), same(434, "pidfd_open"),
    same(435, "clone3"), same(436, "close_range"), same(437, "openat2"), same(438, "pidfd_getfd"),
    same(439, "faccessat2"), same(440, "process_madvise"), time64(441, "epoll_pwait2"), same(442, "mount_setattr"),
    same(443, "quotactl_fd"), same(444, "landlock_create_ruleset"), same(445, "landlock_add_rule"),
    same(446, "landlock_restrict_self"), same(447, "memfd_secret"), same(448, "process_mrelease"),
    time64(449, "futex_waitv"), same(450, "set_mempolicy_home_node"), same(451, "cachestat"), same(452, "fchmodat2"),
    same(453, "map_shadow_stack"), same(454, "futex_wake"), time64(455, "futex_wait"), same(456, "futex_requeue"),
    same(457, "statmount"), same(458, "listmount"), same(459, "lsm_get_self_attr"), same(460, "lsm_set_self_attr"),
    same(461, "lsm_list_modules"), same(462, "mseal"), same(463, "setxattrat"), same(464, "getxattrat"),
    same(465, "listxattrat"), same(466, "removexattrat"), same(467, "open_tree_attr"), same(468, "file_getattr"),
    same(469, "file_setattr"), same(470, "listns"), same(471, "rseq_slice_yield"),
];

/// The call that is number `nr` of `socketcall(2)` (linux/net.h).
const fn socketcall(nr: u16, event: &'static str) -> CompatCall {
    same(WITHIN_SOCKETCALL + nr, event)
}

/// The call that is number `nr` of `ipc(2)` (linux/ipc.h).
const fn ipc(nr: u16, event: &'static str) -> CompatCall {
    same(WITHIN_IPC + nr, event)
}

/// The same without `IPC_64`.
const fn old_ipc(nr: u16, event: &'static str) -> CompatCall {
    old(WITHIN_IPC + WITHIN_IPC_OLD + nr, event)
}

/// The calls within others. `send` and `recv` are what `sendto` and `recvfrom` are without an address.
#[rustfmt::skip]
pub const IA32_WITHIN: &[CompatCall] = &[
    socketcall(1, "socket"), socketcall(2, "bind"), socketcall(3, "connect"), socketcall(4, "listen"),
    socketcall(5, "accept"), socketcall(6, "getsockname"), socketcall(7, "getpeername"), socketcall(8, "socketpair"),
    socketcall(9, "sendto"), socketcall(10, "recvfrom"), socketcall(11, "sendto"), socketcall(12, "recvfrom"),
    socketcall(13, "shutdown"), socketcall(14, "setsockopt"), socketcall(15, "getsockopt"), socketcall(16, "sendmsg"),
    socketcall(17, "recvmsg"), socketcall(18, "accept4"), socketcall(19, "recvmmsg"), socketcall(20, "sendmmsg"),
    same(WITHIN_OLD_SELECT, "select"), same(WITHIN_OLD_MMAP, "mmap"),
    ipc(1, "semop"), ipc(2, "semget"), ipc(3, "semctl"), ipc(4, "semtimedop"), old_ipc(3, "semctl"), ipc(11, "msgsnd"),
    ipc(12, "msgrcv"), ipc(13, "msgget"), ipc(14, "msgctl"), old_ipc(14, "msgctl"), ipc(21, "shmat"), ipc(22, "shmdt"),
    ipc(23, "shmget"), ipc(24, "shmctl"), old_ipc(24, "shmctl"),
];

/// The calls that have their own number in x32; the others share those of x86-64.
#[rustfmt::skip]
pub const X32: &[CompatCall] = &[
    old(512, "rt_sigaction"), same(513, "rt_sigreturn"), same(514, "ioctl"), same(515, "readv"), same(516, "writev"),
    same(517, "recvfrom"), same(518, "sendmsg"), same(519, "recvmsg"), same(520, "execve"), same(521, "ptrace"),
    same(522, "rt_sigpending"), same(523, "rt_sigtimedwait"), same(524, "rt_sigqueueinfo"), same(525, "sigaltstack"),
    same(526, "timer_create"), same(527, "mq_notify"), same(528, "kexec_load"), same(529, "waitid"),
    same(530, "set_robust_list"), same(531, "get_robust_list"), same(532, "vmsplice"), same(533, "move_pages"),
    same(534, "preadv"), same(535, "pwritev"), same(536, "rt_tgsigqueueinfo"), same(537, "recvmmsg"),
    same(538, "sendmmsg"), same(539, "process_vm_readv"), same(540, "process_vm_writev"), same(541, "setsockopt"),
    same(542, "getsockopt"), same(543, "io_setup"), same(544, "io_submit"), same(545, "execveat"),
    same(546, "preadv2"), same(547, "pwritev2"),
];
