//! Compares with what strace prints for the same numbers, and checks the tables' own rules.

use super::table::Table;
use super::*;

fn text(table: &Table, value: u64) -> Option<String> {
    let mut out = String::from("before ");
    let named = table.push(&mut out, value);
    assert_eq!(named, out.len() > "before ".len(), "{table:?} {value:#x}");
    named.then(|| out["before ".len()..].to_owned())
}

fn words(push: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    push(&mut out);
    out
}

#[test]
fn as_strace_prints_files() {
    for (table, value, words) in [
        (file::OPEN, 0, "O_RDONLY"),
        (file::OPEN, 0o2_000_000, "O_RDONLY|O_CLOEXEC"),
        (file::OPEN, 0o1101, "O_WRONLY|O_CREAT|O_TRUNC"),
        (file::OPEN, 0o4_010_002, "O_RDWR|O_SYNC"),
        (file::OPEN, 0x8000_0000, "O_RDONLY|0x80000000"),
        (file::OPEN, 0x9_0800, "O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY"),
        (file::OPEN, 0x810_0042, "O_RDWR|O_CREAT|__O_SYNC|0x8000000"),
        (file::OPEN, 0x41_0002, "O_RDWR|O_TMPFILE"),
        (file::ACCESS, 0, "F_OK"),
        (file::ACCESS, 5, "R_OK|X_OK"),
        (file::ACCESS, 8, "0x8"),
        (file::AT_ACCESS, 0x200, "AT_EACCESS"),
        (file::AT, 0x1000, "AT_EMPTY_PATH"),
        (
            file::AT_STATX,
            0x900,
            "AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW|AT_NO_AUTOMOUNT",
        ),
        (file::STATX_MASK, 0x1fff, "STATX_ALL|STATX_MNT_ID"),
        (file::STATX_MASK, 0x7ff, "STATX_BASIC_STATS"),
        (file::FILE_TYPE, 0o100_000, "S_IFREG"),
        (file::FLOCK, 6, "LOCK_EX|LOCK_NB"),
        (file::FCNTL, 1030, "F_DUPFD_CLOEXEC"),
        (mount::MOUNT, 0xc0ed_0021, "MS_MGC_VAL|MS_RDONLY|MS_REMOUNT"),
        (
            mount::MOUNT,
            0x4c_1000,
            "MS_BIND|MS_PRIVATE|MS_SLAVE|MS_KERNMOUNT",
        ),
        (mount::QUOTA_CMD, 0x8000_0700, "QCMD(Q_GETQUOTA, USRQUOTA)"),
        (mount::QUOTA_CMD, 0x8000_0702, "QCMD(Q_GETQUOTA, PRJQUOTA)"),
        (mount::SWAP, 0x8005, "SWAP_FLAG_PREFER|5"),
        (event::FANOTIFY_INIT, 5, "FAN_CLASS_CONTENT|FAN_CLOEXEC"),
        (event::FANOTIFY_MARK, 0x11, "FAN_MARK_ADD|FAN_MARK_MOUNT"),
        (event::EPOLL, 0x8000_0005, "EPOLLIN|EPOLLOUT|EPOLLET"),
    ] {
        assert_eq!(text(table, value).as_deref(), Some(words), "{table:?} {value:#x}");
    }
}

#[test]
fn as_strace_prints_the_rest() {
    for (table, value, words) in [
        (memory::PROT, 0, "PROT_NONE"),
        (memory::PROT, 3, "PROT_READ|PROT_WRITE"),
        (memory::MAP, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
        (
            memory::MAP,
            0x5404_0022,
            "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT",
        ),
        (
            memory::MEMPOLICY_MODE,
            0x8001,
            "MPOL_PREFERRED|MPOL_F_STATIC_NODES",
        ),
        (
            process::CLONE,
            0x120_0011,
            "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD",
        ),
        (process::CLONE, 0x4111, "CLONE_VM|CLONE_VFORK|SIGCHLD"),
        (process::CLONE, 17, "SIGCHLD"),
        (
            process::CLONE_FLAGS,
            0x1_0000_0180,
            "CLONE_NEWTIME|CLONE_VM|CLONE_CLEAR_SIGHAND",
        ),
        (
            process::NAMESPACES,
            0x2002_0080,
            "CLONE_NEWTIME|CLONE_NEWNS|CLONE_NEWPID",
        ),
        (
            process::IOPRIO_VALUE,
            0x4004,
            "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)",
        ),
        (process::PERSONALITY, 0x4_0008, "PER_LINUX32|ADDR_NO_RANDOMIZE"),
        (process::PERSONALITY, 0xffff_ffff, "0xffffffff"),
        (process::WAIT, 11, "WNOHANG|WSTOPPED|WCONTINUED"),
        (process::RUSAGE, 0xffff_ffff, "RUSAGE_CHILDREN"),
        (security::KEY_SPEC, 0xffff_fffd, "KEY_SPEC_SESSION_KEYRING"),
        (security::CAPS, 0x21, "1<<CAP_CHOWN|1<<CAP_KILL"),
        (security::CAPS_HIGH, 0x180, "1<<CAP_BPF|1<<CAP_CHECKPOINT_RESTORE"),
        (security::CAP_SET, 0, "0"),
        (security::CAP_SET, 0x21, "CAP_CHOWN|CAP_KILL"),
        (security::CAP_SET, 0x1ff_ffff_ffff, "CAP_FULL_SET"),
        (security::CAP_SET, 0x1ff_ffff_fffe, "CAP_FULL_SET&~CAP_CHOWN"),
        (
            security::CAP_SET,
            0x1ff_ffff_fffc,
            "CAP_FULL_SET&~(CAP_CHOWN|CAP_DAC_OVERRIDE)",
        ),
        (security::CAP_SET, (1 << 63) | 1, "CAP_CHOWN|0x8000000000000000"),
        (mount::FS_MAGIC, 0xef53, "EXT2_SUPER_MAGIC"),
        (mount::FS_MAGIC, 0x1234_5678, "0x12345678"),
        (tty::OFLAG, 5, "NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR"),
        (tty::CFLAG, 0xbf, "B38400|CS8|CREAD"),
        (
            tty::LFLAG,
            0x8a3b,
            "ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE",
        ),
        (process::NAMESPACES, 0x80, "CLONE_NEWTIME"),
        (process::CLONE, 0x2_0080, "CLONE_NEWTIME|CLONE_NEWNS"),
        (system::PERF_ATTR, 0x1_0003, "precise_ip:2|disabled|inherit"),
        (signal::ACTION, 0x1400_0000, "SA_RESTORER|SA_RESTART"),
        (ipc::FUTEX, 0x80, "FUTEX_WAIT_PRIVATE"),
        (ipc::FUTEX, 0x109, "FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME"),
        (
            ipc::FUTEX,
            0x189,
            "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME",
        ),
        (ipc::SHMGET, 0o3600, "IPC_CREAT|IPC_EXCL|0600"),
        (ipc::SHMGET, 0, "000"),
        (ipc::SHM_CMD, 0x102, "IPC_64|IPC_STAT"),
        (socket::FAMILY, 10, "AF_INET6"),
        (socket::TYPE, 0x80801, "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK"),
        (socket::TYPE, 0x80007, "SOCK_CLOEXEC|0x7"),
        (socket::ETH_P_BE, 0x300, "htons(ETH_P_ALL)"),
        (sockopt::IP_GET, 64, "IPT_SO_GET_INFO"),
        (sockopt::IP_GET, 20, "IP_ORIGDSTADDR"),
        (sockopt::SOCKET_GET, 26, "SO_GET_FILTER"),
        (sockopt::SOCKET, 20, "SO_RCVTIMEO_OLD"),
        (request::IOCTL, 0x5401, "TCGETS"),
        (request::IOCTL, 0x541b, "FIONREAD"),
        (
            request::IOCTL,
            0xc004_4107,
            "_IOC(_IOC_READ|_IOC_WRITE, 0x41, 0x7, 0x4)",
        ),
        (request::IOCTL, 0x80ff_4506, "EVIOCGNAME(255)"),
        (request::IOCTL, 0x8060_4521, "EVIOCGBIT(EV_KEY, 96)"),
        (request::IOCTL, 0x8018_4540, "EVIOCGABS(ABS_X)"),
        (system::KEXEC, 0x3e_0001, "KEXEC_ARCH_X86_64|KEXEC_ON_CRASH"),
        (system::DELETE_MODULE, 0xa00, "O_NONBLOCK|O_TRUNC"),
        (
            io_uring::REGISTER,
            0x8000_0002,
            "IORING_REGISTER_FILES|IORING_REGISTER_USE_REGISTERED_RING",
        ),
        (security::SECCOMP_ACTION, 0x5_0001, "SECCOMP_RET_ERRNO|0x1"),
        (
            process::SCHED_POLICY,
            0x4000_0001,
            "SCHED_FIFO|SCHED_RESET_ON_FORK",
        ),
    ] {
        assert_eq!(text(table, value).as_deref(), Some(words), "{table:?} {value:#x}");
    }
}

#[test]
fn no_name_no_text() {
    for (table, value) in [
        (file::SEEK, 77),
        (file::AT, 0),
        (memory::MAP, 0),
        (memory::LDT, 1),
        (security::CAP, u64::MAX),
        (request::IOCTL, u64::MAX),
        (security::CAPS, 0),
    ] {
        assert_eq!(text(table, value), None, "{table:?} {value:#x}");
    }
}

#[test]
fn numbers_by_rule() {
    assert_eq!(words(|out| push_mode(out, 0o100_644)), "S_IFREG|0644");
    assert_eq!(words(|out| push_mode(out, 0o104_755)), "S_IFREG|S_ISUID|0755");
    assert_eq!(words(|out| push_mode(out, 0o4755)), "04755");
    assert_eq!(words(|out| push_mode(out, 0o644)), "0644");
    assert_eq!(words(|out| push_mode(out, 0)), "000");
    assert_eq!(words(|out| push_dev(out, 8, 1)), "8:1");
    let signal = |number| words(|out| assert_eq!(push_signal(out, number), (1..=64).contains(&number)));
    assert_eq!(
        [2, 32, 34, 64, 0, 65, -1].map(signal),
        ["SIGINT", "SIGRTMIN", "SIGRT_2", "SIGRT_32", "", "", ""]
    );
    assert_eq!(errno_name(2), Some("ENOENT"));
    assert_eq!(errno_name(512), Some("ERESTARTSYS"));
    assert_eq!(
        (errno_name(0), errno_name(-2), errno_name(99_999)),
        (None, None, None)
    );
}

#[test]
fn sets_of_signals() {
    let set = |set| words(|out| push_sigset(out, set));
    assert_eq!(set(0), "[]");
    assert_eq!(set(u64::MAX), "~[]");
    assert_eq!(set((1 << 1) | (1 << 16)), "[SIGINT SIGCHLD]");
    assert_eq!(set(!(3 << 31)), "~[SIGRTMIN SIGRT_1]");
    assert_eq!(set(1 | (1 << 63)), "[SIGHUP SIGRT_32]");
    assert!(set((1 << 41) - 1).starts_with("[SIGHUP SIGINT "));
    assert!(set((1 << 42) - 1).starts_with("~[SIGRT_11 SIGRT_12 "));
}

#[test]
fn what_wait_tells() {
    for (status, text) in [
        (0, "WIFEXITED(s) && WEXITSTATUS(s) == 0"),
        (0x100, "WIFEXITED(s) && WEXITSTATUS(s) == 1"),
        (9, "WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL"),
        (0x8b, "WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)"),
        (0x137f, "WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP"),
        (0x857f, "WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80"),
        (
            0x3_057f,
            "WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | PTRACE_EVENT_CLONE << 16",
        ),
        (0xffff, "WIFCONTINUED(s)"),
    ] {
        assert_eq!(words(|out| push_wait_status(out, status)), text);
    }
}
