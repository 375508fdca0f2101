//! `--from`: blocks are skipped, and what is shown is the same.

use super::{header, openat, process, reader, rest, totals, Random, Run, Shown, BOTH, EPOCH, SECOND};
use crate::output::spec::Compression;
use crate::recording::write::TAIL;

/// Blocks whose records are a little out of order, also from one to the next; `set`: the clock is set now and then.
fn blocks(seed: u64, compression: Compression, set: bool) -> (Vec<u8>, Vec<Shown>, u64) {
    let mut random = Random(seed);
    let mut run = Run::new(compression, header());
    let mut spans = vec![(0, EPOCH)];
    let mut lost = 0;
    let mut time = SECOND;
    for _ in 0..40 {
        if set && random.below(4) == 0 {
            // By an hour, forward or back.
            let epoch = EPOCH + random.below(3) * 3600 * SECOND - 3600 * SECOND;
            spans.push((time, epoch));
            run.set_clock(spans.clone());
        }
        for _ in 0..random.below(12) {
            if set && random.below(9) == 0 {
                // Within a block, and often more than once.
                spans.push((time, EPOCH + random.below(9) * 3600 * SECOND));
                run.set_clock(spans.clone());
            }
            time += random.below(SECOND / 10);
            let pid = random.below(5) as u32;
            let late = random.below(SECOND / 4).min(time);
            run.record(Shown {
                record: openat(time - late, pid, b"f"),
                process: process(pid, format!("/bin/{pid}")),
                ..Shown::default()
            });
        }
        run.recorder.lose(2);
        lost += 2;
        run.wait();
    }
    let (bytes, shown) = run.finish(&totals(lost));
    (bytes, shown, lost)
}

fn same_as_filtered(bytes: &[u8], shown: &[Shown], lost: u64) {
    let walls = shown.iter().step_by(7).map(|shown| shown.wall);
    let others = [0, EPOCH, EPOCH + 1800 * SECOND, EPOCH + 7200 * SECOND, u64::MAX];
    for wall in walls.flat_map(|wall| [wall - 1, wall, wall + 1]).chain(others) {
        let mut reader = reader(bytes);
        reader.skip_to(wall).unwrap();
        let (all, _, counted) = rest(&mut reader);
        let later = |shown: &&Shown| shown.wall >= wall;
        let all: Vec<_> = all.iter().filter(later).collect();
        let expected: Vec<_> = shown.iter().filter(later).collect();
        assert_eq!(all.len(), expected.len(), "from {wall}");
        assert_eq!(all, expected, "from {wall}");
        assert_eq!(counted, lost, "from {wall}");
    }
}

#[test]
fn skipping_shows_what_reading_all_shows() {
    for compression in BOTH {
        for seed in 1..6 {
            let (bytes, shown, lost) = blocks(seed, compression, false);
            same_as_filtered(&bytes, &shown, lost);
        }
    }
}

#[test]
fn skipping_knows_of_clocks_that_were_set() {
    for seed in 1..20 {
        let (bytes, shown, lost) = blocks(seed, Compression::Lz4, true);
        same_as_filtered(&bytes, &shown, lost);
    }
}

/// Without its index, or with one that nobody can read, a recording is read from its beginning.
#[test]
fn without_an_index_all_is_read() {
    let (bytes, shown, lost) = blocks(3, Compression::Lz4, false);
    let tail = bytes.len() - TAIL.len() - 8;
    let index = u64::from_le_bytes(*bytes[tail..].first_chunk().unwrap()) as usize;
    same_as_filtered(&bytes[..index], &shown, lost);
    same_as_filtered(&bytes[..tail], &shown, lost);
    for at in [index, index + 4, index + 60, tail, bytes.len() - 1] {
        let mut wrong = bytes.clone();
        wrong[at] ^= 4;
        same_as_filtered(&wrong, &shown, lost);
    }
}

/// Most of it is really skipped: the block that is damaged is before.
#[test]
fn what_is_skipped_is_not_read() {
    let (mut bytes, shown, _) = blocks(3, Compression::Lz4, false);
    let begin = 16 + u32::from_le_bytes(*bytes[8..].first_chunk().unwrap()) as usize;
    bytes[begin + 60] ^= 1;
    let wall = shown.last().unwrap().wall;
    let mut reader = reader(&bytes);
    reader.skip_to(wall).unwrap();
    let (all, ..) = rest(&mut reader);
    assert!(all.len() < shown.len() / 2);
    assert_eq!(all.last().map(|shown| shown.wall), Some(wall));
}
