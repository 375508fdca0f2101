//! The command after `--`: started at once, but held before its exec until it is traced.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::{access, dup2_stdout, execv, fork, pipe2, read, write, AccessFlags, ForkResult, Pid};

use crate::error::{CommandError, Error};
use crate::limits;
use crate::privilege::{self, as_user};
use crate::signals::Before;

/// A command that waits to be executed, or runs.
#[derive(Debug)]
pub struct Command {
    name: String,
    pid: Pid,
    /// A byte written here lets the process go on to its exec; closing this ends it.
    go: Option<OwnedFd>,
    /// Carries the error number of an exec that failed; closed by one that succeeded.
    failure: OwnedFd,
    /// Signals go here: its pid is another process's once it has ended.
    process: OwnedFd,
    status: Option<u8>,
}

/// A descriptor of a process, which becomes readable when the process ends (`pidfd_open(2)`).
pub fn open_process(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: a call with numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(fd) {
        // SAFETY: a new descriptor, which nobody else knows.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

impl Command {
    /// Forks the process that will become the command. Must be called before any thread is started.
    ///
    /// `stdout_is_ours`: an output of tracee's goes to standard output, and what the command writes there goes to standard
    /// error.
    pub fn prepare(words: &[OsString], signals: &Before, stdout_is_ours: bool) -> Result<Command, Error> {
        let path = as_user(|| find(&words[0]))??;
        Ok(Command::fork(words, path, signals, stdout_is_ours)?)
    }

    fn fork(
        words: &[OsString],
        path: PathBuf,
        signals: &Before,
        stdout_is_ours: bool,
    ) -> Result<Command, CommandError> {
        let name = words[0].to_string_lossy().into_owned();
        let c_string = |bytes: Vec<u8>| {
            CString::new(bytes).map_err(|error| CommandError::Start(io::Error::other(error)))
        };
        let path = c_string(path.into_os_string().into_vec())?;
        let argv: Vec<CString> = words
            .iter()
            .map(|word| c_string(word.as_bytes().to_vec()))
            .collect::<Result<_, _>>()?;
        let start = |errno: Errno| CommandError::Start(errno.into());
        let (wait, go) = pipe2(OFlag::O_CLOEXEC).map_err(start)?;
        let (failure, report) = pipe2(OFlag::O_CLOEXEC).map_err(start)?;
        // SAFETY: no thread but this one exists yet, so that the child may do what the parent may.
        match unsafe { fork() }.map_err(start)? {
            ForkResult::Parent { child } => Ok(Command {
                name,
                pid: child,
                go: Some(go),
                failure,
                process: open_process(child.as_raw().unsigned_abs()).map_err(CommandError::Start)?,
                status: None,
            }),
            ForkResult::Child => {
                drop(go);
                drop(failure);
                if stdout_is_ours {
                    // Without standard error it has nowhere to write to.
                    let _ = dup2_stdout(io::stderr());
                }
                signals.restore();
                limits::restore();
                become_command(&path, &argv, &wait, &report)
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// The descriptor by which signals reach it.
    pub fn process(&self) -> BorrowedFd<'_> {
        self.process.as_fd()
    }

    /// Lets the process go on to its exec, and waits until the exec is done.
    pub fn start(&mut self) -> Result<(), CommandError> {
        let start = |errno: Errno| CommandError::Start(errno.into());
        if let Some(go) = self.go.take() {
            write(&go, &[0]).map_err(start)?;
        }
        let mut errno = [0; 4];
        match read(&self.failure, &mut errno).map_err(start)? {
            0 => Ok(()),
            _ => Err(CommandError::NotExecutable {
                command: self.name.clone(),
                source: io::Error::from_raw_os_error(i32::from_ne_bytes(errno)),
            }),
        }
    }

    /// The command's exit status once it has ended, as a shell has it: 128 and the signal's number for a command that
    /// was killed.
    pub fn status(&mut self) -> Option<u8> {
        if self.status.is_none() {
            self.status = match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, code)) => Some(code.to_le_bytes()[0]),
                Ok(WaitStatus::Signaled(_, signal, _)) => Some((128 + signal as i32).to_le_bytes()[0]),
                _ => None,
            };
        }
        self.status
    }
}

/// The child: waits for its parent's byte, then executes.
fn become_command(path: &CString, argv: &[CString], wait: &OwnedFd, failure: &OwnedFd) -> ! {
    let mut word = [0];
    if privilege::become_user().is_ok() && read(wait, &mut word) == Ok(1) {
        let Err(errno) = execv(path, argv);
        let _ = write(failure, &(errno as i32).to_ne_bytes());
    }
    // SAFETY: _exit(2) may be called at any time; exit handlers are the parent's.
    unsafe { libc::_exit(127) }
}

/// The file that a shell would execute for this word; a word that names none is an error before anything else happens.
fn find(word: &OsStr) -> Result<PathBuf, CommandError> {
    let name = || word.to_string_lossy().into_owned();
    if word.as_bytes().contains(&b'/') {
        let path = PathBuf::from(word);
        let executable = match access(&path, AccessFlags::X_OK) {
            Ok(()) if path.is_dir() => Err(Errno::EISDIR),
            checked => checked,
        };
        return executable
            .map(|()| path)
            .map_err(|errno| CommandError::NotExecutable {
                command: name(),
                source: errno.into(),
            });
    }
    let executable = |path: &Path| path.is_file() && access(path, AccessFlags::X_OK).is_ok();
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(word))
        .find(|path| executable(path))
        .ok_or_else(|| CommandError::NotFound(name()))
}
