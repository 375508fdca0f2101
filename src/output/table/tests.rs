use super::*;
use crate::catalogue::structs::IOVEC;
use crate::catalogue::Layout;
use crate::decode::event::{Arg, Context, Value};
use crate::decode::msghdr::Part;
use crate::decode::strings::Strings;
use crate::decode::structure::Array;

fn event(comm: &[u8]) -> Event<'static> {
    let spec = catalogue::expect("execve");
    let mut context = Context {
        time: 176_751_746_515_000,
        uid: 1000,
        pid: 14726,
        tid: 14726,
        event: spec.id,
        ..Context::default()
    };
    for (to, from) in context.comm.iter_mut().zip(comm) {
        *to = *from as i8;
    }
    let args = [
        Arg::new(&spec.args[0], 1, Value::Str(b"/usr/bin/ls")),
        Arg::new(&spec.args[1], 1, Value::Strings(Strings::new(b"ls\0"))),
    ];
    Event {
        nodename: Some(b"host"),
        ..Event::new(spec, context, args.into_iter().collect())
    }
}

/// A table with its usual columns, or with those of containers.
fn table(containers: bool) -> Table {
    let columns = Columns {
        verbose: false,
        containers,
    };
    Table::new(columns, &Style::default(), false)
}

fn row(table: &mut Table, event: &Event<'_>) -> String {
    let mut out = String::new();
    table.row(&mut out, event, true, |time| time);
    out
}

#[test]
fn rows_of_containers_show_both_ids() {
    let mut event = event(b"sh");
    event.context.host_pid = 31_002;
    event.context.host_tid = 31_003;
    event.container = Some(std::rc::Rc::new(crate::decode::container::Container {
        id: "0123456789abcdef".into(),
        ..Default::default()
    }));
    let mut table = table(true);
    let mut out = String::new();
    table.header(&mut out);
    out.push_str(&row(&mut table, &event));
    let lines: Vec<_> = out
        .lines()
        .map(|line| line.split_once("RET").map_or(line, |(head, _)| head))
        .collect();
    assert_eq!(
        lines[0],
        "TIME(s)        CONTAINER_ID UID    COMM             PID/host      TID/host      "
    );
    assert!(
        lines[1].starts_with(
            "176751.746515  0123456789ab 1000   sh               14726/31002   14726/31003   0 "
        ),
        "{out}"
    );
    // A container that a user has made, which may have another container's id.
    event.container = Some(std::rc::Rc::new(crate::decode::container::Container {
        id: "0123456789abcdef".into(),
        owner: 1000,
        ..Default::default()
    }));
    let out = row(&mut table, &event);
    assert!(out.starts_with("176751.746515  0123456789a~ 1000 "), "{out}");
}

/// The two lines of a table with its usual columns.
#[test]
fn rows_are_those_of_the_spec() {
    let mut table = table(false);
    let mut out = String::new();
    table.header(&mut out);
    out.push_str(&row(&mut table, &event(b"zsh")));
    assert_eq!(
        out,
        "TIME(s)        UID    COMM             PID     TID     RET              EVENT                ARGS\n\
         176751.746515  1000   zsh              14726   14726   0                execve               pathname: \"/usr/bin/ls\", argv: [\"ls\"]\n"
    );
}

#[test]
fn what_tracee_tells_is_its_own() {
    let spec = catalogue::expect("lost_events");
    let event = Event::new(spec, Context::own(spec, 0, 7), Vec::new());
    let out = row(&mut table(false), &event);
    let uid = nix::unistd::getuid().to_string();
    let cells: Vec<&str> = out.split_whitespace().collect();
    assert_eq!(cells, ["0.000000", &uid, "tracee", "7", "7", "?", "lost_events"]);
}

/// On a terminal of 80 columns.
#[test]
fn rows_fit_into_a_terminal() {
    let mut table = table(false);
    table.set_limit(Some(80));
    let mut out = String::new();
    table.header(&mut out);
    for comm in [
        &b"zsh"[..],
        b"a-name-of-15-ch",
        b"\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07",
    ] {
        out.push_str(&row(&mut table, &event(comm)));
    }
    assert_eq!(
        out,
        "TIME(s)   UID  COMM    PID   TID   RET       EVENT      ARGS\n\
         176751.746515 1000 zsh     14726 14726 0         execve     \"/usr/…n/ls\", [\"ls\"]\n\
         176751.746515 1000 a-nam…15-ch 14726 14726 0         execve     [\"ls\"] …\n\
         176751.746515 1000 \\x01…\\x07   14726 14726 0         execve     [\"ls\"] …\n"
    );
}

#[test]
fn buffers_that_were_asked_for_are_kept_on_a_terminal() {
    let spec = catalogue::expect("writev");
    let mut table = table(false);
    table.set_limit(Some(80));
    let mut event = event(b"cat");
    event.spec = spec;
    let mut vec = Arg::new(
        &spec.args[1],
        7,
        Value::Array(Array::new(IOVEC, Layout::Native, &[]).unwrap()),
    );
    vec.data = Some(Part {
        bytes: b"one two",
        fault: false,
        truncated: false,
        full: 0,
    });
    event.args = [
        Arg::new(&spec.args[0], 4, Value::Number),
        vec,
        Arg::new(&spec.args[2], 2, Value::Number),
    ]
    .into_iter()
    .collect();
    let row = row(&mut table, &event);
    assert!(row.contains("two\"]"), "{row}");
}

#[test]
fn a_hostile_name_stays_in_its_row() {
    let out = row(&mut table(false), &event(b"a\nroot\x20\x1b[2J"));
    assert_eq!(out.lines().count(), 1);
    assert!(out.contains(r"a\nroot\x20\x1b[2J"), "{out}");
    assert!(!out.contains('\x1b'));
}

/// What looks like the next columns is no name of a process.
#[test]
fn spaces_of_a_name_separate_no_columns() {
    for (name, shown) in [
        (&b"Web Content"[..], "Web Content"),
        (b"sh    1     1", r"sh\x20\x20\x20\x201\x20\x20\x20\x20\x201"),
        (b" sh", r"\x20sh"),
        (b"sh ", r"sh\x20"),
        (b"", r#""""#),
    ] {
        let out = row(&mut table(false), &event(name));
        let cell = out.split_once("1000   ").unwrap().1;
        assert!(cell.starts_with(&format!("{shown} ")), "{out}");
    }
}
