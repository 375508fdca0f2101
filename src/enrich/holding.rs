//! Records that wait for their containers' names: for a moment, and in bounded memory.
//!
//! A held record is shown in the end, even if its container has gone meanwhile; a record that finds no room is shown at
//! once, without a name.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::time::{Duration, Instant};

/// Records are held no longer than this for a name that is only to be shown.
const HOLD: Duration = Duration::from_millis(500);
/// The same limit once tracing has ended.
pub const HOLD_AT_END: Duration = Duration::from_millis(300);
/// The limit for a name that decides whether the records are shown at all.
const HOLD_UNDECIDED: Duration = Duration::from_secs(3);
/// Limit of held bytes for one container.
const HELD_MAX: usize = 8 << 20;
/// Limit of held bytes for all of root's containers, and for all of users': users may fill only their own.
const HELD_IN_ALL: usize = 32 << 20;

/// A container whose name has been asked for.
#[derive(Debug)]
struct Waiting {
    users: bool,
    /// Whether its records need not be held any longer. Those that are held are released first.
    due: bool,
    held: Vec<u8>,
    /// Where each record in `held` ends (bytes).
    ends: Vec<usize>,
}

/// Containers whose records are held, by their keys.
#[derive(Debug, Default)]
pub struct Holding {
    waiting: HashMap<u64, Waiting>,
    /// When waiting for each of them ends.
    deadlines: BinaryHeap<Reverse<(Instant, u64)>>,
    due: Vec<u64>,
    /// Keys of containers that have held records.
    holding: HashSet<u64>,
    /// Held bytes, of root's containers and of users'.
    bytes: [usize; 2],
    ended: bool,
}

impl Holding {
    /// Starts holding records of that container, until the answer arrives or its time is over. `users`: a user has made
    /// it; `undecided`: its name decides whether they are shown.
    pub fn begin(&mut self, key: u64, users: bool, undecided: bool) {
        if self.ended {
            return;
        }
        let limit = if undecided { HOLD_UNDECIDED } else { HOLD };
        self.deadlines.push(Reverse((Instant::now() + limit, key)));
        let waiting = Waiting {
            users,
            due: false,
            held: Vec::new(),
            ends: Vec::new(),
        };
        self.waiting.insert(key, waiting);
    }

    /// Holds a record of that container, if it has to wait. Returns whether it does.
    pub fn hold(&mut self, key: u64, record: &[u8]) -> bool {
        let Some(waiting) = self.waiting.get_mut(&key) else {
            return false;
        };
        let bytes = &mut self.bytes[usize::from(waiting.users)];
        if waiting.held.len() + record.len() > HELD_MAX || *bytes + record.len() > HELD_IN_ALL {
            // The record waits behind those that are held already, which the next round releases.
            if waiting.ends.is_empty() {
                return false;
            }
            self.give_up(key);
            return self.append(key, record);
        }
        self.append(key, record)
    }

    fn append(&mut self, key: u64, record: &[u8]) -> bool {
        let Some(waiting) = self.waiting.get_mut(&key) else {
            return false;
        };
        waiting.held.extend_from_slice(record);
        waiting.ends.push(waiting.held.len());
        self.bytes[usize::from(waiting.users)] += record.len();
        self.holding.insert(key);
        true
    }

    fn give_up(&mut self, key: u64) {
        if let Some(waiting) = self.waiting.get_mut(&key).filter(|waiting| !waiting.due) {
            waiting.due = true;
            self.due.push(key);
        }
    }

    /// The answer has arrived.
    pub fn answered(&mut self, key: u64) {
        self.give_up(key);
    }

    /// From now on nothing is held.
    pub fn end(&mut self) {
        self.ended = true;
        for key in self.waiting.keys().copied().collect::<Vec<_>>() {
            self.give_up(key);
        }
    }

    /// Whether records of that container wait.
    pub fn has(&self, key: u64) -> bool {
        self.waiting.contains_key(&key)
    }

    /// Whether any record waits.
    pub fn holds(&self) -> bool {
        !self.holding.is_empty()
    }

    /// Returns the records that need not wait any longer, with the keys of their containers.
    pub fn released(&mut self) -> Vec<(u64, Vec<u8>)> {
        let now = Instant::now();
        while let Some(Reverse((deadline, key))) = self.deadlines.peek().copied() {
            if deadline > now {
                break;
            }
            self.deadlines.pop();
            self.give_up(key);
        }
        let mut released = Vec::new();
        for key in std::mem::take(&mut self.due) {
            let Some(waiting) = self.waiting.remove(&key) else {
                continue;
            };
            self.holding.remove(&key);
            self.bytes[usize::from(waiting.users)] -= waiting.held.len();
            let starts = [0].into_iter().chain(waiting.ends.iter().copied());
            for (start, end) in starts.zip(waiting.ends.iter().copied()) {
                released.push((key, waiting.held[start..end].to_vec()));
            }
        }
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(holding: &mut Holding) -> Vec<u64> {
        holding.released().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn until_the_answer_and_in_order() {
        let mut holding = Holding::default();
        holding.begin(1, false, false);
        assert!(!holding.hold(2, b"no"));
        assert!(holding.hold(1, b"one") && holding.hold(1, b"two"));
        assert!(holding.holds() && keys(&mut holding).is_empty());
        holding.answered(1);
        // It waits behind the others, as long as they are held.
        assert!(holding.hold(1, b"three"));
        let released: Vec<_> = holding.released().into_iter().map(|(_, record)| record).collect();
        assert_eq!(released, [&b"one"[..], b"two", b"three"]);
        assert!(!holding.holds() && !holding.hold(1, b"four"));
    }

    #[test]
    fn no_longer_than_the_time() {
        let mut holding = Holding::default();
        holding.begin(1, true, false);
        holding.begin(2, true, true);
        assert!(holding.hold(1, b"a") && holding.hold(2, b"b"));
        std::thread::sleep(HOLD);
        assert_eq!(keys(&mut holding), [1]);
        holding.end();
        assert_eq!(keys(&mut holding), [2]);
        holding.begin(3, false, false);
        assert!(!holding.hold(3, b"c"));
    }

    /// What one container, or all of users', may fill is bounded, and leaves root's part free.
    #[test]
    fn no_more_than_fits() {
        let mut holding = Holding::default();
        let record = vec![0; 1 << 20];
        let fill = |holding: &mut Holding, key: u64| {
            for _ in 0..100 {
                if holding.hold(key, &record) {
                    holding.released();
                }
            }
        };
        for key in 1..=10 {
            holding.begin(key, true, false);
            // The ninth record finds no room: all of the container's are released.
            assert!(holding.bytes[1] <= HELD_IN_ALL);
            fill(&mut holding, key);
        }
        assert_eq!(holding.bytes, [0, 0]);
        for key in 1..=10 {
            holding.begin(key, true, false);
            for _ in 0..7 {
                holding.hold(key, &record);
            }
        }
        assert!(holding.bytes[1] <= HELD_IN_ALL + 10 * record.len());
        holding.begin(11, false, false);
        assert!(holding.hold(11, &record));
        assert_eq!(holding.bytes[0], record.len());
    }
}
