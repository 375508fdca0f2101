//! Hostile texts and numbers for tests.

/// Pieces of which hostile texts are made.
const PIECES: [&[u8]; 20] = [
    b"\"",
    b"\\",
    b", ",
    b": ",
    b"pathname: ",
    b"flags: O_WRONLY",
    b"]",
    b"[",
    b"...",
    b" (deleted)",
    b" (read late)",
    b"NULL",
    b"\n",
    b"\x1b[2J",
    b"\xff",
    "\u{202e}".as_bytes(),
    "ü".as_bytes(),
    b"\\\"",
    b"a",
    b">",
];

/// Numbers that look random, and are the same in each run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    pub fn number(&mut self) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn text(&mut self) -> Vec<u8> {
        (0..self.below(6))
            .flat_map(|_| PIECES[self.below(PIECES.len())])
            .copied()
            .collect()
    }
}
