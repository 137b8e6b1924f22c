//! The format of backups, number 1:
//!
//! ```text
//! "trent backup 1\n" ‖ length (4) ‖ header, JSON
//! for each chunk:      length (4) ‖ sealed
//! length (4) = 0 ‖ SHA-256 of everything before (32)
//! ```
//!
//! 1. Lengths are big-endian. The header ([`Header`]) has the table of root keys, which seal the
//!    store keys, and is not sealed: nothing in it is secret.
//! 2. A chunk is sealed under a key derived from the store key for nothing but backups. With it are
//!    authenticated the SHA-256 of everything before the first chunk, the number of the chunk and
//!    whether it is the last. So no bit, no order, no end can be changed, and nothing be taken from
//!    another backup: the header has a random id.
//! 3. In chunks are records as they are in the store, sealed: kind (1), version (8), due time (9: a
//!    flag first), then account, Region, name, owner (a flag first) and sealed bytes, each with its
//!    length (4). Names, which stand open in a store, do not stand open in a backup.
//! 4. The SHA-256 at the end finds accidents without a root key. It proves nothing about intent.

use crate::error::ServiceError;
use crate::root_keys::table::Table;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use trent_crypto::CryptoError;
use trent_crypto::digest::Sha256;
use trent_crypto::store_key::{Sealer, sealed_under};
use trent_store::{Kind, Record, RecordId, bounds};

/// What a backup says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// A random UUID.
    pub(super) id: String,
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub(super) created: Timestamp,
    /// The version of Trent that made it.
    pub(super) version: String,
    /// [`trent_store::RECORD_SCHEMA`].
    pub(super) schema: u32,
    /// How many there are in the chunks.
    pub(super) records: u64,
    pub(super) store_keys: Table,
}

/// Writes a backup.
pub(super) struct Writer<W> {
    out: W,
    digest: Sha256,
    bytes: u64,
    sealer: Sealer,
    header_hash: [u8; 32],
    chunk: Vec<u8>,
    chunks: u64,
}

impl<W: Write> Writer<W> {
    /// Begins with the header.
    pub(super) fn begin(out: W, header: &Header, sealer: Sealer) -> Result<Self, ServiceError> {
        let json = serde_json::to_vec(header).map_err(failed)?;
        let (digest, chunk) = (Sha256::new(), Vec::with_capacity(CHUNK_BYTES + RECORD_BYTES_MAX));
        let mut writer =
            Self { out, digest, bytes: 0, sealer, header_hash: [0; 32], chunk, chunks: 0 };
        writer.write(MAGIC)?;
        writer.write_part(&json)?;
        writer.header_hash = writer.digest.hash();
        Ok(writer)
    }

    /// Adds a record.
    pub(super) fn add(&mut self, record: &Record) -> Result<(), ServiceError> {
        if self.chunk.len() >= CHUNK_BYTES {
            self.end_chunk(false)?;
        }
        encode(record, &mut self.chunk)
    }

    /// Writes the rest. Returns how many bytes the backup has.
    pub(super) fn finish(mut self) -> Result<u64, ServiceError> {
        self.end_chunk(true)?;
        self.write(&0_u32.to_be_bytes())?;
        let hash = self.digest.hash();
        self.write(&hash)?;
        self.out.flush().map_err(failed)?;
        Ok(self.bytes)
    }

    fn end_chunk(&mut self, is_last: bool) -> Result<(), ServiceError> {
        let place = Place::new(self.header_hash, self.chunks, is_last);
        let sealed = self.sealer.seal(&place.parts(), &self.chunk).map_err(failed)?;
        self.chunks += 1;
        self.chunk.clear();
        self.write_part(&sealed)
    }

    fn write_part(&mut self, part: &[u8]) -> Result<(), ServiceError> {
        let length = u32::try_from(part.len()).map_err(failed)?;
        self.write(&length.to_be_bytes())?;
        self.write(part)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ServiceError> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(failed)
    }
}

/// Reads a backup.
pub(super) struct Reader<R> {
    source: R,
    digest: Sha256,
    bytes: u64,
    header_hash: [u8; 32],
    chunks: u64,
    /// Of the chunk that comes next; 0: there is none.
    next_length: usize,
}

/// A chunk, still sealed.
pub(super) struct Chunk {
    place: Place,
    sealed: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Begins with the header. Nothing is authenticated yet.
    pub(super) fn begin(source: R) -> Result<(Self, Header), ServiceError> {
        let digest = Sha256::new();
        let mut reader =
            Self { source, digest, bytes: 0, header_hash: [0; 32], chunks: 0, next_length: 0 };
        let magic = reader.read(MAGIC.len()).map_err(|_| no_backup())?;
        if magic != MAGIC {
            let is_ours = magic.starts_with(MAGIC_OF_ALL);
            let unknown = "its format is not one that this version of Trent knows";
            return Err(if is_ours { damaged(unknown) } else { no_backup() });
        }
        let length = reader.read_length(HEADER_BYTES_MAX)?;
        let json = reader.read(length)?;
        let header: Header = serde_json::from_slice(&json)
            .map_err(|error| damaged(format!("its header cannot be read: {error}")))?;
        header.store_keys.check()?;
        reader.header_hash = reader.digest.hash();
        reader.next_length = reader.read_length(CHUNK_BYTES_MAX)?;
        Ok((reader, header))
    }

    /// The next chunk. After the last one the end of the backup is checked.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>, ServiceError> {
        if self.next_length == 0 {
            return self.end().map(|()| None);
        }
        let sealed = self.read(self.next_length)?;
        self.next_length = self.read_length(CHUNK_BYTES_MAX)?;
        let place = Place::new(self.header_hash, self.chunks, self.next_length == 0);
        self.chunks += 1;
        Ok(Some(Chunk { place, sealed }))
    }

    /// How many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn end(&mut self) -> Result<(), ServiceError> {
        if self.chunks == 0 {
            return Err(damaged("it has no records"));
        }
        let hash = self.digest.hash();
        if self.read(hash.len())? != hash {
            return Err(damaged("it was changed after it was made (SHA-256)"));
        }
        match self.source.read(&mut [0]).map_err(failed)? {
            0 => Ok(()),
            _ => Err(damaged("something follows after its end")),
        }
    }

    fn read_length(&mut self, most: usize) -> Result<usize, ServiceError> {
        let mut length = [0; 4];
        length.copy_from_slice(&self.read(4)?);
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(failed)?;
        if length > most {
            return Err(damaged("a part of it is longer than it can be"));
        }
        Ok(length)
    }

    fn read(&mut self, length: usize) -> Result<Vec<u8>, ServiceError> {
        let mut bytes = vec![0; length];
        self.source.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it is cut off"),
            _ => failed(error),
        })?;
        self.digest.update(&bytes);
        self.bytes += length as u64;
        Ok(bytes)
    }
}

impl Chunk {
    /// The records in it.
    pub(super) fn open(&self, sealer: &Sealer) -> Result<Vec<Record>, ServiceError> {
        let under = sealed_under(&self.sealed).ok().filter(|under| *under == sealer.under());
        let opened = under
            .ok_or(CryptoError::Damaged)
            .and_then(|_| sealer.open(&self.place.parts(), &self.sealed));
        let plain = opened.map_err(|_| damaged("a part of it does not authenticate"))?;
        decode_all(&plain).ok_or_else(|| damaged("a record in it cannot be read"))
    }
}

/// What is authenticated with a chunk.
struct Place {
    header_hash: [u8; 32],
    number: [u8; 8],
    is_last: [u8; 1],
}

impl Place {
    fn new(header_hash: [u8; 32], number: u64, is_last: bool) -> Self {
        Self { header_hash, number: number.to_be_bytes(), is_last: [u8::from(is_last)] }
    }

    fn parts(&self) -> [&[u8]; 3] {
        [&self.header_hash, &self.number, &self.is_last]
    }
}

fn encode(record: &Record, out: &mut Vec<u8>) -> Result<(), ServiceError> {
    let Record { id: RecordId { kind, account, region, name }, version, sealed, owner, due_at } =
        record;
    out.push(u8::try_from(kind.code()).map_err(failed)?);
    out.extend_from_slice(&version.to_be_bytes());
    out.push(u8::from(due_at.is_some()));
    out.extend_from_slice(&due_at.unwrap_or_default().to_be_bytes());
    out.push(u8::from(owner.is_some()));
    let owner = owner.as_deref().unwrap_or_default();
    for part in [account, region, name, owner].map(str::as_bytes).into_iter().chain([&**sealed]) {
        out.extend_from_slice(&u32::try_from(part.len()).map_err(failed)?.to_be_bytes());
        out.extend_from_slice(part);
    }
    Ok(())
}

fn decode_all(mut plain: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !plain.is_empty() {
        records.push(decode(&mut plain)?);
    }
    Some(records)
}

fn decode(plain: &mut &[u8]) -> Option<Record> {
    let [kind] = take_array(plain)?;
    let version = u64::from_be_bytes(take_array(plain)?);
    let has_due = take_flag(plain)?;
    let due_at = i64::from_be_bytes(take_array(plain)?);
    let has_owner = take_flag(plain)?;
    let id = RecordId {
        kind: Kind::from_code(kind.into())?,
        account: take_text(plain)?,
        region: take_text(plain)?,
        name: take_text(plain)?,
    };
    let owner = take_text(plain)?;
    let sealed = take_part(plain)?.to_vec();
    let (owner, due_at) = (has_owner.then_some(owner), has_due.then_some(due_at));
    Some(Record { id, version, sealed, owner, due_at })
}

fn take_array<const N: usize>(plain: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = plain.split_first_chunk()?;
    *plain = rest;
    Some(*array)
}

fn take_flag(plain: &mut &[u8]) -> Option<bool> {
    match take_array(plain)? {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    }
}

fn take_part<'a>(plain: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_be_bytes(take_array(plain)?);
    let (part, rest) = plain.split_at_checked(usize::try_from(length).ok()?)?;
    *plain = rest;
    Some(part)
}

fn take_text(plain: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_part(plain)?.to_vec()).ok()
}

fn no_backup() -> ServiceError {
    ServiceError::Backup("it is not a backup of Trent".to_owned())
}

pub(super) fn damaged(what: impl std::fmt::Display) -> ServiceError {
    ServiceError::Backup(format!("the backup is DAMAGED: {what}"))
}

pub(super) fn failed(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::Internal(error.to_string())
}

/// What a backup begins with, whatever its format.
const MAGIC_OF_ALL: &[u8] = b"trent backup ";

const MAGIC: &[u8] = b"trent backup 1\n";

/// More than the largest table of root keys.
const HEADER_BYTES_MAX: usize = 1 << 20;

/// A chunk is full when it has grown to this.
const CHUNK_BYTES: usize = 1 << 20;

/// A record with everything about it.
const RECORD_BYTES_MAX: usize = bounds::SEALED_BYTES_MAX + 4 * bounds::NAME_BYTES_MAX;

/// A full chunk to which the largest record was added, sealed.
const CHUNK_BYTES_MAX: usize = CHUNK_BYTES + RECORD_BYTES_MAX + 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_written() {
        let record = |kind, due_at, owner: Option<&str>, sealed: &[u8]| Record {
            id: RecordId {
                kind,
                account: "111122223333".to_owned(),
                region: String::new(),
                name: "alias/größe".to_owned(),
            },
            version: 7,
            sealed: sealed.to_vec(),
            owner: owner.map(str::to_owned),
            due_at,
        };
        let records = [
            record(Kind::Setting, None, None, b""),
            record(Kind::Key, Some(-1), None, b"sealed"),
            record(Kind::AccessKey, Some(i64::MAX), Some("somebody"), &[0; 1000]),
        ];
        let mut plain = Vec::new();
        for record in &records {
            encode(record, &mut plain).unwrap();
        }
        assert_eq!(decode_all(&plain).unwrap(), records);
        let whole = [0, 1, 2].map(|count| {
            let mut plain = Vec::new();
            records[..count].iter().for_each(|record| encode(record, &mut plain).unwrap());
            plain.len()
        });
        for end in 1..plain.len() {
            assert_eq!(decode_all(&plain[..end]).is_some(), whole.contains(&end), "{end}");
        }
        assert!(decode_all(&[99; 100]).is_none());
        assert!(decode_all(&[&plain[..], &[0]].concat()).is_none());
    }

    #[test]
    fn the_largest_record_fits_into_a_full_chunk() {
        let text = "x".repeat(bounds::NAME_BYTES_MAX);
        let record = Record {
            id: RecordId {
                kind: Kind::Key,
                account: text.clone(),
                region: text.clone(),
                name: text.clone(),
            },
            version: u64::MAX,
            sealed: vec![0; bounds::SEALED_BYTES_MAX],
            owner: Some(text),
            due_at: Some(0),
        };
        let mut plain = Vec::new();
        encode(&record, &mut plain).unwrap();
        // What sealing adds is less than the rest.
        assert!(CHUNK_BYTES - 1 + plain.len() + 512 < CHUNK_BYTES_MAX);
    }
}
