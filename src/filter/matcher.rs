//! The filters that user space decides.

use std::collections::BTreeMap;

use crate::catalogue::{ArgType, EventId};
use crate::decode::container::Container;
use crate::decode::event::{Arg, Context, Event, Value};
use crate::decode::sockaddr::Sockaddr;
use crate::filter::argument::{self, is_path, Condition, Words};
use crate::filter::kernel_part::Unfiltered;
use crate::filter::text::Texts;
use crate::filter::ArgIndex;
use crate::output::structure::Detail;
use crate::output::text;

/// The part of the filters that the kernel side does not decide; or all of them, where no kernel side is.
#[derive(Debug, Default)]
pub struct Matcher {
    /// The kernel side's part, for records that it has not filtered.
    unfiltered: Option<Unfiltered>,
    container: Option<Texts>,
    path: Option<Texts>,
    events: BTreeMap<EventId, Vec<(ArgIndex, Condition)>>,
    /// A buffer, kept to reuse its memory.
    shown: String,
}

impl Matcher {
    pub fn new(
        container: Option<Texts>,
        path: Option<Texts>,
        events: BTreeMap<EventId, Vec<(ArgIndex, Condition)>>,
    ) -> Self {
        Matcher {
            unfiltered: None,
            container,
            path,
            events,
            shown: String::new(),
        }
    }

    /// Decides the kernel side's part, too.
    pub fn with(self, unfiltered: Unfiltered) -> Self {
        Matcher {
            unfiltered: (!unfiltered.is_empty()).then_some(unfiltered),
            ..self
        }
    }

    pub fn is_empty(&self) -> bool {
        self.unfiltered.is_none() && self.container.is_none() && self.path.is_none() && self.events.is_empty()
    }

    /// Whether the event is shown. It must have all its arguments.
    pub fn passes(&mut self, event: &Event<'_>) -> bool {
        if let Some(filters) = &self.unfiltered {
            if !filters.passes(event) {
                return false;
            }
        }
        if let Some(texts) = &self.container {
            if !container_passes(texts, event.container.as_deref()) {
                return false;
            }
        }
        if let Some(texts) = &self.path {
            if !texts.passes_cut(paths_of(event).iter().map(|(path, cut)| (path.as_slice(), *cut))) {
                return false;
            }
        }
        self.arguments_pass(event)
    }

    /// The same for events that tracee reports by itself, which belong to no traced process.
    pub fn arguments_pass(&mut self, event: &Event<'_>) -> bool {
        if let Some(filters) = &self.unfiltered {
            if !filters.arguments_pass(event) {
                return false;
            }
        }
        let Some(conditions) = self.events.get(&event.spec.id) else {
            return true;
        };
        let shown = &mut self.shown;
        conditions
            .iter()
            .all(|(index, condition)| argument_passes(condition, event.arg(*index), &event.context, shown))
    }
}

/// A path, and whether its beginning is missing.
type Found = (Vec<u8>, bool);

/// Paths among an event's arguments: as they were given, as a folder and a name, or as the kernel has them.
fn paths_of(event: &Event<'_>) -> Vec<Found> {
    let mut paths = Vec::new();
    // The folder that a relative path starts from.
    let mut folder: Option<Found> = None;
    for arg in &event.args {
        let open = arg.file.as_ref();
        let opened = open.and_then(|file| Some((file.path?.to_vec(), file.path_cut)));
        if arg.ty == ArgType::DirFd {
            paths.extend(folder.take());
            folder = opened;
            continue;
        }
        paths.extend(opened);
        paths.extend(open.and_then(|file| Some((file.unix?.to_vec(), false))));
        match &arg.value {
            Value::Path(path) => paths.push((path.to_vec(), arg.truncated)),
            Value::Str(text) if is_path(event.spec, arg.spec) => {
                // The kernel ignores the folder of an absolute path, and takes itself for an empty one.
                match folder.take() {
                    Some(folder) if text.is_empty() => paths.push(folder),
                    Some((folder, cut)) if !text.starts_with(b"/") => {
                        paths.push(([&folder, b"/".as_slice(), text].concat(), cut));
                    }
                    _ => {}
                }
                paths.push((text.to_vec(), false));
            }
            Value::Sockaddr(address) => paths.extend(unix_path(address)),
            Value::Msghdr(message) => paths.extend(message.address().as_ref().and_then(unix_path)),
            Value::Messages(messages) => paths.extend(
                messages
                    .iter()
                    .filter_map(|(message, _)| unix_path(&message.address()?)),
            ),
            _ => {}
        }
    }
    paths.extend(folder);
    paths
}

fn unix_path(address: &Sockaddr<'_>) -> Option<Found> {
    match address {
        Sockaddr::Unix(path) => Some((path.to_vec(), false)),
        _ => None,
    }
}

/// A container is known by its id, by the beginning of its id, and by its name. A user who makes a container chooses
/// both: then only the id can match, and `!=` never excludes it.
fn container_passes(texts: &Texts, container: Option<&Container>) -> bool {
    let Some(container) = container else {
        return texts.wanted.is_empty();
    };
    let vouched = container.is_vouched_for();
    let id = container.id.as_bytes();
    let name = container.name.as_deref().filter(|_| vouched);
    let matches = |patterns: &[super::text::Pattern]| {
        patterns.iter().any(|pattern| {
            let short = !pattern.is_open() && !pattern.text.is_empty() && id.starts_with(&pattern.text);
            short || pattern.matches(id) || name.is_some_and(|name| pattern.matches(name.as_bytes()))
        })
    };
    !(vouched && matches(&texts.excluded)) && (texts.wanted.is_empty() || matches(&texts.wanted))
}

fn argument_passes(
    condition: &Condition,
    arg: Option<&Arg<'_>>,
    context: &Context,
    shown: &mut String,
) -> bool {
    match condition {
        Condition::Numbers(numbers) => numbers.passes(arg.and_then(|arg| number(arg, context))),
        Condition::Texts(texts) => text_passes(texts, arg, context, shown),
        Condition::Words(words) => words_pass(words, arg, context, shown),
    }
}

/// The argument as a number, if it is a number and known.
fn number(arg: &Arg<'_>, context: &Context) -> Option<i128> {
    matches!(arg.value, Value::Number | Value::Pointer | Value::Null)
        .then(|| argument::compared(arg.ty, arg.raw, context.abi))
}

fn text_passes(texts: &Texts, arg: Option<&Arg<'_>>, context: &Context, shown: &mut String) -> bool {
    match arg.map(|arg| &arg.value) {
        None | Some(Value::Null | Value::Fault) => texts.passes([]),
        Some(Value::Str(bytes) | Value::Buffer(bytes)) => texts.passes([*bytes]),
        Some(Value::Strings(strings)) => texts.passes(strings.iter()),
        Some(Value::Path(path)) => {
            let cut = arg.is_some_and(|arg| arg.truncated);
            texts.passes_cut([(path.to_vec().as_slice(), cut)])
        }
        Some(_) => {
            show(shown, arg, context);
            texts.passes([shown.as_bytes()])
        }
    }
}

fn words_pass(words: &Words, arg: Option<&Arg<'_>>, context: &Context, shown: &mut String) -> bool {
    match arg {
        None => words.passes(None, None),
        Some(arg) if arg.value == Value::Fault => words.passes(None, None),
        Some(known) => {
            show(shown, arg, context);
            words.passes(Some(shown), number(known, context))
        }
    }
}

/// The argument as the tables show it with `--verbose-args`.
fn show(shown: &mut String, arg: Option<&Arg<'_>>, context: &Context) {
    shown.clear();
    if let Some(arg) = arg {
        text::push_arg(shown, arg, context, Detail::All);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::decode::file::OpenFile;
    use crate::decode::path::PathName;
    use crate::decode::strings::Strings;
    use crate::filter::compile::compile;
    use crate::filter::parse::{parse, Shown};
    use crate::wire::PATH_AT_ROOT;

    fn arg<'a>(event: &str, index: usize, raw: u64, value: Value<'a>) -> Arg<'a> {
        Arg::new(&catalogue::expect(event).args[index], raw, value)
    }

    /// Whether an event with these arguments passes user space's part of the filter.
    fn passes<'a>(filter: &str, event: &str, args: impl IntoIterator<Item = Arg<'a>>) -> bool {
        let spec = catalogue::expect(event);
        let filters = parse(&[filter.into()], &[spec], Shown::default()).unwrap();
        let (_, mut matcher) = compile(&filters, &[spec]);
        assert!(!matcher.is_empty(), "{filter}");
        let context = Context {
            event: spec.id,
            ..Context::default()
        };
        matcher.passes(&Event::new(spec, context, args.into_iter().collect()))
    }

    #[test]
    fn flags_and_names() {
        let open = |filter: &str, flags: u64| {
            let args = [
                arg("openat", 0, (-100i64) as u64, Value::Number),
                arg("openat", 1, 1, Value::Str(b"/lib/a.so")),
                arg("openat", 2, flags, Value::Number),
            ];
            passes(filter, "openat", args)
        };
        let create = 0o101; // O_WRONLY|O_CREAT
        assert!(open("openat.flags=O_CREAT", create));
        assert!(open("openat.flags=O_CREAT|O_WRONLY", create));
        assert!(open("openat.flags=O_EXCL,O_WRONLY", create));
        assert!(open("openat.flags=0101", create));
        assert!(open("openat.flags=O_WRONLY|*", create));
        assert!(!open("openat.flags=0100", create));
        assert!(!open("openat.flags=O_RDONLY", create));
        assert!(!open("openat.flags!=O_CREAT", create));
        assert!(open("openat.flags!=O_EXCL", create));
        assert!(open("openat.flags=O_RDONLY", 0));
        assert!(open("openat.dfd=AT_FDCWD", 0) && open("openat.dfd=-100", 0));
        assert!(open("openat.pathname=*.so,x", 0) && !open("openat.pathname=*.so.1", 0));
        let kill = |filter: &str| {
            passes(
                filter,
                "kill",
                [arg("kill", 0, 1, Value::Number), arg("kill", 1, 9, Value::Number)],
            )
        };
        assert!(kill("kill.sig=SIGKILL") && kill("kill.sig=9") && !kill("kill.sig!=SIGKILL"));
    }

    #[test]
    fn lists_paths_and_what_is_not_there() {
        let argv = |filter: &str, value| {
            passes(
                filter,
                "execve",
                [arg("execve", 0, 1, Value::Null), arg("execve", 1, 1, value)],
            )
        };
        assert!(argv(
            "execve.argv=-la",
            Value::Strings(Strings::new(b"ls\0-la\0"))
        ));
        assert!(!argv(
            "execve.argv=-l",
            Value::Strings(Strings::new(b"ls\0-la\0"))
        ));
        assert!(!argv("execve.argv=*", Value::Fault));
        assert!(argv("execve.argv!=x", Value::Fault));
        let path = Value::Path(PathName::new(PATH_AT_ROOT, b"passwd\0etc\0"));
        assert!(passes(
            "security_file_open.pathname=/etc/*",
            "security_file_open",
            [arg("security_file_open", 0, 0, path)]
        ));
    }

    /// Paths behind the folder that they are relative to, names of sockets, and paths whose beginning is missing.
    #[test]
    fn any_path_of_an_event() {
        let folder = || OpenFile {
            path: Some(PathName::new(PATH_AT_ROOT, b"dir\0srv\0")),
            ..OpenFile::default()
        };
        let openat = |filter: &str, name: &'static [u8]| {
            let dfd = Arg {
                file: Some(folder()),
                ..arg("openat", 0, 5, Value::Number)
            };
            passes(filter, "openat", [dfd, arg("openat", 1, 1, Value::Str(name))])
        };
        assert!(openat("path=/srv/dir/x", b"x") && openat("path=x", b"x"));
        assert!(openat("path=/srv/dir", b"") && !openat("path!=/srv/*", b"x"));
        // The kernel ignores the folder of an absolute path.
        assert!(!openat("path=/srv/*", b"/etc/shadow") && openat("path!=/srv/*", b"/etc/shadow"));
        let name = |event: &str| {
            let args = [arg(event, 0, 1, Value::Str(b"/mnt"))];
            passes("path=/mnt", event, args)
        };
        assert!(name("umount2") && name("acct") && name("chdir"));
        let address = Value::Sockaddr(Sockaddr::Unix(b"/run/s"));
        let connect = [arg("connect", 0, 3, Value::Number), arg("connect", 1, 1, address)];
        assert!(passes("path=/run/*", "connect", connect));
        // Of a path that is too long, the end is known.
        let cut = |filter: &str| {
            let path = Value::Path(PathName::new(0, b"prog\0deep\0"));
            let path = Arg {
                truncated: true,
                ..arg("security_file_open", 0, 0, path)
            };
            passes(filter, "security_file_open", [path])
        };
        assert!(cut("path=/tmp/*") && cut("security_file_open.pathname=/tmp/*") && cut("path=*prog"));
        assert!(cut("path!=/tmp/*") && !cut("path=*.so") && !cut("path!=*prog"));
    }

    #[test]
    fn containers_by_id_beginning_and_name() {
        let filter = |value: &str| {
            let filters = parse(&[value.into()], &[], Shown::default()).unwrap();
            filters.container.unwrap()
        };
        let web = Container {
            id: "0123456789abcdef".into(),
            name: Some("web-1".into()),
            ..Container::default()
        };
        for (value, in_web, on_host) in [
            ("container=0123", true, false),
            ("container=web-1", true, false),
            ("container=web*", true, false),
            ("container=web", false, false),
            ("container=*", true, false),
            ("container!=*", false, true),
            ("container!=web-1", false, true),
            ("container!=ff", true, true),
        ] {
            assert_eq!(container_passes(&filter(value), Some(&web)), in_web, "{value}");
            assert_eq!(container_passes(&filter(value), None), on_host, "{value}");
        }
        // A container that another user has made and named so.
        let theirs = Container {
            owner: nix::unistd::getuid().as_raw() + 1,
            ..web
        };
        for (value, passes) in [
            ("container=0123", true),
            ("container=web-1", false),
            ("container=*", true),
            ("container!=*", true),
            ("container!=web-1", true),
            ("container!=0123", true),
        ] {
            assert_eq!(container_passes(&filter(value), Some(&theirs)), passes, "{value}");
        }
    }
}
