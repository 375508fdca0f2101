//! Every layout of tables, in every width, from one set of records, as files that people look at: `src/output/golden/`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use crate::catalogue;
use crate::decode;
use crate::decode::container::Container;
use crate::decode::event::{Context, Event};
use crate::output::structure::Detail;
use crate::output::summary::Summary;
use crate::output::table::{Columns, Style, Table};
use crate::output::template::{Around, Template};
use crate::output::tests::record;
use crate::output::time::{Time, Times};
use crate::users::Users;
use crate::wire::{
    ITEM_DURATION, ITEM_NODENAME, RECORD_NOT_CARRIED_OUT, RECORD_NO_RETURN, RECORD_UNVERIFIED,
};

/// Set in order to write the files anew.
const UPDATE: &str = "TRACEE_GOLDEN";

const AT_FDCWD: u64 = (-100i64) as u64;

/// A record with its header, as the kernel side would make it.
fn of(
    at: u64,
    comm: &str,
    ret: i64,
    event: &str,
    values: &[u64],
    items: &[(u8, &[u8])],
    change: impl FnOnce(&mut Context),
) -> Vec<u8> {
    let duration = (at % 977 * 13).to_ne_bytes();
    let mut items = items.to_vec();
    items.push((ITEM_NODENAME, b"host"));
    if catalogue::expect(event).kind.is_syscall() && event != "exit_group" {
        items.push((ITEM_DURATION, &duration));
    }
    let mut bytes = record(event, values, &items);
    let mut context = Context::default();
    plain::copy_from_bytes(&mut context, &bytes).unwrap();
    context.time = 21_409_000_000_000 + at * 1000;
    context.thread_start = 1;
    context.uid = 1000;
    (context.pid, context.tid, context.ppid) = (77, 77, 1);
    (context.host_pid, context.host_tid, context.host_ppid) = (16_216, 16_216, 14_001);
    (context.mnt_ns, context.pid_ns) = (4_026_531_841, 4_026_531_836);
    context.ret = ret;
    for (to, from) in context.comm.iter_mut().zip(comm.bytes()) {
        *to = from as i8;
    }
    change(&mut context);
    // SAFETY: Context is made of integers without padding (it is Plain).
    let header = unsafe { plain::as_bytes(&context) };
    bytes[..header.len()].copy_from_slice(header);
    bytes
}

fn stat() -> Vec<u8> {
    let mut stat = vec![0; 144];
    stat[24..28].copy_from_slice(&0o100_644u32.to_ne_bytes());
    stat[48..56].copy_from_slice(&39_687u64.to_ne_bytes());
    stat
}

fn records() -> Vec<Vec<u8>> {
    let plain = |_: &mut Context| {};
    let https = [2, 0, 1, 187, 93, 184, 216, 34, 0, 0, 0, 0, 0, 0, 0, 0];
    let path = "/usr/share/a-long-folder/with-many-names/and-a-file-that-nobody-needs.conf";
    let exec = |ctx: &mut Context| ctx.flags = RECORD_NO_RETURN;
    vec![
        of(
            363,
            "bash",
            0,
            "execve",
            &[1, 2, 0],
            &[(0, b"/usr/bin/ls"), (1, b"ls\0-la\0/tmp/it's \"here\"\0")],
            plain,
        ),
        of(
            698,
            "ls",
            -2,
            "access",
            &[1, 4],
            &[(0, b"/etc/ld.so.preload")],
            plain,
        ),
        of(
            707,
            "ls",
            3,
            "openat",
            &[AT_FDCWD, 1, 0o2_000_000, 0],
            &[(1, b"/etc/ld.so.cache")],
            plain,
        ),
        of(
            712,
            "ls",
            0,
            "newfstatat",
            &[3, 1, 1, 0x1000],
            &[(1, b""), (2, &stat())],
            plain,
        ),
        of(1718, "ls", 0, "close", &[3], &[], plain),
        of(
            1903,
            "a-name-of-15-ch",
            -13,
            "openat",
            &[AT_FDCWD, 1, 0o101, 0o644],
            &[(1, path.as_bytes())],
            plain,
        ),
        of(
            2100,
            "sh \u{1b}[2J",
            -1,
            "unlinkat",
            &[AT_FDCWD, 1, 0],
            &[(1, b"x, flags: 0, y: \"z\n")],
            plain,
        ),
        of(
            2304,
            "curl",
            -115,
            "connect",
            &[5, 1, 16],
            &[(1, &https)],
            |ctx| ctx.uid = 4_294_967_294,
        ),
        of(
            3001,
            "curl",
            140_000,
            "mmap",
            &[0, 8192, 5, 0x22, u64::MAX, 0],
            &[],
            plain,
        ),
        of(3500, "timeout", 0, "kill", &[16_300, 9], &[], |ctx| ctx.uid = 0),
        of(
            4001,
            "sandboxed",
            -1,
            "mount",
            &[1, 2, 3, 6, 0],
            &[(0, b"none"), (1, b"/mnt"), (2, b"tmpfs")],
            |ctx| {
                ctx.flags = RECORD_NOT_CARRIED_OUT;
            },
        ),
        of(4002, "worker/0:1", 7, "read", &[3, 1, 4096], &[], |ctx| {
            ctx.flags = RECORD_UNVERIFIED
        }),
        of(5000, "ls", 0, "exit_group", &[0], &[], exec),
        of(1_005_001, "ls", 0, "sched_process_exit", &[256, 0, 1], &[], exec),
    ]
}

fn container() -> Rc<Container> {
    Rc::new(Container {
        id: "6678e299a4d1c0ffee".into(),
        name: Some("web".into()),
        image: Some("nginx:1.27".into()),
        runtime: "docker".into(),
        ..Container::default()
    })
}

/// What each layout is called, and how it is made.
fn layouts() -> Vec<(String, String)> {
    let records = records();
    let events: Vec<Event<'_>> = records
        .iter()
        .zip(0..)
        .map(|(record, index)| {
            let mut event = decode::decode(record).unwrap();
            event.container = (index % 2 == 1).then(container);
            event
        })
        .collect();
    let mut layouts = Vec::new();
    let sizes = [Some(80), Some(120), Some(200), None];
    let styles: [(&str, bool, bool, Style); 6] = [
        ("table", false, false, Style::default()),
        ("verbose", true, false, Style::default()),
        ("containers", false, true, Style::default()),
        (
            "durations",
            false,
            false,
            Style {
                durations: true,
                ..Style::default()
            },
        ),
        (
            "delta",
            false,
            false,
            Style {
                time: Time::Delta,
                ..Style::default()
            },
        ),
        (
            "args",
            false,
            false,
            Style {
                verbose_args: true,
                wide: true,
                ..Style::default()
            },
        ),
    ];
    for (name, verbose, containers, style) in styles {
        for size in sizes {
            // A pipe has no width, and no colours; the plain table has them on a terminal.
            let colors = size.is_some() && name == "table";
            let mut table = Table::new(
                Columns { verbose, containers },
                &Style {
                    numeric: true,
                    ..style.clone()
                },
                colors,
            );
            table.set_limit(size);
            table.begin(21_409_000_000_000);
            let mut out = String::new();
            table.header(&mut out);
            for event in &events {
                table.row(&mut out, event, true, |time| time);
            }
            // Names of events are whole.
            for (row, event) in out.lines().skip(1).zip(&events) {
                assert!(row.contains(event.spec.name), "{name}: {row}");
            }
            if let Some(limit) = size.filter(|_| !style.wide) {
                for row in out.lines() {
                    let plain = row.split('\x1b').enumerate().map(|(at, part)| match at {
                        0 => part,
                        _ => part.split_once('m').map_or("", |(_, rest)| rest),
                    });
                    let plain: String = plain.collect();
                    assert!(
                        crate::output::fit::width(&plain) <= limit,
                        "{name} {limit}: {plain}"
                    );
                }
            }
            let size = size.map_or("pipe".into(), |size| size.to_string());
            layouts.push((format!("{name}-{size}"), out));
        }
    }
    layouts.push(("summary".into(), summary(&events)));
    layouts.push(("format".into(), formatted(&events)));
    layouts
}

fn summary(events: &[Event<'_>]) -> String {
    let mut out = String::new();
    for durations in [false, true] {
        let mut summary = Summary::new(durations);
        events.iter().for_each(|event| summary.add(event));
        summary.push_table(&mut out);
        out.push('\n');
        summary.push_json(&mut out).unwrap();
        out.push('\n');
    }
    out
}

fn formatted(events: &[Event<'_>]) -> String {
    let chosen: Vec<_> = catalogue::events().collect();
    let template = Template::parse(
        "%time %comm[%pid]: %event(%args) = %retval in %container.name",
        &chosen,
    )
    .unwrap();
    let mut out = String::new();
    let mut around = Around {
        times: &mut Times::new(Time::Boot),
        users: &Users::default(),
        detail: Detail::Main,
        wall: |time| time,
    };
    for event in events {
        template.push(&mut out, event, &mut around);
    }
    out
}

/// Escapes of terminals in letters, so that a file can be read.
fn readable(text: &str) -> String {
    text.replace('\x1b', "␛")
}

#[test]
fn layouts_look_as_they_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/output/golden");
    let update = std::env::var_os(UPDATE).is_some();
    let layouts = layouts();
    let mut different = String::new();
    for (name, text) in &layouts {
        let path = folder.join(format!("{name}.txt"));
        let text = readable(text);
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        if golden != text {
            let _ = writeln!(different, "{name}:\n{text}instead of\n{golden}");
        }
    }
    assert!(
        different.is_empty(),
        "{different}if this is right: {UPDATE}=1 cargo test --lib layouts_look_as_they_did"
    );
    // No file is of a layout that is gone.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), layouts.len());
}
