//! Conditions on an argument, by its type.

use crate::catalogue::spec::SelectSpec;
use crate::catalogue::{self, ArgSpec, ArgType, EventSpec};
use crate::filter::number::Numbers;
use crate::filter::text::{Pattern, Texts};
use crate::output::value::{number, Number};
use crate::symbols;

/// fcntl(2)
const AT_FDCWD: i32 = -100;

/// Conditions on one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Numbers(Numbers),
    Texts(Texts),
    Words(Words),
}

/// Conditions on a value that is shown in words: flags, names of values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// One of these must match, unless the list is empty.
    pub wanted: Vec<Word>,
    /// None of these may match.
    pub excluded: Vec<Word>,
    /// Conditions on the value as a number.
    pub numbers: Numbers,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The whole value.
    Number(i128),
    /// Names all of which are among those that are shown.
    Names(Vec<String>),
    /// What is shown, as a text.
    Pattern(Pattern),
}

impl Word {
    /// Whether the word matches a value with this text and this number.
    fn matches(&self, shown: &str, value: Option<i128>) -> bool {
        match self {
            Word::Number(number) => value == Some(*number),
            Word::Names(names) => names
                .iter()
                .all(|name| shown.split('|').any(|word| is_named(word, name))),
            Word::Pattern(pattern) => pattern.matches(shown.as_bytes()),
        }
    }
}

/// Sets of numbers show `1<<CAP_KILL`.
fn is_named(word: &str, name: &str) -> bool {
    word == name || word.strip_prefix("1<<") == Some(name)
}

impl Words {
    pub fn passes(&self, shown: Option<&str>, value: Option<i128>) -> bool {
        let Some(shown) = shown else {
            return self.wanted.is_empty() && self.numbers.passes(None);
        };
        if !self.numbers.passes(value) {
            return false;
        }
        let any = |words: &[Word]| words.iter().any(|word| word.matches(shown, value));
        !any(&self.excluded) && (self.wanted.is_empty() || any(&self.wanted))
    }
}

/// How a filter treats a type of argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number between these bounds, inclusive.
    Number(i128, i128),
    /// A value with names.
    Words,
    /// A text, or what is shown as one.
    Text,
}

pub fn kind(ty: ArgType) -> Kind {
    use ArgType::*;
    match ty {
        Int | Fd | Pid => Kind::Number(i32::MIN.into(), i32::MAX.into()),
        UInt | Uid | Gid => Kind::Number(0, u32::MAX.into()),
        Long | I64 | Off => Kind::Number(i64::MIN.into(), i64::MAX.into()),
        I16 => Kind::Number(i16::MIN.into(), i16::MAX.into()),
        U16 => Kind::Number(0, u16::MAX.into()),
        ULong | U64 | Size | Ptr | Hex | BootTime | EpochTime => Kind::Number(0, u64::MAX.into()),
        Bool
        | DirFd
        | Mode
        | Dev
        | UserDev
        | Signal
        | SigSet
        | WaitStatus
        | Flags(_)
        | LongFlags(_)
        | Enum(_)
        | SyscallNr
        | Select { .. } => Kind::Words,
        _ => Kind::Text,
    }
}

/// Names of texts that are paths.
const PATHS: [&str; 17] = [
    "pathname",
    "oldname",
    "newname",
    "path",
    "old_path",
    "new_path",
    "to_pathname",
    "from_pathname",
    "specialfile",
    "special",
    "dir_name",
    "dev_name",
    "new_root",
    "put_old",
    "library",
    "cmdpath",
    "interpreter",
];
/// Calls whose `name` is a path; that of others names something else.
const NAMES_PATHS: [&str; 4] = ["umount", "umount2", "acct", "name_to_handle_at"];

/// Whether an argument is a path.
pub fn is_path(event: &EventSpec, arg: &ArgSpec) -> bool {
    match arg.ty {
        ArgType::Path => true,
        ArgType::Str | ArgType::StrOut { .. } | ArgType::KernelStr => {
            PATHS.contains(&arg.name) || arg.name == "name" && NAMES_PATHS.contains(&event.name)
        }
        _ => false,
    }
}

/// Whether an argument may lead to a path: it is one, or what is open as an fd has one, or an address is one.
pub fn may_have_path(event: &EventSpec, arg: &ArgSpec) -> bool {
    use ArgType::*;
    is_path(event, arg)
        || matches!(
            arg.ty,
            Fd | DirFd
                | Sockaddr { .. }
                | SockaddrOut { .. }
                | KernelSockaddr
                | Msghdr(_)
                | Mmsghdr(..)
                | Select { .. }
        )
}

/// Bounds of a value with names that can also be compared as a number, since its order has a meaning.
pub fn compared_within(ty: ArgType) -> Option<(i128, i128)> {
    matches!(ty, ArgType::DirFd | ArgType::Signal).then_some((i32::MIN.into(), i32::MAX.into()))
}

/// The number that a name of this type stands for.
pub fn number_of(ty: ArgType, name: &str) -> Option<i128> {
    match ty {
        ArgType::Signal => (1..=64)
            .find(|signal| {
                let full = signal_name(*signal);
                full == name || full.strip_prefix("SIG") == Some(name)
            })
            .map(i128::from),
        ArgType::DirFd if name == "AT_FDCWD" => Some(AT_FDCWD.into()),
        _ => None,
    }
}

/// A register's value as a number of this type, as filters compare it.
pub fn compared(ty: ArgType, raw: u64, abi: u8) -> i128 {
    match number(ty, raw, abi) {
        Number::Signed(value) => value.into(),
        Number::Unsigned(value) => value.into(),
        Number::Bool(value) => value.into(),
    }
}

/// Names that a value of this type can have; `None`: any text is possible.
pub fn names(ty: ArgType) -> Option<Vec<String>> {
    let of = |names: &[&str]| Some(names.iter().map(|name| (*name).to_string()).collect());
    match ty {
        ArgType::Bool => of(&["true", "false"]),
        ArgType::DirFd => of(&["AT_FDCWD"]),
        ArgType::Signal => Some((1..=64).map(signal_name).collect()),
        ArgType::SyscallNr => Some(
            catalogue::events()
                .filter(|event| event.kind.is_syscall())
                .map(|event| event.name.into())
                .collect(),
        ),
        ArgType::Flags(table) | ArgType::LongFlags(table) | ArgType::Enum(table) => {
            Some(table.names().into_iter().map(String::from).collect())
        }
        ArgType::Select { table, .. } => selected_names(table),
        // Numbers have no names.
        _ if matches!(kind(ty), Kind::Number(..)) => Some(Vec::new()),
        _ => None,
    }
}

/// Names of every type that the argument may have.
fn selected_names(table: &SelectSpec) -> Option<Vec<String>> {
    table
        .cases
        .iter()
        .map(|(_, ty)| *ty)
        .chain([table.otherwise])
        .map(names)
        .try_fold(Vec::new(), |mut all, names| {
            all.extend(names?);
            Some(all)
        })
}

fn signal_name(signal: i32) -> String {
    let mut name = String::new();
    symbols::push_signal(&mut name, signal);
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::{file, socket};

    #[test]
    fn names_match_where_all_of_them_are_set() {
        let word = |names: &[&str]| Word::Names(names.iter().map(|name| (*name).into()).collect());
        let shown = "O_WRONLY|O_CREAT|O_CLOEXEC";
        assert!(word(&["O_CREAT"]).matches(shown, None));
        assert!(word(&["O_CLOEXEC", "O_WRONLY"]).matches(shown, None));
        assert!(!word(&["O_CREAT", "O_EXCL"]).matches(shown, None));
        assert!(!word(&["O_CREA"]).matches(shown, None));
        assert!(word(&["CAP_KILL"]).matches("1<<CAP_KILL|1<<CAP_CHOWN", None));
    }

    #[test]
    fn numbers_with_names_are_compared_too() {
        let mut words = Words::default();
        words.numbers.add(crate::filter::number::Op::Greater, 8);
        words.excluded.push(Word::Number(15));
        assert!(words.passes(Some("SIGSEGV"), Some(11)));
        assert!(!words.passes(Some("SIGKILL"), Some(8)));
        assert!(!words.passes(Some("SIGTERM"), Some(15)));
        assert!(!words.passes(None, None));
        assert_eq!(number_of(ArgType::Signal, "SIGKILL"), Some(9));
        assert_eq!(number_of(ArgType::DirFd, "AT_FDCWD"), Some(-100));
        assert_eq!(number_of(ArgType::Signal, "AT_FDCWD"), None);
    }

    /// A text of the catalogue is a path, or something else that is known here.
    #[test]
    fn texts_are_paths_or_are_known_not_to_be() {
        const OTHERS: [&str; 29] = [
            "name",
            "uargs",
            "u_name",
            "type",
            "prog_name",
            "buf",
            "_type",
            "_description",
            "way",
            "uname",
            "target",
            "symbol",
            "sha256",
            "runtime",
            "reason",
            "prev_comm",
            "name_user",
            "map_name",
            "kind",
            "image",
            "data",
            "container_id",
            "cmdline_ptr",
            "buffer",
            "artifact",
            "argument",
            "_key",
            "_fs_name",
            "_callout_info",
        ];
        for event in catalogue::events() {
            for arg in event.args {
                let text = matches!(arg.ty, ArgType::Str | ArgType::StrOut { .. } | ArgType::KernelStr);
                assert!(
                    !text || is_path(event, arg) || OTHERS.contains(&arg.name),
                    "{}.{}",
                    event.name,
                    arg.name
                );
            }
        }
        let path = |event: &str, index: usize| {
            let event = catalogue::expect(event);
            is_path(event, &event.args[index])
        };
        assert!(path("umount2", 0) && path("openat", 1) && !path("setxattr", 1) && path("setxattr", 0));
    }

    #[test]
    fn types_know_their_names() {
        let has = |ty, name: &str| names(ty).unwrap().iter().any(|known| known == name);
        assert!(has(ArgType::Flags(file::OPEN), "O_CREAT"));
        assert!(has(ArgType::Flags(file::OPEN), "O_RDWR"));
        assert!(has(ArgType::Signal, "SIGKILL"));
        assert!(has(ArgType::SyscallNr, "openat"));
        assert!(has(ArgType::Enum(socket::FAMILY), "AF_INET6"));
        assert!(!has(ArgType::Flags(file::OPEN), "O_CRAET"));
    }
}
