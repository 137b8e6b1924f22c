//! Damage of the write-ahead log. SQLite takes the first frame that does not fit for the end of the
//! log, because that is what a write leaves that lost its power: one flipped bit costs everything
//! that was committed after it, in silence. Here the two are told apart. A commit is on disk before
//! the next one begins, so what was torn is in the last one; where another commit follows behind a
//! frame that does not fit, that frame was damaged later.
//!
//! Damage within the last commit looks like a torn one and is not found.
//!
//! The format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use crate::error::StoreError;

/// Looks through the log at `path`, if there is one, of a database with pages of this many bytes.
/// Nobody may write it meanwhile.
///
/// # Errors
/// - [`StoreError::Damaged`]: something that was committed is lost.
/// - [`StoreError::Unavailable`]: the log cannot be read.
pub(super) fn check(path: &Path, page_bytes: usize) -> Result<(), StoreError> {
    match File::open(path).map(|file| damage(BufReader::new(file), page_bytes)) {
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(what))) => Err(StoreError::damaged(what)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(Err(error)) | Err(error) => Err(StoreError::unavailable(error)),
    }
}

/// What is wrong with a log, if anything is.
fn damage(mut log: impl Read, page_bytes: usize) -> io::Result<Option<String>> {
    let mut page = vec![0; page_bytes];
    let mut bytes = [0; HEADER_BYTES];
    if !read_whole(&mut log, &mut bytes)? {
        return Ok(None);
    }
    let header = Header::of(&bytes);
    if !header.fits {
        // It is on disk before the first frame is written, and that one goes on from it.
        let of_this_log = Frame::read(&mut log, &mut page)?.is_some_and(|frame| {
            header.sums.iter().any(|&(order, sum)| frame.sum == frame.right_sum(order, sum, &page))
        });
        return Ok(of_this_log.then(|| "its write-ahead log has a damaged header".to_owned()));
    }
    let (order, sum) = header.sums[0];
    // What a frame may go on from: the sum that is written in the one before, and the right one.
    let mut before = [sum; 2];
    let mut before_commits = false;
    let mut first_unfit = None;
    for number in 1_u64.. {
        let Some(frame) = Frame::read(&mut log, &mut page)? else { break };
        let right = before.map(|sum| frame.right_sum(order, sum, &page));
        let fits = frame.salts == header.salts && right.contains(&frame.sum);
        match first_unfit {
            None if !fits => first_unfit = Some(number),
            Some(unfit) if fits && before_commits => {
                let what = format!("frame {unfit} of its write-ahead log is damaged");
                return Ok(Some(what));
            }
            _ => {}
        }
        before = [frame.sum, right[0]];
        before_commits = frame.commits;
    }
    Ok(None)
}

/// A running checksum.
type Sum = [u32; 2];

/// The order of bytes in which checksums read their input.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

struct Header {
    salts: [u32; 2],
    /// Whether it is whole.
    fits: bool,
    /// What the first frame may go on from: the first of these, if the header is whole.
    sums: [(Order, Sum); 3],
}

impl Header {
    fn of(bytes: &[u8; HEADER_BYTES]) -> Self {
        let magic = number(bytes, 0);
        let (order, other) = if magic == MAGIC_BIG {
            (Order::Big, Order::Little)
        } else {
            (Order::Little, Order::Big)
        };
        let written = [number(bytes, 24), number(bytes, 28)];
        let right = checksum(order, [0; 2], &bytes[..24]);
        Self {
            salts: [number(bytes, 16), number(bytes, 20)],
            fits: written == right && [MAGIC_LITTLE, MAGIC_BIG].contains(&magic),
            sums: [(order, written), (order, right), (other, written)],
        }
    }
}

struct Frame {
    bytes: [u8; FRAME_HEADER_BYTES],
    commits: bool,
    salts: [u32; 2],
    sum: Sum,
}

impl Frame {
    /// The next frame, its page in `page`; none at the end.
    fn read(log: &mut impl Read, page: &mut [u8]) -> io::Result<Option<Self>> {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        let is_whole = read_whole(log, &mut bytes)? && read_whole(log, page)?;
        Ok(is_whole.then(|| Self {
            bytes,
            // The size of the database, which is left out in all frames of a commit but the last.
            commits: number(&bytes, 4) != 0,
            salts: [number(&bytes, 8), number(&bytes, 12)],
            sum: [number(&bytes, 16), number(&bytes, 20)],
        }))
    }

    /// The checksum of the frame with this page, behind a frame with the checksum `before`.
    fn right_sum(&self, order: Order, before: Sum, page: &[u8]) -> Sum {
        checksum(order, checksum(order, before, &self.bytes[..8]), page)
    }
}

fn checksum(order: Order, [mut one, mut two]: Sum, bytes: &[u8]) -> Sum {
    let (words, _) = bytes.as_chunks::<8>();
    for &[a, b, c, d, e, f, g, h] in words {
        let (first, second) = match order {
            Order::Little => (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])),
            Order::Big => (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])),
        };
        one = one.wrapping_add(first).wrapping_add(two);
        two = two.wrapping_add(second).wrapping_add(one);
    }
    [one, two]
}

fn number<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// Fills `bytes`; false if the log ends before.
fn read_whole(log: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// How a log begins whose checksums read the orders of bytes that are named.
const MAGIC_LITTLE: u32 = 0x377f_0682;
const MAGIC_BIG: u32 = 0x377f_0683;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Change, Kind, Record, RecordId};
    use crate::{SqliteStore, Store as _};

    const PAGE: usize = 4096;
    const FRAME: usize = FRAME_HEADER_BYTES + PAGE;

    /// A log of several commits, each of several frames, and where the last one begins.
    async fn log_of_commits() -> (Vec<u8>, usize) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = SqliteStore::open(&path).await.unwrap();
        let (mut log, mut last) = (Vec::new(), 0);
        for name in ["one", "two", "three", "four"] {
            last = log.len();
            let id = RecordId {
                kind: Kind::Key,
                account: String::new(),
                region: String::new(),
                name: name.to_owned(),
            };
            let record =
                Record { id, version: 1, sealed: vec![7; 9000], owner: None, due_at: None };
            store.commit(vec![Change::Put(record)]).await.unwrap();
            store.check().await.unwrap();
            log = std::fs::read(path.with_extension("db-wal")).unwrap();
        }
        assert!(log.len() - last >= 3 * FRAME);
        (log, last)
    }

    #[tokio::test]
    async fn a_bit_flipped_before_the_last_commit_is_found() {
        let (mut log, last) = log_of_commits().await;
        assert_eq!(damage(&*log, PAGE).unwrap(), None);
        // All of the headers, and a part of the pages.
        let is_of_header =
            |at: usize| at < HEADER_BYTES || (at - HEADER_BYTES) % FRAME < FRAME_HEADER_BYTES;
        for at in (0..log.len()).filter(|at| is_of_header(*at) || at % 509 == 0) {
            for bit in 0..8 {
                log[at] ^= 1 << bit;
                let found = damage(&*log, PAGE).unwrap();
                log[at] ^= 1 << bit;
                assert!(found.is_some() || at >= last, "bit {bit} of byte {at} of {last}");
            }
        }
    }

    #[tokio::test]
    async fn what_was_torn_is_no_damage() {
        let (log, last) = log_of_commits().await;
        for end in (0..log.len()).step_by(101) {
            assert_eq!(damage(&log[..end], PAGE).unwrap(), None, "cut off at {end}");
        }
        // Of the last commit, some sectors came to the disk and some did not.
        let before = vec![0; 512];
        for start in (last..log.len() - 512).step_by(512) {
            let torn = [&log[..start], &before, &log[start + 512..]].concat();
            assert_eq!(damage(&*torn, PAGE).unwrap(), None, "torn at {start}");
        }
    }

    #[tokio::test]
    async fn frames_of_an_earlier_log_behind_the_end_are_none_of_this_one() {
        let (log, last) = log_of_commits().await;
        let mut earlier = log.clone();
        let frames = earlier[HEADER_BYTES..].chunks_mut(FRAME);
        frames.for_each(|frame| frame[8] ^= 1);
        let both = [&log[..last], &earlier[last..]].concat();
        assert_eq!(damage(&*both, PAGE).unwrap(), None);
        // A log that has only just been begun over an earlier one.
        let begun = [&log[..HEADER_BYTES], &earlier[HEADER_BYTES..]].concat();
        assert_eq!(damage(&*begun, PAGE).unwrap(), None);
    }
}
