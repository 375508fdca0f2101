//! Where outputs go, and where they do not.

use super::*;
use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{chown, symlink, MetadataExt, PermissionsExt};

const NOBODY: u32 = 65534;

#[test]
fn files_are_for_us_alone_unless_told_otherwise() {
    let base = tempfile::tempdir().unwrap();
    let path = |name: &str| base.path().join(name);
    let mode = |name: &str| fs::metadata(path(name)).unwrap().mode() & 0o7777;
    file(&path("new"), None).unwrap();
    file(&path("shared"), Some(0o644)).unwrap();
    assert_eq!((mode("new"), mode("shared")), (0o600, 0o644));
    // An existing file keeps its permissions, unless `mode` says otherwise.
    fs::set_permissions(path("new"), fs::Permissions::from_mode(0o640)).unwrap();
    file(&path("new"), None).unwrap();
    assert_eq!(mode("new"), 0o640);
    file(&path("new"), Some(0o604)).unwrap();
    assert_eq!(mode("new"), 0o604);
}

#[test]
fn what_was_there_goes_and_what_is_truncated_leaves_no_hole() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("file");
    fs::write(&path, "old").unwrap();
    let mut file = super::file(&path, None).unwrap().file;
    file.write_all(b"one").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one");
    fs::write(&path, "").unwrap();
    file.write_all(b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
}

#[test]
fn what_others_may_have_put_there_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let path = |name: &str| base.path().join(name);
    let folder = |name: &str, mode: u32, owner: Option<u32>| {
        fs::create_dir(path(name)).unwrap();
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
        chown(path(name), owner, None).unwrap();
    };
    let refused = |name: &str, said: &str| {
        let message = file(&path(name), None).unwrap_err();
        assert!(message.contains(said), "{name}: {message}");
    };
    fs::write(path("kept"), "kept").unwrap();
    folder("ours", 0o755, None);
    folder("sticky", 0o1777, None);
    for name in ["ours", "sticky"] {
        fs::hard_link(path("kept"), path(name).join("hard")).unwrap();
        symlink("real", path(name).join("soft")).unwrap();
        fs::write(path(name).join("own"), "").unwrap();
        assert!(file(&path(name).join("own"), None).is_ok());
    }
    refused("sticky/hard", "another name");
    refused("ours", "a folder");
    assert_eq!(fs::read(path("kept")).unwrap(), b"kept");
    // Our own links are followed.
    assert!(file(&path("ours/hard"), None).is_ok());
    assert!(file(&path("ours/soft"), None).is_ok());
    if !geteuid().is_root() {
        return;
    }
    fs::write(path("sticky/theirs"), "theirs").unwrap();
    chown(path("sticky/theirs"), Some(NOBODY), None).unwrap();
    refused("sticky/theirs", "belongs to uid 65534");
    nix::unistd::mkfifo(&path("sticky/fifo"), Mode::S_IRWXU).unwrap();
    chown(path("sticky/fifo"), Some(NOBODY), None).unwrap();
    refused("sticky/fifo", "belongs to uid 65534");
    std::os::unix::fs::lchown(path("ours/soft"), Some(NOBODY), None).unwrap();
    refused("ours/soft", "link of uid 65534");
    // In another user's own folder a file may be anybody's by a hard link.
    folder("theirs", 0o755, Some(NOBODY));
    fs::hard_link(path("kept"), path("theirs/hard")).unwrap();
    refused("theirs/hard", "another name");
    fs::write(path("theirs/file"), "").unwrap();
    chown(path("theirs/file"), Some(NOBODY), None).unwrap();
    assert!(file(&path("theirs/file"), None).is_ok());
}

#[test]
fn files_are_rotated_and_what_others_put_there_is_left_alone() {
    let base = tempfile::tempdir().unwrap();
    let path = |name: &str| base.path().join(name);
    let write = |opened: &mut Opened, text: &str| opened.file.write_all(text.as_bytes()).unwrap();
    let mut opened = file(&path("rec"), Some(0o640)).unwrap();
    for text in ["1", "2", "3", "4"] {
        write(&mut opened, text);
        let place = opened.place.as_ref().unwrap();
        opened = renamed(place, &opened.file, Some(0o640), 2).unwrap();
    }
    write(&mut opened, "5");
    let text = |name: &str| fs::read_to_string(path(name)).unwrap();
    assert_eq!(
        (text("rec"), text("rec.1"), text("rec.2")),
        ("5".into(), "4".into(), "3".into())
    );
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 3);
    assert_eq!(fs::metadata(path("rec")).unwrap().mode() & 0o777, 0o640);
    // A folder, and a file in its place: nothing is renamed, and what is written goes on.
    fs::remove_file(path("rec.2")).unwrap();
    fs::create_dir(path("rec.2")).unwrap();
    let refused = |opened: &Opened, said: &str| {
        let reason = renamed(opened.place.as_ref().unwrap(), &opened.file, None, 2).unwrap_err();
        assert!(reason.contains(said), "{reason}");
    };
    refused(&opened, "rec.2 is in the way");
    write(&mut opened, "6");
    assert_eq!((text("rec"), text("rec.1")), ("56".into(), "4".into()));
    fs::remove_dir(path("rec.2")).unwrap();
    fs::rename(path("rec"), path("moved")).unwrap();
    fs::write(path("rec"), "other").unwrap();
    refused(&opened, "taken its place");
    assert_eq!(text("rec"), "other");
    if !geteuid().is_root() {
        return;
    }
    fs::rename(path("moved"), path("rec")).unwrap();
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    chown(path("rec.1"), Some(NOBODY), None).unwrap();
    refused(&opened, "belongs to uid 65534");
    assert_eq!(text("rec"), "56");
}

#[test]
fn what_is_not_open_is_told() {
    let spec = |fd| OutputSpec {
        target: Target::Fd(fd),
        ..OutputSpec::default()
    };
    assert!(check_inherited(&[spec(2)]).is_ok());
    let message = check_inherited(&[spec(999_999)]).unwrap_err().to_string();
    assert!(message.contains("&999999: nothing is open"), "{message}");
    let read = File::open("/dev/null").unwrap();
    let message = check_inherited(&[spec(read.as_raw_fd())])
        .unwrap_err()
        .to_string();
    assert!(message.contains("reading only"), "{message}");
}
