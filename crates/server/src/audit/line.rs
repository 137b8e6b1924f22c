//! A line of the audit log, and how it is chained to the one before.
//!
//! ```text
//! {"seq":7,"prev":"<SHA-256 of line 6, in hex>","event":{…}}
//! {"seq":8,"prev":"…","checkpoint":{"time":"…","reason":"interval"},"signature":"<base64>"}
//! ```
//!
//! A hash is of a whole line without its end. A signature is Ed25519 of `trent audit checkpoint`, an
//! end of line, and what stands in the line before `,"signature"`: by its hash all lines before.

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hex::FromHex;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use trent_crypto::digest::sha256_of;
use trent_crypto::key_pair::{KeyPair, KeyPairSpec, PublicKey};
use trent_crypto::signing::{Message, SigningAlgorithm};

/// Where a chain has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The number of the next line, from 1.
    pub(crate) seq: u64,
    /// The hash of the line before.
    pub(crate) prev: [u8; 32],
}

/// What a line is about, beside records of events.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Note<'a> {
    /// The log is written from here on by a process that has just started, or in a new file.
    Opened {
        time: &'a str,
        format: u32,
        version: &'a str,
        /// The public key of checkpoints: SPKI in base64.
        key: &'a str,
    },
    /// Bytes after the last whole line were removed, and records could not be kept.
    #[serde(rename_all = "camelCase")]
    Repaired { time: &'a str, removed_bytes: u64, refused_records: u64, cause: &'a str },
}

/// Why there is a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reason {
    /// There were lines since the last one.
    Interval,
    /// The file ends; another follows.
    File,
    /// The log ends with its process.
    Close,
}

#[derive(Serialize, Deserialize)]
struct Checkpoint<'a> {
    time: &'a str,
    reason: Reason,
}

/// What a line was found to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    /// A checkpoint whose signature is good.
    Checkpoint(Reason),
    /// The log was opened; the public key that it names.
    Opened(Vec<u8>),
    Repaired,
}

impl Chain {
    /// Before the first line.
    pub(crate) const START: Self = Self { seq: 1, prev: [0; 32] };

    /// Adds the line of an event, which is an object of JSON in one line.
    pub(super) fn event(&mut self, out: &mut Vec<u8>, event: &[u8]) {
        let start = self.begin(out);
        out.extend_from_slice(b"\"event\":");
        out.extend_from_slice(event);
        out.push(b'}');
        self.end(out, start);
    }

    /// Adds the line of a note.
    pub(super) fn note(&mut self, out: &mut Vec<u8>, note: &Note<'_>) -> Result<()> {
        let start = self.begin(out);
        let text = serde_json::to_vec(note)?;
        // It is an object, whose one member goes into the line's.
        out.extend_from_slice(text.get(1..).context("an empty note")?);
        self.end(out, start);
        Ok(())
    }

    /// Adds a checkpoint, signed with `key`.
    pub(super) fn checkpoint(
        &mut self,
        out: &mut Vec<u8>,
        time: &str,
        reason: Reason,
        key: &KeyPair,
    ) -> Result<()> {
        let start = self.begin(out);
        out.extend_from_slice(b"\"checkpoint\":");
        serde_json::to_writer(&mut *out, &Checkpoint { time, reason })?;
        let signed = signed(&out[start..]);
        let signature = key
            .sign(SigningAlgorithm::Ed25519Sha512, Message::Raw(&signed))
            .map_err(|error| anyhow!("signing a checkpoint: {error}"))?;
        out.extend_from_slice(SIGNATURE.as_bytes());
        out.extend_from_slice(STANDARD.encode(signature).as_bytes());
        out.extend_from_slice(b"\"}");
        self.end(out, start);
        Ok(())
    }

    /// Checks a line, without its end, and goes on behind it. `key` checks signatures.
    pub(crate) fn check(&mut self, line: &[u8], key: Option<&PublicKey>) -> Result<Kind, String> {
        let found = header(line).ok_or("it is no line of an audit log")?;
        if found.seq != self.seq {
            let (found, expected) = (found.seq, self.seq);
            return Err(format!("it is record {found}, where record {expected} belongs"));
        }
        if found.prev != self.prev {
            return Err("it does not follow from the line before it: one of the two was changed, \
                        or lines between them are gone"
                .to_owned());
        }
        let mut prefix = Vec::with_capacity(PREFIX_BYTES);
        self.write_prefix(&mut prefix);
        let rest = line.strip_prefix(&*prefix).ok_or("it is not written as Trent writes")?;
        let kind = kind(line, rest, key)?;
        *self = Self { seq: self.seq + 1, prev: sha256_of(line) };
        Ok(kind)
    }

    fn begin(self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        self.write_prefix(out);
        start
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) {
        self.prev = sha256_of(&out[start..]);
        self.seq += 1;
        out.push(b'\n');
    }

    fn write_prefix(self, out: &mut Vec<u8>) {
        // Writing to a vector cannot fail.
        let _ = write!(out, "{{\"seq\":{},\"prev\":\"{}\",", self.seq, hex::encode(self.prev));
    }
}

/// The number of a line and the hash of the line before, as it says.
pub(super) fn header(line: &[u8]) -> Option<Chain> {
    let rest = line.strip_prefix(b"{\"seq\":")?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let seq = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let (prev, rest) = rest[digits..].strip_prefix(b",\"prev\":\"")?.split_first_chunk::<64>()?;
    rest.strip_prefix(b"\",")?;
    Some(Chain { seq, prev: FromHex::from_hex(prev).ok()? })
}

/// The event in a line, if it is one of an event.
pub(crate) fn event_of(line: &[u8]) -> Option<&[u8]> {
    let start = line.windows(EVENT.len()).position(|bytes| bytes == EVENT)?;
    // After number and hash.
    (start < PREFIX_BYTES).then(|| &line[start + EVENT.len()..line.len() - 1])
}

/// Whether a line by itself is a checkpoint that was signed with `key`.
pub(super) fn is_checkpoint(line: &[u8], key: &PublicKey) -> bool {
    header(line).is_some_and(|mut chain| {
        chain.check(line, Some(key)).is_ok_and(|kind| matches!(kind, Kind::Checkpoint(_)))
    })
}

/// The public key of an SPKI document.
pub(crate) fn public_key(spki: &[u8]) -> Result<PublicKey> {
    PublicKey::from_spki(KeyPairSpec::EccNistEdwards25519, spki)
        .map_err(|_| anyhow!("it is no Ed25519 public key"))
}

fn kind(line: &[u8], rest: &[u8], key: Option<&PublicKey>) -> Result<Kind, String> {
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    if !is_json {
        return Err("it is damaged".to_owned());
    }
    if rest.starts_with(b"\"event\":") {
        return Ok(Kind::Event);
    }
    if rest.starts_with(b"\"repaired\":") {
        return Ok(Kind::Repaired);
    }
    if rest.starts_with(b"\"opened\":") {
        #[derive(Deserialize)]
        struct Line {
            opened: Opened,
        }
        #[derive(Deserialize)]
        struct Opened {
            key: String,
        }
        let line: Line = serde_json::from_slice(line).map_err(|_| "it names no key")?;
        let spki = STANDARD.decode(line.opened.key).map_err(|_| "it names no key")?;
        return Ok(Kind::Opened(spki));
    }
    if rest.starts_with(b"\"checkpoint\":") {
        return checkpoint(line, rest, key).map(Kind::Checkpoint);
    }
    Err("it is of an unknown kind".to_owned())
}

fn checkpoint(line: &[u8], rest: &[u8], key: Option<&PublicKey>) -> Result<Reason, String> {
    let place = |text: &[u8]| {
        text.windows(SIGNATURE.len()).rposition(|bytes| bytes == SIGNATURE.as_bytes())
    };
    let (Some(at), Some(end)) = (place(line), place(rest)) else {
        return Err("it is a checkpoint without a signature".to_owned());
    };
    let signature = line[at + SIGNATURE.len()..].strip_suffix(b"\"}");
    let signature = signature.and_then(|text| STANDARD.decode(text).ok());
    let signature = signature.ok_or("it is a checkpoint whose signature is damaged")?;
    if let Some(key) = key {
        key.verify(SigningAlgorithm::Ed25519Sha512, Message::Raw(&signed(&line[..at])), &signature)
            .map_err(|_| "it is a checkpoint that was not signed with this key")?;
    }
    let content = &rest[b"\"checkpoint\":".len()..end];
    let read: Checkpoint<'_> =
        serde_json::from_slice(content).map_err(|_| "it is a damaged checkpoint")?;
    Ok(read.reason)
}

fn signed(text: &[u8]) -> Vec<u8> {
    [b"trent audit checkpoint\n", text].concat()
}

const SIGNATURE: &str = ",\"signature\":\"";

const EVENT: &[u8] = b"\"event\":";

/// Number and hash are no longer.
const PREFIX_BYTES: usize = 112;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_chained_and_signed() {
        let key = KeyPair::generate(KeyPairSpec::EccNistEdwards25519).unwrap();
        let mut text = Vec::new();
        let mut chain = Chain::START;
        chain.event(&mut text, br#"{"a":"\"event\":"}"#);
        chain.checkpoint(&mut text, "now", Reason::Close, &key).unwrap();
        let opened = Note::Opened { time: "t", format: 1, version: "0", key: "AAAA" };
        chain.note(&mut text, &opened).unwrap();
        let lines: Vec<&[u8]> = text.strip_suffix(b"\n").unwrap().split(|b| *b == b'\n').collect();
        let mut read = Chain::START;
        assert_eq!(header(lines[1]).unwrap(), Chain { seq: 2, prev: sha256_of(lines[0]) });
        assert_eq!(read.check(lines[0], None), Ok(Kind::Event));
        assert_eq!(event_of(lines[0]).unwrap(), br#"{"a":"\"event\":"}"#);
        assert_eq!(event_of(lines[1]), None);
        let public = key.public_half();
        let mut other = read;
        assert_eq!(read.check(lines[1], Some(public)), Ok(Kind::Checkpoint(Reason::Close)));
        assert_eq!(read.check(lines[2], None), Ok(Kind::Opened(vec![0; 3])));
        assert_eq!(read, chain);
        let stranger = KeyPair::generate(KeyPairSpec::EccNistEdwards25519).unwrap();
        let refused = other.check(lines[1], Some(stranger.public_half())).unwrap_err();
        assert!(refused.contains("not signed with this key"), "{refused}");
    }

    #[test]
    fn a_hash_is_written_in_one_way() {
        let mut text = Vec::new();
        let mut chain = Chain::START;
        chain.event(&mut text, b"{}");
        let start = text.len();
        chain.event(&mut text, b"{}");
        let [first, second] = [&text[..start - 1], &text[start..text.len() - 1]];
        let hash = hex::encode(sha256_of(first));
        let other = String::from_utf8(second.to_vec()).unwrap();
        let other = other.replace(&hash, &hash.to_uppercase());
        assert_ne!(other.as_bytes(), second);
        let mut read = Chain::START;
        read.check(first, None).unwrap();
        let refused = read.check(other.as_bytes(), None).unwrap_err();
        assert_eq!(refused, "it is not written as Trent writes");
        read.check(second, None).unwrap();
    }
}
