use super::*;
use crate::catalogue;
use crate::decode::container::Container;
use crate::filter::argument;
use crate::filter::compile::whole;
use crate::filter::parse::{parse, Shown};
use crate::wire::{
    ABI_COUNT, ABI_NATIVE, ABI_X32, RECORD_NOT_CARRIED_OUT, RECORD_NO_RETURN, RECORD_UNVERIFIED, TEXT_MAX,
};

const ENOENT: i64 = -2;
const ENOSYS: i64 = -38;

/// An event with these registers.
fn event<'a>(name: &str, registers: &[u64]) -> Event<'a> {
    let spec = catalogue::expect(name);
    let args = spec.args.iter().zip(registers);
    let mut comm = [0; 16];
    comm[..4].copy_from_slice(&b"bash".map(|byte| byte as i8));
    let context = Context {
        event: spec.id,
        thread_start: 1,
        uid: 1000,
        host_pid: 300,
        host_tid: 301,
        host_ppid: 299,
        pid: 3,
        tid: 4,
        ppid: 2,
        mnt_ns: 4_026_531_840,
        pid_ns: 4_026_531_836,
        comm,
        ..Context::default()
    };
    let args = args.map(|(arg, raw)| Arg::new(arg, *raw, Value::Number));
    Event {
        nodename: Some(b"island"),
        ..Event::new(spec, context, args.collect())
    }
}

fn passes_in(pid_ns: Option<u32>, filters: &[&str], event: &Event<'_>) -> bool {
    let values: Vec<String> = filters.iter().map(|filter| (*filter).into()).collect();
    let filters = parse(&values, &[event.spec], Shown::default()).unwrap();
    let mut matcher = whole(&filters, &[event.spec], pid_ns);
    assert!(!matcher.is_empty());
    matcher.passes(event)
}

fn passes(filter: &str, event: &Event<'_>) -> bool {
    passes_in(None, &[filter], event)
}

/// Checks every operator on a field with that value.
fn assert_compared(field: &str, value: i128, event: &Event<'_>) {
    let (less, more) = (value - 1, value + 1);
    for (condition, expected) in [
        (format!("={value}"), true),
        (format!("={less},{value}"), true),
        (format!("={more}"), false),
        (format!("!={value}"), false),
        (format!("!={less},{more}"), true),
        (format!("<{more}"), true),
        (format!("<{value}"), false),
        (format!(">{less}"), true),
        (format!(">{value}"), false),
        (format!("<={value}"), true),
        (format!("<={less}"), false),
        (format!(">={value}"), true),
        (format!(">={more}"), false),
    ] {
        let filter = format!("{field}{condition}");
        assert_eq!(passes(&filter, event), expected, "{filter}");
    }
}

#[test]
fn fields_that_are_numbers() {
    let close = event("close", &[3]);
    for (field, value) in [
        ("uid", 1000),
        ("pid", 300),
        ("tid", 301),
        ("ppid", 299),
        ("mntns", 4_026_531_840),
        ("pidns", 4_026_531_836),
    ] {
        assert_compared(field, value, &close);
    }
    assert!(passes("uid!=root", &close) && !passes("uid=root", &close));
    assert!(passes_in(None, &["pid>=300", "pid<=400", "pid!=301"], &close));
    assert!(!passes_in(None, &["uid=1000", "pid=301"], &close));
    // A process without a parent has 0, which is a number.
    let mut init = event("close", &[3]);
    init.context.host_ppid = 0;
    assert!(passes("ppid=0", &init) && passes("ppid<1", &init) && !passes("ppid!=0", &init));
    // What has no sign stays so.
    init.context.uid = u32::MAX;
    assert!(passes("uid=4294967295", &init) && passes("uid>1000", &init));
}

/// As `ps` shows them where tracee recorded.
#[test]
fn pids_of_a_namespace() {
    let close = event("close", &[3]);
    let inner = Some(close.context.pid_ns);
    for filter in ["pid=3", "tid=4", "ppid=2", "pid!=300"] {
        assert!(passes_in(inner, &[filter], &close), "{filter}");
        assert!(filter == "pid!=300" || !passes(filter, &close), "{filter}");
    }
    // Of another one: unknown.
    let other = Some(1);
    assert!(passes_in(other, &["pid!=3", "tid!=4", "ppid!=2"], &close));
    for filter in ["pid=3", "pid=300", "pid>0", "tid<9", "ppid<=2"] {
        assert!(!passes_in(other, &[filter], &close), "{filter}");
    }
    assert!(passes_in(other, &["uid=1000", "pidns>1"], &close));
}

#[test]
fn names() {
    let mut close = event("close", &[3]);
    for (value, expected) in [
        ("bash", true),
        ("bas", false),
        ("bash1", false),
        ("ba*", true),
        ("*sh", true),
        ("*as*", true),
        ("*ba", false),
        ("sh*", false),
        ("*", true),
        ("", false),
        ("zsh,*sh", true),
        ("zsh,dash", false),
    ] {
        assert_eq!(passes(&format!("comm={value}"), &close), expected, "{value}");
        assert_eq!(passes(&format!("comm!={value}"), &close), !expected, "{value}");
    }
    assert!(passes("uts=is*", &close) && passes("uts=*land", &close) && passes("uts!=isle", &close));
    assert!(!passes_in(None, &["comm=*sh", "comm!=ba*"], &close));
    assert!(!passes_in(None, &["comm=bash", "uts=other"], &close));
    // The longest one has no room for more than its NUL.
    close.context.comm[..15].fill(b'x' as i8);
    assert!(passes("comm=xxxxxxxxxxxxxxx", &close) && !passes("comm=xxxxxxxxxxxxxx", &close));
    close.context.comm[0] = 0;
    assert!(passes("comm=", &close) && passes("comm=*", &close) && passes("comm!=x*", &close));
    // One that was not recorded.
    close.nodename = None;
    assert!(passes("uts!=island", &close) && !passes("uts=island", &close) && !passes("uts=*", &close));
}

#[test]
fn results() {
    let mut openat = event("openat", &[0, 0, 0, 0]);
    for ret in [3, 0, ENOENT, i64::MAX - 1, i64::MIN + 1] {
        openat.context.ret = ret;
        assert_compared("event.retval", ret.into(), &openat);
        assert_compared("openat.retval", ret.into(), &openat);
    }
    openat.context.ret = ENOENT;
    for filter in ["retval=ENOENT", "retval=-ENOENT", "openat.retval=EACCES,ENOENT"] {
        assert!(passes(filter, &openat), "{filter}");
    }
    assert!(!passes("retval!=ENOENT", &openat) && !passes("openat.retval=EACCES", &openat));
    // Of one event and of all.
    assert!(passes_in(None, &["retval<0", "openat.retval=ENOENT"], &openat));
    assert!(!passes_in(None, &["retval=0", "openat.retval=ENOENT"], &openat));
    // 32 bits of a 32-bit call, without a sign unless it is an error.
    openat.context.abi = ABI_IA32;
    openat.context.ret = 0xf700_0000;
    assert!(passes("retval=0xf7000000", &openat) && passes("retval>0", &openat));
    // A success that was made up is shown as an error.
    openat.context.flags = RECORD_NOT_CARRIED_OUT;
    openat.context.ret = ENOSYS;
    openat.seen = Some(5);
    assert!(passes("retval=ENOSYS", &openat) && !passes("retval=5", &openat));
    openat.context.flags = RECORD_UNVERIFIED;
    openat.context.ret = 5;
    assert!(passes("retval=5", &openat));
}

#[test]
fn missing_results_pass_only_unequal() {
    let mut exit = event("exit_group", &[0]);
    exit.context.flags = RECORD_NO_RETURN;
    for field in ["event.retval", "exit_group.retval"] {
        for condition in ["=0", "<1", ">-1", "<=0", ">=0", "=ENOENT"] {
            let filter = format!("{field}{condition}");
            assert!(!passes(&filter, &exit), "{filter}");
        }
        assert!(passes(&format!("{field}!=0"), &exit));
    }
    assert!(!passes_in(None, &["retval!=0", "exit_group.retval<5"], &exit));
    exit.context.flags |= RECORD_UNVERIFIED;
    assert!(!passes("retval=0", &exit));
}

/// Registers hold more than the kernel takes from them.
#[test]
fn widths_and_signs_of_arguments() {
    let minus = |number: i64| number as u64;
    for (name, arg, index, register, abi, value) in [
        ("close", "fd", 0, 3, ABI_NATIVE, 3),
        ("close", "fd", 0, 0xffff_ffff, ABI_NATIVE, -1),
        ("close", "fd", 0, minus(-1), ABI_NATIVE, -1),
        ("close", "fd", 0, 0x1234_0000_0003, ABI_NATIVE, 3),
        ("close", "fd", 0, 0xffff_ffff, ABI_IA32, -1),
        ("close", "fd", 0, 0xffff_ffff, ABI_X32, -1),
        ("kill", "pid", 0, 0xffff_ffff, ABI_NATIVE, -1),
        ("kill", "pid", 0, minus(-300), ABI_NATIVE, -300),
        ("kill", "pid", 0, 0x8000_0001, ABI_IA32, -0x7fff_ffff),
        ("setuid", "uid", 0, 0xffff_fffe, ABI_NATIVE, 0xffff_fffe),
        ("setuid", "uid", 0, 0x7_0000_0001, ABI_NATIVE, 1),
        ("setgid", "gid", 0, 0xffff_fffe, ABI_IA32, 0xffff_fffe),
        ("write", "count", 2, 0xffff_ffff, ABI_NATIVE, 0xffff_ffff),
        ("write", "count", 2, minus(-2), ABI_NATIVE, 0xffff_ffff_ffff_fffe),
        ("lseek", "offset", 1, minus(-5), ABI_NATIVE, -5),
        ("lseek", "offset", 1, 0xffff_fffb, ABI_NATIVE, 0xffff_fffb),
        // What a 32-bit call gives has been widened in the kernel.
        ("lseek", "offset", 1, minus(-5), ABI_IA32, -5),
        ("mmap", "addr", 0, 0x7fff_0000_0000, ABI_NATIVE, 0x7fff_0000_0000),
        ("msgrcv", "msgtyp", 3, minus(-7), ABI_NATIVE, -7),
        ("msgrcv", "msgtyp", 3, 0xffff_fff9, ABI_NATIVE, 0xffff_fff9),
        ("msgrcv", "msgtyp", 3, 0xffff_fff9, ABI_IA32, -7),
        ("msgrcv", "msgtyp", 3, 0xffff_fff9, ABI_X32, 0xffff_fff9),
    ] {
        let mut registers = [0; 6];
        registers[index] = register;
        let mut call = event(name, &registers);
        call.context.abi = abi;
        assert_compared(&format!("{name}.{arg}"), value, &call);
    }
}

#[test]
fn an_argument_of_any_event() {
    let events = ["close", "read", "getpid"].map(catalogue::expect);
    let filters = parse(&["fd=-1".into()], &events, Shown::default()).unwrap();
    let mut matcher = whole(&filters, &events, None);
    for (name, fd, expected) in [
        ("close", 0xffff_ffff, true),
        ("read", u64::MAX, true),
        ("read", 1, false),
    ] {
        assert_eq!(
            matcher.passes(&event(name, &[fd, 0, 0])),
            expected,
            "{name} {fd:#x}"
        );
    }
}

/// The kernel side's numbers are those that user space shows and compares.
#[test]
fn registers_are_read_as_they_are_shown() {
    let types = catalogue::events()
        .filter(|event| event.kind.is_syscall())
        .flat_map(|event| event.args)
        .map(|arg| arg.ty)
        .chain([ArgType::I16, ArgType::U16]);
    let edges = [0, 7, 15, 16, 31, 32, 47, 62, 63].map(|bit| 1u64 << bit);
    let registers: Vec<u64> = edges
        .iter()
        .flat_map(|edge| [edge - 1, *edge, edge + 1, !edge, !edge + 1, edge | 1 << 63])
        .collect();
    for ty in types {
        let Some(number) = NumberType::of(ty) else {
            continue;
        };
        for abi in 0..ABI_COUNT {
            for register in &registers {
                assert_eq!(
                    number.read(*register, abi),
                    argument::compared(ty, *register, abi),
                    "{ty:?} {register:#x} {abi}"
                );
            }
        }
    }
}

#[test]
fn missing_arguments_pass_only_unequal() {
    // A 32-bit call may have fewer of them.
    let call = event("mmap", &[5]);
    assert!(passes("mmap.len!=0", &call) && passes("mmap.addr=5", &call));
    for condition in ["=0", "<1", ">=0"] {
        assert!(!passes(&format!("mmap.len{condition}"), &call), "{condition}");
    }
    // Of a call within another whose memory could not be read, the kernel side knows zeros.
    let mut connect = event("connect", &[0, 0, 0]);
    connect.args[0].value = Value::Fault;
    assert!(passes("connect.fd=0", &connect) && !passes("connect.fd!=0", &connect));
    // Addresses are numbers, too.
    let mut mmap = event("mmap", &[0, 4096, 0, 0, 0, 0]);
    mmap.args[0].value = Value::Null;
    assert!(passes("mmap.addr=0", &mmap) && !passes("mmap.addr>0", &mmap));
    mmap.args[0].raw = 0x1000;
    mmap.args[0].value = Value::Pointer;
    assert!(passes("mmap.addr=0x1000", &mmap) && passes("mmap.len=4096", &mmap));
}

#[test]
fn texts() {
    let opened = |value| {
        let mut openat = event("openat", &[0, 1, 0, 0]);
        openat.args[1].value = value;
        openat
    };
    let passwd = opened(Value::Str(b"/etc/passwd"));
    for (value, expected) in [
        ("/etc/passwd", true),
        ("/etc/passw", false),
        ("/etc/passwd1", false),
        ("/etc/*", true),
        ("/usr/*,/etc/*", true),
        ("/usr/*", false),
        ("*passwd", true),
        ("*.so", false),
        ("/etc/*wd", true),
        ("*tc*", true),
        ("/usr/*,*wd", true),
        ("*", true),
        ("", false),
    ] {
        let wanted = format!("openat.pathname={value}");
        assert_eq!(passes(&wanted, &passwd), expected, "{wanted}");
        let excluded = format!("openat.pathname!={value}");
        assert_eq!(passes(&excluded, &passwd), !expected, "{excluded}");
    }
    let empty = opened(Value::Str(b""));
    assert!(passes("openat.pathname=", &empty) && !passes("openat.pathname=/*", &empty));
    // A null pointer, memory that could not be read, and an address of which nothing was read.
    for value in [Value::Null, Value::Fault, Value::Pointer] {
        let missing = opened(value);
        assert!(!passes("openat.pathname=/*", &missing) && !passes("openat.pathname=", &missing));
        assert!(!passes("openat.pathname=0x1", &missing));
        assert!(passes("openat.pathname!=/*", &missing) && passes("openat.pathname!=", &missing));
    }
    // The kernel side compares the first bytes, and then the whole.
    let long = "/".repeat(300);
    let mut cut = opened(Value::Str(long.as_bytes()));
    cut.args[1].truncated = true;
    let limit = TEXT_MAX as usize;
    for len in [limit - 1, limit, limit + 1, 299] {
        let start = &long[..len];
        assert!(!passes(&format!("openat.pathname={start}"), &cut), "{len}");
        assert!(passes(&format!("openat.pathname!={start}"), &cut), "{len}");
        assert!(passes(&format!("openat.pathname={start}*"), &cut), "{len}");
    }
    assert!(passes(&format!("openat.pathname={long}"), &cut));
    assert!(!passes(&format!("openat.pathname={long}x"), &cut));
    assert!(!passes(&format!("openat.pathname!={long}"), &cut));
}

/// What the kernel side leaves to user space, together with what it decides.
#[test]
fn both_parts_hold() {
    let mut openat = event("openat", &[3, 1, 0o101, 0]);
    openat.args[1].value = Value::Str(b"/lib/a.so");
    openat.context.ret = ENOENT;
    openat.container = Some(
        Container {
            id: "0123456789abcdef".into(),
            ..Container::default()
        }
        .into(),
    );
    let conditions = [
        ("uid=1000", "uid=0"),
        ("comm=bash", "comm!=ba*"),
        ("uts=island", "uts=x"),
        ("retval=ENOENT", "retval>=0"),
        ("openat.retval<0", "openat.retval!=ENOENT"),
        ("openat.pathname=/lib/*", "openat.pathname!=/lib/a*"),
        ("openat.pathname!=*.c", "openat.pathname!=*.so"),
        ("openat.flags=O_CREAT", "openat.flags!=O_WRONLY"),
        ("openat.dfd>0", "openat.dfd<0"),
        ("container=0123", "container!=0123"),
        ("path=*.so", "path!=/lib/*"),
    ];
    let all = conditions.map(|(holds, _)| holds);
    assert!(passes_in(None, &all, &openat));
    for (index, (_, other)) in conditions.into_iter().enumerate() {
        let mut filters = all;
        filters[index] = other;
        assert!(!passes_in(None, &filters, &openat), "{other}");
    }
}

/// The kernel side takes two texts of an event: user space decides the third.
#[test]
fn more_conditions_than_the_kernel_side_takes() {
    let mut mount = event("mount", &[1, 1, 1, 0, 0]);
    let texts = [b"none", b"/mnt", b"proc"];
    for (arg, text) in mount.args.iter_mut().zip(texts) {
        arg.value = Value::Str(text);
    }
    let all = ["mount.dev_name=none", "mount.dir_name=/m*", "mount.type=proc"];
    assert!(passes_in(None, &all, &mount));
    for (index, text) in texts.into_iter().enumerate() {
        mount.args[index].value = Value::Str(b"x");
        assert!(!passes_in(None, &all, &mount), "{index}");
        mount.args[index].value = Value::Fault;
        assert!(!passes_in(None, &all, &mount), "{index}");
        mount.args[index].value = Value::Str(text);
    }
    assert!(passes_in(None, &all, &mount));
}

/// Another event's filters leave an event alone.
#[test]
fn filters_of_one_event() {
    let events = ["close", "openat", "kill"].map(catalogue::expect);
    let values = ["openat.retval<0", "close.fd=9", "openat.pathname=/x"].map(String::from);
    let filters = parse(&values, &events, Shown::default()).unwrap();
    let mut matcher = whole(&filters, &events, None);
    let mut shown = |event: &Event<'_>| matcher.passes(event);
    assert!(shown(&event("kill", &[1, 9])) && shown(&event("close", &[9])));
    assert!(!shown(&event("close", &[8])) && !shown(&event("openat", &[0, 0, 0, 0])));
}

#[test]
fn what_tracee_reports_by_itself() {
    let lost = |filter: &str| {
        let spec = special::LOST_EVENTS;
        let arg = |index, raw, value| Arg::own(spec, index, raw, value);
        let args = vec![arg(0, 7, Value::Number), arg(1, 0, Value::Str(b"cpu"))];
        let event = Event::new(spec, Context::own(spec, 1, 5), args);
        let filters = parse(&[filter.into()], &[spec], Shown::default()).unwrap();
        whole(&filters, &[spec], None).arguments_pass(&event)
    };
    for filter in [
        "uid=12345",
        "pid=6",
        "comm=bash",
        "uts=x",
        "retval=0",
        "container=x",
        "path=/x",
    ] {
        assert!(lost(filter), "{filter}");
    }
    assert!(lost("lost_events.count=7") && !lost("lost_events.count>7"));
    assert!(lost("lost_events.buffer=cpu") && !lost("lost_events.buffer!=c*"));
    // One that comes by way of records.
    let mut found = event("existing_container", &[0; 8]);
    found.context.flags = RECORD_NO_RETURN;
    found.args[2].value = Value::Str(b"web");
    for filter in ["uid=1", "comm=x", "retval=0", "existing_container.name=web"] {
        assert!(passes(filter, &found), "{filter}");
    }
    assert!(!passes("existing_container.name!=web", &found) && !passes("container=x", &found));
}

/// Where the kernel side asks less.
#[test]
fn containers_and_mismatches() {
    let mut create = event("container_create", &[0; 8]);
    create.context.flags = RECORD_NO_RETURN;
    for filter in ["uid=1", "pid=1", "comm=x", "uts=x", "retval=0"] {
        assert!(passes(filter, &create), "{filter}");
    }
    let mut mismatch = event("argument_mismatch", &[0; 4]);
    mismatch.context.flags = RECORD_NO_RETURN;
    mismatch.context.syscall = catalogue::expect("openat").id;
    assert!(passes("retval=0", &mismatch) && !passes("uid=1", &mismatch));
    mismatch.context.syscall = special::EXECVE.id;
    assert!(!passes("retval=0", &mismatch) && passes("retval!=0", &mismatch));
}

#[test]
fn deciding_takes_no_memory() {
    let mut openat = event("openat", &[3, 1, 0, 0]);
    openat.args[1].value = Value::Str(b"/etc/passwd");
    let values = [
        "uid=1000",
        "pid>1",
        "comm=*sh",
        "uts!=x",
        "retval=0",
        "openat.pathname=/etc/*",
    ];
    let filters = parse(&values.map(String::from), &[openat.spec], Shown::default()).unwrap();
    let mut matcher = whole(&filters, &[openat.spec], None);
    let counted = allocation_counter::measure(|| assert!(matcher.passes(&openat)));
    assert_eq!(counted.count_total, 0);
}
