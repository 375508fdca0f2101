//! What strace prints for the same numbers, and what the tables owe their readers.

use super::*;

fn text(family: Family, value: u64) -> Option<String> {
    let mut out = String::from("before ");
    let named = push(&mut out, family, value);
    assert_eq!(named, out.len() > "before ".len(), "{family:?} {value:#x}");
    named.then(|| out["before ".len()..].to_owned())
}

fn words(push: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    push(&mut out);
    out
}

/// Enums and flags of a table, each with the bits of a value in which it is.
pub fn parts(family: Family) -> (Vec<Field>, Vec<Names>) {
    match table(family) {
        Table::Enum(names) | Table::Hex(names) | Table::Bits(names, _) => (vec![(u64::MAX, names)], vec![]),
        Table::Overlay(first, names) => (vec![(u64::MAX, first), (u64::MAX, names)], vec![]),
        Table::Flags(names) | Table::FlagsOr(_, names) => (vec![], vec![names]),
        Table::Mixed(fields, names) | Table::Tailed(fields, names, _) => (fields.to_vec(), vec![names]),
        Table::Special(_, fields) => {
            let flags = |names: Names| names == process::CLONE || names == process::PERSONALITY_FLAGS;
            let (flags, enums) = fields
                .iter()
                .partition::<Vec<Field>, _>(|(_, names)| flags(names));
            (enums, flags.into_iter().map(|(_, names)| names).collect())
        }
    }
}

#[test]
fn every_family_has_names() {
    for &family in Family::EVERY {
        let (enums, flags) = parts(family);
        let names = enums.iter().map(|(_, names)| names.len()).sum::<usize>()
            + flags.iter().map(|f| f.len()).sum::<usize>();
        let nameless = matches!(family, Family::Sysfs | Family::ModifyLdt);
        assert_eq!(names == 0, nameless, "{family:?}");
    }
}

#[test]
fn enums_ascend_and_stay_within_their_mask() {
    for &family in Family::EVERY {
        for (mask, names) in parts(family).0 {
            assert!(names.is_sorted_by(|a, b| a.0 < b.0), "{family:?}");
            assert!(
                names.iter().all(|(value, _)| value & mask == *value),
                "{family:?} {mask:#x}"
            );
        }
    }
}

/// A flag after one that holds all its bits would never be shown.
#[test]
fn flags_are_all_shown() {
    for &family in Family::EVERY {
        for names in parts(family).1 {
            for (index, (mask, name)) in names.iter().enumerate() {
                assert_ne!(*mask, 0, "{family:?} {name}");
                let hidden = names[..index]
                    .iter()
                    .any(|(earlier, _)| earlier & mask == *earlier);
                let several = mask.count_ones() > 1;
                assert!(!hidden || several, "{family:?} {name}");
                assert!(
                    !names[..index].iter().any(|(earlier, _)| earlier == mask),
                    "{family:?} {name}"
                );
            }
        }
    }
}

#[test]
fn as_strace_prints_files() {
    for (family, value, words) in [
        (Family::Open, 0, "O_RDONLY"),
        (Family::Open, 0o2_000_000, "O_RDONLY|O_CLOEXEC"),
        (Family::Open, 0o1101, "O_WRONLY|O_CREAT|O_TRUNC"),
        (Family::Open, 0o4_010_002, "O_RDWR|O_SYNC"),
        (Family::Open, 0x8000_0000, "O_RDONLY|0x80000000"),
        (
            Family::Open,
            0x9_0800,
            "O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY",
        ),
        (Family::Open, 0x810_0042, "O_RDWR|O_CREAT|__O_SYNC|0x8000000"),
        (Family::Open, 0x41_0002, "O_RDWR|O_TMPFILE"),
        (Family::Access, 0, "F_OK"),
        (Family::Access, 5, "R_OK|X_OK"),
        (Family::Access, 8, "0x8"),
        (Family::Faccessat, 0x200, "AT_EACCESS"),
        (Family::At, 0x1000, "AT_EMPTY_PATH"),
        (
            Family::AtStatx,
            0x900,
            "AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW|AT_NO_AUTOMOUNT",
        ),
        (Family::StatxMask, 0x1fff, "STATX_ALL|STATX_MNT_ID"),
        (Family::StatxMask, 0x7ff, "STATX_BASIC_STATS"),
        (Family::FileType, 0o100_000, "S_IFREG"),
        (Family::Flock, 6, "LOCK_EX|LOCK_NB"),
        (Family::Fcntl, 1030, "F_DUPFD_CLOEXEC"),
        (Family::MountFlags, 0xc0ed_0021, "MS_MGC_VAL|MS_RDONLY|MS_REMOUNT"),
        (
            Family::MountFlags,
            0x4c_1000,
            "MS_BIND|MS_PRIVATE|MS_SLAVE|MS_KERNMOUNT",
        ),
        (Family::QuotaCmd, 0x8000_0700, "QCMD(Q_GETQUOTA, USRQUOTA)"),
        (Family::QuotaCmd, 0x8000_0702, "QCMD(Q_GETQUOTA, PRJQUOTA)"),
        (Family::SwapFlags, 0x8005, "SWAP_FLAG_PREFER|5"),
        (Family::FanotifyInit, 5, "FAN_CLASS_CONTENT|FAN_CLOEXEC"),
        (Family::FanotifyMark, 0x11, "FAN_MARK_ADD|FAN_MARK_MOUNT"),
        (Family::EpollEvents, 0x8000_0005, "EPOLLIN|EPOLLOUT|EPOLLET"),
    ] {
        assert_eq!(
            text(family, value).as_deref(),
            Some(words),
            "{family:?} {value:#x}"
        );
    }
}

#[test]
fn as_strace_prints_the_rest() {
    for (family, value, words) in [
        (Family::Prot, 0, "PROT_NONE"),
        (Family::Prot, 3, "PROT_READ|PROT_WRITE"),
        (Family::MapFlags, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
        (
            Family::MapFlags,
            0x5404_0022,
            "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT",
        ),
        (
            Family::MempolicyMode,
            0x8001,
            "MPOL_PREFERRED|MPOL_F_STATIC_NODES",
        ),
        (
            Family::Clone,
            0x120_0011,
            "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD",
        ),
        (Family::Clone, 0x4111, "CLONE_VM|CLONE_VFORK|SIGCHLD"),
        (Family::Clone, 17, "SIGCHLD"),
        (
            Family::CloneFlags,
            0x1_0000_0180,
            "CLONE_NEWTIME|CLONE_VM|CLONE_CLEAR_SIGHAND",
        ),
        (
            Family::Unshare,
            0x2002_0080,
            "CLONE_NEWTIME|CLONE_NEWNS|CLONE_NEWPID",
        ),
        (
            Family::IoprioValue,
            0x4004,
            "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)",
        ),
        (Family::Personality, 0x4_0008, "PER_LINUX32|ADDR_NO_RANDOMIZE"),
        (Family::Personality, 0xffff_ffff, "0xffffffff"),
        (Family::WaitOptions, 11, "WNOHANG|WSTOPPED|WCONTINUED"),
        (Family::RusageWho, 0xffff_ffff, "RUSAGE_CHILDREN"),
        (Family::KeySerial, 0xffff_fffd, "KEY_SPEC_SESSION_KEYRING"),
        (Family::Caps, 0x21, "1<<CAP_CHOWN|1<<CAP_KILL"),
        (Family::CapsHigh, 0x180, "1<<CAP_BPF|1<<CAP_CHECKPOINT_RESTORE"),
        (Family::CapSet, 0, "0"),
        (Family::CapSet, 0x21, "CAP_CHOWN|CAP_KILL"),
        (Family::CapSet, 0x1ff_ffff_ffff, "CAP_FULL_SET"),
        (Family::CapSet, 0x1ff_ffff_fffe, "CAP_FULL_SET&~CAP_CHOWN"),
        (
            Family::CapSet,
            0x1ff_ffff_fffc,
            "CAP_FULL_SET&~(CAP_CHOWN|CAP_DAC_OVERRIDE)",
        ),
        (Family::CapSet, (1 << 63) | 1, "CAP_CHOWN|0x8000000000000000"),
        (Family::FsMagic, 0xef53, "EXT2_SUPER_MAGIC"),
        (Family::FsMagic, 0x1234_5678, "0x12345678"),
        (Family::TermiosOflag, 5, "NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR"),
        (Family::TermiosCflag, 0xbf, "B38400|CS8|CREAD"),
        (
            Family::TermiosLflag,
            0x8a3b,
            "ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE",
        ),
        (Family::Unshare, 0x80, "CLONE_NEWTIME"),
        (Family::Clone, 0x2_0080, "CLONE_NEWTIME|CLONE_NEWNS"),
        (Family::PerfAttrFlags, 0x1_0003, "precise_ip:2|disabled|inherit"),
        (Family::SigactionFlags, 0x1400_0000, "SA_RESTORER|SA_RESTART"),
        (Family::FutexOp, 0x80, "FUTEX_WAIT_PRIVATE"),
        (Family::FutexOp, 0x109, "FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME"),
        (
            Family::FutexOp,
            0x189,
            "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME",
        ),
        (Family::Shm, 0o3600, "IPC_CREAT|IPC_EXCL|0600"),
        (Family::Shm, 0, "000"),
        (Family::ShmCmd, 0x102, "IPC_64|IPC_STAT"),
        (Family::AddressFamily, 10, "AF_INET6"),
        (
            Family::SocketType,
            0x80801,
            "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK",
        ),
        (Family::SocketType, 0x80007, "SOCK_CLOEXEC|0x7"),
        (Family::ProtocolEtherBe, 0x300, "htons(ETH_P_ALL)"),
        (Family::SockoptIpGet, 64, "IPT_SO_GET_INFO"),
        (Family::SockoptIpGet, 20, "IP_ORIGDSTADDR"),
        (Family::SockoptSocketGet, 26, "SO_GET_FILTER"),
        (Family::SockoptName, 20, "SO_RCVTIMEO_OLD"),
        (Family::IoctlCmd, 0x5401, "TCGETS"),
        (Family::IoctlCmd, 0x541b, "FIONREAD"),
        (
            Family::IoctlCmd,
            0xc004_4107,
            "_IOC(_IOC_READ|_IOC_WRITE, 0x41, 0x7, 0x4)",
        ),
        (Family::IoctlCmd, 0x80ff_4506, "EVIOCGNAME(255)"),
        (Family::IoctlCmd, 0x8060_4521, "EVIOCGBIT(EV_KEY, 96)"),
        (Family::IoctlCmd, 0x8018_4540, "EVIOCGABS(ABS_X)"),
        (Family::KexecFlags, 0x3e_0001, "KEXEC_ARCH_X86_64|KEXEC_ON_CRASH"),
        (Family::DeleteModule, 0xa00, "O_NONBLOCK|O_TRUNC"),
        (
            Family::IoUringRegister,
            0x8000_0002,
            "IORING_REGISTER_FILES|IORING_REGISTER_USE_REGISTERED_RING",
        ),
        (Family::SeccompAction, 0x5_0001, "SECCOMP_RET_ERRNO|0x1"),
        (Family::SchedPolicy, 0x4000_0001, "SCHED_FIFO|SCHED_RESET_ON_FORK"),
    ] {
        assert_eq!(
            text(family, value).as_deref(),
            Some(words),
            "{family:?} {value:#x}"
        );
    }
}

#[test]
fn no_name_no_text() {
    for (family, value) in [
        (Family::SeekWhence, 77),
        (Family::At, 0),
        (Family::MapFlags, 0),
        (Family::ModifyLdt, 1),
        (Family::Capability, u64::MAX),
        (Family::IoctlCmd, u64::MAX),
        (Family::Caps, 0),
    ] {
        assert_eq!(text(family, value), None, "{family:?} {value:#x}");
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

/// A string that is large enough is not moved by any family, for any value.
#[test]
fn nothing_is_allocated() {
    let mut out = String::with_capacity(1 << 16);
    let place = out.as_ptr();
    for &family in Family::EVERY {
        for value in [0, 1, 0x80, 0x5401, 0xffff_ffff, u64::MAX] {
            out.clear();
            push(&mut out, family, value);
        }
    }
    assert_eq!(out.as_ptr(), place);
}
