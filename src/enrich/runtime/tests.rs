use super::*;
use std::io::Write;
use std::os::unix::net::UnixListener;

/// What dockerd 20.10 answers, as far as it matters.
#[test]
fn a_name_from_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let n = stream.read(&mut request).unwrap();
        stream
            .write_all(
                b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n\
                  [{\"Id\":\"abc\",\"Names\":[\"/web\"],\"Image\":\"nginx:1\"}]\n",
            )
            .unwrap();
        String::from_utf8_lossy(&request[..n]).into_owned()
    });
    let own = nix::unistd::geteuid().as_raw();
    let mut late = false;
    // A limit that a busy machine does not come near.
    let place = Place::of_root(&path, own, Duration::from_secs(60));
    let answer = listed(&[place], "abc", "docker", &mut late).unwrap();
    let request = server.join().unwrap();
    assert!(
        request.starts_with("GET /containers/json?all=true&filters="),
        "{request}"
    );
    assert!(!late);
    assert_eq!(
        answer,
        Answer {
            id: "abc".into(),
            runtime: Some("docker"),
            name: Some("web".into()),
            image: Some("nginx:1".into()),
            ..Answer::default()
        }
    );
}

#[test]
fn what_is_too_long_is_cut_and_marked() {
    let name = |text: &str| name_of(Some(text));
    assert_eq!((name(""), name("web")), (None, Some("web".into())));
    let fits = "n".repeat(NAME_MAX);
    assert_eq!(name(&fits), Some(fits.clone()));
    assert_eq!(
        name(&format!("{fits}n")),
        Some(format!("{}…", &fits[..NAME_MAX - 3]))
    );
    // Never within a character.
    for (long, left) in [("ä", 126), ("aä", 84)] {
        assert_eq!(name(&long.repeat(1000)), Some(format!("{}…", long.repeat(left))));
    }
    let image = image_of(Some(&"i".repeat(1 << 20))).unwrap();
    assert!(image.len() == IMAGE_MAX && image.ends_with('…'));
}

/// Only the owner's sockets are asked for names of a user's containers.
#[test]
fn users_name_their_own() {
    for (variable, roots, users) in [
        ("NO_SUCH_HOST", "/run/docker.sock", "docker.sock"),
        ("NO_SUCH_HOST", "/run/podman/podman.sock", "podman/podman.sock"),
    ] {
        let root = Place::of_root(roots, 0, TIME_LIMIT);
        assert_eq!(places(0, variable, roots, users), [root]);
        let user = Place::of_user("run/user/1000", users, 1000, USERS_TIME_LIMIT);
        assert_eq!(places(1000, variable, roots, users), [user]);
    }
}

#[test]
fn whoever_was_late_is_let_be_for_a_while() {
    let question = Question {
        id: "abc".into(),
        owner: 54321,
        runtime: "podman".into(),
    };
    let mut paused = Paused::default();
    assert!(!paused.ask(&question).late);
    paused.0.insert(54321, Instant::now());
    assert!(paused.ask(&question).late);
}
