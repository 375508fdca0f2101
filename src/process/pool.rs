//! Texts that processes share: one copy of each, and a limit for all of them.

use std::collections::HashSet;
use std::hash::Hash;
use std::rc::Rc;

use crate::decode::process::{Argv, Executable};

/// What each text takes beside its bytes.
const OVERHEAD: usize = 128;
/// Of the limit, command lines may take so much: paths of executables find room when those fill it.
const OF_ARGV: (usize, usize) = (3, 4);

/// A text of processes.
pub trait Shared: Eq + Hash + Sized {
    fn bytes(&self) -> usize;
    /// How many bytes of the limit texts of this kind may fill.
    fn limit(max: usize) -> usize;
    fn set(pool: &mut Pool) -> &mut HashSet<Rc<Self>>;
}

impl Shared for Executable {
    fn bytes(&self) -> usize {
        OVERHEAD + self.path.len()
    }

    fn limit(max: usize) -> usize {
        max
    }

    fn set(pool: &mut Pool) -> &mut HashSet<Rc<Self>> {
        &mut pool.executables
    }
}

impl Shared for Argv {
    fn bytes(&self) -> usize {
        OVERHEAD + self.len()
    }

    fn limit(max: usize) -> usize {
        max / OF_ARGV.1 * OF_ARGV.0
    }

    fn set(pool: &mut Pool) -> &mut HashSet<Rc<Self>> {
        &mut pool.argvs
    }
}

/// All texts of processes.
pub struct Pool {
    executables: HashSet<Rc<Executable>>,
    argvs: HashSet<Rc<Argv>>,
    bytes: usize,
    max: usize,
    /// Texts that found no room since those that nobody needs were looked for.
    refused: u32,
}

impl Pool {
    /// A pool for so many bytes.
    pub fn new(max: usize) -> Pool {
        Pool {
            executables: HashSet::new(),
            argvs: HashSet::new(),
            bytes: 0,
            max,
            refused: 0,
        }
    }

    /// How many bytes its texts take.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The one copy of a text; the text itself if there is no room for it.
    pub fn keep<T: Shared>(&mut self, text: T) -> Result<Rc<T>, T> {
        if let Some(kept) = T::set(self).get(&text) {
            return Ok(Rc::clone(kept));
        }
        let bytes = text.bytes();
        if self.bytes + bytes > T::limit(self.max) {
            return Err(text);
        }
        let kept = Rc::new(text);
        self.bytes += bytes;
        T::set(self).insert(Rc::clone(&kept));
        Ok(kept)
    }

    /// Takes back a text, and forgets it if nobody else has it.
    pub fn release<T: Shared>(&mut self, text: Rc<T>) {
        if Rc::strong_count(&text) == 2 && T::set(self).remove(&text) {
            self.bytes -= text.bytes();
        }
    }

    /// Forgets texts that nobody has: outputs have them for a while, also of processes that are forgotten. Looks for them
    /// only from time to time, since that takes long.
    pub fn sweep(&mut self) {
        const AFTER: u32 = 1024;
        self.refused += 1;
        if self.refused % AFTER != 1 {
            return;
        }
        fn sweep<T: Shared>(pool: &mut Pool) {
            let mut freed = 0;
            T::set(pool).retain(|text| {
                let needed = Rc::strong_count(text) > 1;
                freed += if needed { 0 } else { text.bytes() };
                needed
            });
            pool.bytes -= freed;
        }
        sweep::<Executable>(self);
        sweep::<Argv>(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(path: &str) -> Executable {
        Executable {
            path: path.into(),
            ..Executable::default()
        }
    }

    #[test]
    fn of_each_text_there_is_one_copy() {
        let mut pool = Pool::new(1 << 20);
        let one = pool.keep(executable("/a")).unwrap();
        let bytes = pool.bytes();
        let other = pool.keep(executable("/a")).unwrap();
        assert!(Rc::ptr_eq(&one, &other) && pool.bytes() == bytes);
        pool.release(one);
        assert_eq!(pool.bytes(), bytes);
        pool.release(other);
        assert_eq!(pool.bytes(), 0);
    }

    #[test]
    fn what_finds_no_room_is_given_back_and_command_lines_leave_some() {
        let mut pool = Pool::new(4 * (OVERHEAD + 2));
        let argv = |text: &[u8]| Argv::of_bytes(text, false);
        let argvs: Vec<_> = [b"a\0", b"b\0", b"c\0"]
            .map(|text| pool.keep(argv(text)).unwrap())
            .into();
        assert_eq!(pool.keep(argv(b"d\0")), Err(argv(b"d\0")));
        let path = pool.keep(executable("/a")).unwrap();
        assert_eq!(pool.keep(executable("/b")), Err(executable("/b")));
        // What others still have is not forgotten; what they no longer have is found.
        let of_output = Rc::clone(&path);
        pool.release(path);
        assert_eq!(pool.bytes(), 4 * (OVERHEAD + 2));
        drop((of_output, argvs));
        pool.sweep();
        assert_eq!(pool.bytes(), 0);
    }
}
