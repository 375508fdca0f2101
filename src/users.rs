//! Names of users, by `/etc/passwd` of our own root.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

/// At most so many bytes of the file are read: a machine with more users shows numbers for the last ones.
const PASSWD_MAX: u64 = 1 << 20;

/// Names by user id.
#[derive(Debug, Clone, Default)]
pub struct Users {
    names: BTreeMap<u32, String>,
    ids: HashMap<String, u32>,
    /// The mount namespace that the file is seen in. In another one the same number may be another user, and whoever made
    /// that namespace decides what it is called: numbers are shown there.
    namespace: Option<u64>,
}

impl Users {
    /// The users of this machine; none if the file cannot be read.
    pub fn read() -> Users {
        let mut text = Vec::new();
        if let Ok(file) = File::open("/etc/passwd") {
            // Lines that could not be read have no users.
            let _ = file.take(PASSWD_MAX).read_to_end(&mut text);
        }
        let (names, ids) = names(&text);
        Users {
            names,
            ids,
            namespace: fs::metadata("/proc/self/ns/mnt").ok().map(|stat| stat.ino()),
        }
    }

    /// Users as they were where and when something was recorded; names that are none are left out.
    pub fn recorded(names: &BTreeMap<u32, String>, namespace: Option<u64>) -> Users {
        let names: BTreeMap<_, _> = names
            .iter()
            .filter(|(_, name)| is_name(name))
            .map(|(uid, name)| (*uid, name.clone()))
            .collect();
        Users {
            ids: names.iter().map(|(uid, name)| (name.clone(), *uid)).collect(),
            names,
            namespace,
        }
    }

    /// Names by id.
    pub fn names(&self) -> &BTreeMap<u32, String> {
        &self.names
    }

    /// The mount namespace in which the names count.
    pub fn namespace(&self) -> Option<u64> {
        self.namespace
    }

    /// The id of the user with this name.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }

    /// The name of a user of a process in that mount namespace.
    pub fn name(&self, uid: u32, mount_namespace: u32) -> Option<&str> {
        let ours = self.namespace == Some(mount_namespace.into());
        self.names.get(&uid).filter(|_| ours).map(String::as_str)
    }
}

/// Names and ids of a file as passwd(5) has it; of several lines for one user, or one name, the first counts, as for
/// getpwuid(3) and getpwnam(3). A last line without its newline may have been cut: it does not count.
fn names(text: &[u8]) -> (BTreeMap<u32, String>, HashMap<String, u32>) {
    let (mut names, mut ids) = (BTreeMap::new(), HashMap::new());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else {
            continue;
        };
        let mut fields = line.split(|byte| *byte == b':');
        let (Some(name), Some(uid)) = (fields.next(), fields.nth(1)) else {
            continue;
        };
        let uid = std::str::from_utf8(uid)
            .ok()
            .and_then(|uid| uid.parse::<u32>().ok());
        let name = std::str::from_utf8(name).ok().filter(|name| is_name(name));
        if let (Some(uid), Some(name)) = (uid, name) {
            names.entry(uid).or_insert_with(|| name.to_owned());
            ids.entry(name.to_owned()).or_insert(uid);
        }
    }
    (names, ids)
}

/// Whether it cannot be taken for a number, nor for several columns.
fn is_name(name: &str) -> bool {
    let usual = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '$');
    // useradd(8) allows 32 characters.
    (1..=32).contains(&name.len())
        && name.chars().all(usual)
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_passwd() {
        let text = b"root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:\n+::::::\n\nbad\n1000:x:5:5:::\na b:x:6:6:::\nal:x:7:\nmany:x:99999999999:\ncut:x:10";
        let (names, ids) = names(text);
        assert_eq!(names.get(&0).map(String::as_str), Some("root"));
        assert_eq!(names.get(&7).map(String::as_str), Some("al"));
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(ids.get("toor"), Some(&0));
        assert_eq!(ids.len(), 3, "{ids:?}");
    }

    #[test]
    fn other_namespaces_have_other_users() {
        let users = Users {
            names: BTreeMap::from([(0, "root".into())]),
            namespace: Some(7),
            ..Users::default()
        };
        assert_eq!(users.name(0, 7), Some("root"));
        assert_eq!(users.name(0, 8), None);
        assert_eq!(users.name(1, 7), None);
    }
}
