use super::*;

fn parsed(values: &[&str]) -> Result<Filters, String> {
    let values: Vec<String> = values.iter().map(|value| (*value).into()).collect();
    let events: Vec<_> = catalogue::events().collect();
    parse(&values, &events, Shown::default()).map_err(|error| error.to_string())
}

#[test]
fn every_field_and_operator() {
    for value in [
        "uid=0",
        "uid!=0,1",
        "pid>100",
        "pid<200",
        "tid>=1",
        "ppid<=1",
        "mntns=4026531840",
        "pidns!=1",
        "comm=ls",
        "comm=*sh",
        "uts=host*",
        "container=*",
        "container!=abc",
        "container=1b1b1b1b1b1~",
        "openat.dfd<0",
        "openat.dfd>=AT_FDCWD",
        "kill.sig>8",
        "kill.sig<=SIGKILL",
        "event.retval<0",
        "event.retval=ENOENT",
        "openat.retval=-EACCES",
        "openat.pathname=/etc/*",
        "close.fd>2",
        "openat.flags=O_CREAT|O_EXCL",
        "openat.flags=0x40",
        "kill.sig=SIGKILL,15",
        "uid = 0",
        "openat.pathname=",
        "execve.argv=*--help*",
        "openat.dfd=AT_FDCWD",
        "sys_enter.syscall=openat",
        "connect.uservaddr=127.0.0.1:*",
        "sched_process_exit.group_exit=true",
        "openat.mode=0644",
        "fcntl.arg=O_NONBLOCK",
        "sched_process_exec.inode_mode=S_IFREG|0755",
    ] {
        parsed(&[value]).unwrap_or_else(|error| panic!("{value}: {error}"));
    }
}

#[test]
fn values_of_one_field_are_joined() {
    let filters = parsed(&["pid>100", "pid<200", "pid!=150"]).unwrap();
    let pid = &filters.numbers[&1];
    let passing: Vec<_> = [100, 101, 150, 199, 200]
        .into_iter()
        .filter(|pid_| pid.passes(Some(*pid_)))
        .collect();
    assert_eq!(passing, [101, 199]);
    let filters = parsed(&["uid=1", "uid=2"]).unwrap();
    assert!(filters.numbers[&0].passes(Some(1)) && filters.numbers[&0].passes(Some(2)));
}

#[test]
fn backslashes_take_meanings() {
    let filters = parsed(&[r"openat.pathname=a\,b,\*c*,d\\,e\f"]).unwrap();
    let Some(Condition::Texts(texts)) = filters.arguments.values().next() else {
        panic!("no texts");
    };
    let texts: Vec<_> = texts
        .wanted
        .iter()
        .map(|pattern| {
            (
                std::str::from_utf8(&pattern.text).unwrap(),
                pattern.open_start,
                pattern.open_end,
            )
        })
        .collect();
    assert_eq!(
        texts,
        [
            ("a,b", false, false),
            ("*c", false, true),
            (r"d\", false, false),
            (r"e\f", false, false)
        ]
    );
}

#[test]
fn wrong_ones_say_what_is_allowed() {
    for (value, expected) in [
        ("uid", "FIELD OP VALUE"),
        ("=1", "FIELD OP VALUE"),
        ("uid!1", "FIELD OP VALUE"),
        ("uid=", "not a number from 0 to 4294967295"),
        ("uid=nobody-at-all", "no user of /etc/passwd, and not a number"),
        ("uid=-1", "0 to 4294967295"),
        ("pid=1,", "\"\" is not a number"),
        ("pid>1,2", "> takes one value"),
        ("comm>a", "it takes = and !="),
        ("comm=a,,b", "empty"),
        ("container=", "'container!=*'"),
        ("container!=", "'container!=*'"),
        ("kill.sig>SIGNOSUCH", "is not a number"),
        ("kill.sig>1,2", "> takes one value"),
        ("comm=abcdefghijklmnop", "15 bytes"),
        ("comm=a*b", "at either end only"),
        (
            "nosuch=1",
            "retval comm pid tid ppid uid uts mntns pidns container path,",
        ),
        ("pathnam=x", "did you mean pathname?"),
        ("duration>1", "that filters take"),
        ("flags=O_CRAET", "O_CRAET"),
        ("path>1", "it takes = and !="),
        ("event.nosuch=1", "only retval"),
        ("opennat.pathname=x", "did you mean openat?"),
        ("openat.nosuch=x", "dfd pathname flags mode retval"),
        ("openat.flags=O_CRAET", "did you mean O_CREAT?"),
        ("openat.flags>1", "it takes = and !="),
        ("openat.retval=ENOSUCH", "not a number from"),
        ("execve.envp=A=b", "--show-exec-env"),
        ("read.buf=x", "--decode-buffers"),
        ("close.fd=99999999999", "not a number from"),
        ("close.fd=0x", "not a number from"),
    ] {
        let message = parsed(&[value]).unwrap_err();
        assert!(message.contains(expected), "{value}: {message}");
        assert!(!message.contains('\n'), "{message}");
    }
    assert!(parsed(&["kill.sig>5", "kill.sig<3"])
        .unwrap_err()
        .contains("no number passes"));
    assert!(parsed(&["uid>5", "uid<3"])
        .unwrap_err()
        .contains("no number passes"));
}

#[test]
fn an_event_that_is_not_chosen_has_no_filter() {
    let error = parse(&["openat.retval=3".into()], &[], Shown::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("--event openat"), "{error}");
}

#[test]
fn no_argument_is_called_as_the_result_is() {
    assert!(catalogue::events().all(|event| event.args.iter().all(|arg| arg.name != "retval")));
}

#[test]
fn an_argument_of_any_event() {
    let events = ["openat", "unlink", "mmap", "close", "lost_events"].map(catalogue::expect);
    let filters =
        |value: &str| parse(&[value.into()], &events, Shown::default()).map_err(|error| error.to_string());
    let dropped = |value: &str| {
        let filters = filters(value).unwrap();
        let dropped = events
            .iter()
            .filter(|event| filters.impossible.contains(&event.id));
        (
            filters.arguments.len(),
            dropped.map(|event| event.name).collect::<Vec<_>>(),
        )
    };
    assert_eq!(dropped("pathname=/etc/*"), (2, vec!["mmap", "close"]));
    assert_eq!(dropped("pathname!=/etc/*"), (2, vec![]));
    // Names of one event's flags are none of another's.
    assert_eq!(dropped("flags=O_CREAT"), (1, vec!["unlink", "mmap", "close"]));
    assert_eq!(dropped("flags!=MAP_FIXED"), (1, vec![]));
    assert_eq!(dropped("path=/etc/*"), (0, vec![]));
    assert!(filters("path=/etc/*").unwrap().path.is_some());
    assert_eq!(dropped("retval=-2").1, Vec::<&str>::new());
    let message = filters("sig=KILL").unwrap_err();
    assert!(
        message.contains("no chosen event has the argument sig"),
        "{message}"
    );
}
