//! Tests of the audit log as files: what is written is verified, what is tampered with is found.

use super::line::Chain;
use super::*;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use trent_crypto::key_pair::{KeyPair, KeyPairSpec};
use trent_service::audit::AuditSink as _;

fn key() -> KeyPair {
    KeyPair::generate(KeyPairSpec::EccNistEdwards25519).unwrap()
}

fn again(key: &KeyPair) -> KeyPair {
    KeyPair::from_pkcs8(key.spec(), &key.to_pkcs8().unwrap()).unwrap()
}

fn settings(folder: &Path) -> AuditSettings {
    AuditSettings {
        file_bytes_max: 4096,
        compress: false,
        ..AuditSettings::in_folder(folder.to_owned())
    }
}

/// Writes events and ends in order.
fn write(settings: AuditSettings, key: &KeyPair, numbers: std::ops::Range<u32>) {
    let log = AuditLog::open(settings, again(key)).unwrap();
    let kept: Vec<_> = numbers
        .map(|number| {
            log.record(format!("{{\"eventName\":\"Encrypt\",\"n\":{number}}}").into_bytes())
        })
        .collect();
    log.flush();
    for one in kept {
        one.blocking_recv().unwrap().unwrap();
    }
    log.close();
}

fn report(path: &Path, key: Option<&KeyPair>) -> Report {
    let key = key.map(|key| key.public_key().to_vec());
    verify(path, &Expectations { key, is_complete: true, is_closed: true }).unwrap()
}

/// A log of several files: the folder and its key. Every file but the last has the same number of
/// lines.
fn sample(compress: bool) -> (TempDir, KeyPair) {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    for run in 0..8 {
        let durability = if run % 2 == 0 { Durability::Written } else { Durability::Fsync };
        let settings = AuditSettings { durability, ..settings(folder.path()) };
        write(settings, &key, run * 20..run * 20 + 20);
    }
    if compress {
        let mut all = files(folder.path()).unwrap();
        all.pop();
        for file in all {
            file.compress().unwrap();
        }
    }
    (folder, key)
}

#[test]
fn what_is_written_is_verified() {
    for compress in [false, true] {
        let (folder, key) = sample(compress);
        let report = report(folder.path(), Some(&key));
        assert!(report.fault.is_none(), "{report:?}");
        assert_eq!((report.events, report.unsigned, report.first), (160, 0, 1));
        assert_eq!(report.last, report.lines);
        assert!(report.files > 2 && report.is_closed && !report.trusts_own_key, "{report:?}");
    }
}

#[test]
fn one_file_is_verified_by_itself() {
    let (folder, key) = sample(false);
    for file in files(folder.path()).unwrap() {
        let key = Some(key.public_key().to_vec());
        let expectations = Expectations { key, is_complete: true, is_closed: false };
        let report = verify(&file.path, &expectations).unwrap();
        assert!(report.fault.is_none(), "{report:?}");
        assert_eq!(report.first, file.first);
    }
}

#[test]
fn older_files_may_be_kept_elsewhere_if_one_says_so() {
    let (folder, key) = sample(false);
    fs::remove_file(&files(folder.path()).unwrap()[0].path).unwrap();
    assert!(report(folder.path(), Some(&key)).fault.unwrap().what.contains("record 1"));
    let key = Some(key.public_key().to_vec());
    let report =
        verify(folder.path(), &Expectations { key, is_complete: false, is_closed: true }).unwrap();
    assert!(report.fault.is_none() && report.first > 1, "{report:?}");
}

#[test]
fn another_key_is_found() {
    let (folder, _) = sample(false);
    assert!(report(folder.path(), Some(&key())).fault.is_some());
    let of_itself = report(folder.path(), None);
    assert!(of_itself.fault.is_none() && of_itself.trusts_own_key);
}

#[test]
fn a_log_that_is_written_anew_with_another_key_is_found() {
    let (folder, real) = sample(false);
    let forged = tempfile::tempdir().unwrap();
    write(settings(forged.path()), &key(), 0..160);
    assert!(report(forged.path(), Some(&real)).fault.is_some());
    assert!(report(folder.path(), Some(&real)).fault.is_none());
}

#[test]
fn a_torn_end_is_cut_off_and_noted() {
    let (folder, key) = sample(false);
    let last = files(folder.path()).unwrap().pop().unwrap();
    let whole = fs::read(&last.path).unwrap();
    fs::write(&last.path, [&whole[..], b"{\"seq\":99,\"pr"].concat()).unwrap();
    let torn = report(folder.path(), Some(&key));
    assert_eq!(torn.torn_bytes, 13);
    assert!(torn.fault.is_some(), "it was to be closed");
    write(settings(folder.path()), &key, 0..3);
    assert!(report(folder.path(), Some(&key)).fault.is_none());
    let all = files(folder.path()).unwrap();
    let text: String = all.iter().map(|one| fs::read_to_string(&one.path).unwrap()).collect();
    assert!(text.contains("\"repaired\":{"), "{text}");
    assert!(text.contains("\"removedBytes\":13"), "{text}");
}

#[test]
fn a_file_without_a_whole_line_is_begun_again() {
    let (folder, key) = sample(false);
    let last = files(folder.path()).unwrap().pop().unwrap();
    let text = fs::read(&last.path).unwrap();
    fs::write(&last.path, &text[..20]).unwrap();
    write(settings(folder.path()), &key, 0..3);
    assert!(report(folder.path(), Some(&key)).fault.is_none());
}

#[test]
fn a_damaged_end_is_not_written_on() {
    let (folder, key) = sample(false);
    let last = files(folder.path()).unwrap().pop().unwrap();
    let mut text = fs::read(&last.path).unwrap();
    text[150] ^= 1;
    fs::write(&last.path, &text).unwrap();
    let Err(refused) = AuditLog::open(settings(folder.path()), again(&key)) else {
        panic!("it was opened")
    };
    assert!(format!("{refused:#}").contains(&last.path.display().to_string()), "{refused:#}");
    assert_eq!(fs::read(&last.path).unwrap(), text);
}

#[test]
fn a_damaged_line_that_no_checkpoint_follows_is_torn() {
    let (folder, key) = sample(false);
    let last = files(folder.path()).unwrap().pop().unwrap();
    let whole = fs::read(&last.path).unwrap();
    let mut chain = Chain::START;
    for line in whole.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n') {
        chain = line::header(line).unwrap();
        chain.check(line, None).unwrap();
    }
    let mut torn = Vec::new();
    for _ in 0..3 {
        chain.event(&mut torn, b"{\"eventName\":\"Encrypt\"}");
    }
    torn[100..110].fill(0);
    fs::write(&last.path, [&*whole, &*torn].concat()).unwrap();
    assert!(report(folder.path(), Some(&key)).fault.is_some());
    let next = chain.seq - 3;
    write(settings(folder.path()), &key, 0..3);
    assert!(report(folder.path(), Some(&key)).fault.is_none());
    let all = files(folder.path()).unwrap();
    let text: String = all.iter().map(|one| fs::read_to_string(&one.path).unwrap()).collect();
    let removed = format!("\"removedBytes\":{}", torn.len());
    assert!(text.contains(&removed) && text.contains("it is damaged"), "{text}");
    let kept = folder.path().join(format!("torn-{next:020}"));
    assert_eq!(fs::read(kept).unwrap(), torn);
}

#[test]
fn a_folder_has_one_writer() {
    let (folder, key) = sample(false);
    let _first = AuditLog::open(settings(folder.path()), again(&key)).unwrap();
    assert!(AuditLog::open(settings(folder.path()), again(&key)).is_err());
}

#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/audit");
    write(AuditSettings { compress: true, ..settings(&folder) }, &key(), 0..100);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_closed_log_keeps_nothing_more() {
    let (folder, key) = sample(false);
    let log = AuditLog::open(settings(folder.path()), key).unwrap();
    log.close();
    assert!(log.record(b"{}".to_vec()).blocking_recv().unwrap().is_err());
}

#[test]
fn a_device_keeps_nothing() {
    write(AuditSettings::in_folder("/dev/null".into()), &key(), 0..10);
}

/// What is done to a log behind its back.
#[derive(Clone, Debug)]
enum Edit {
    ChangeByte(prop::sample::Index, u8),
    RemoveByte(prop::sample::Index),
    InsertByte(prop::sample::Index, u8),
    RemoveLine(prop::sample::Index),
    RepeatLine(prop::sample::Index),
    SwapLines(prop::sample::Index),
    MoveLine(prop::sample::Index, prop::sample::Index),
    /// Cut off after so many bytes.
    Truncate(prop::sample::Index),
    RemoveFile,
    /// Another file is in its place.
    ReplaceFile(prop::sample::Index),
}

fn edits() -> impl Strategy<Value = Edit> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), 1..=255u8).prop_map(|(at, by)| Edit::ChangeByte(at, by)),
        place().prop_map(Edit::RemoveByte),
        (place(), any::<u8>()).prop_map(|(at, byte)| Edit::InsertByte(at, byte)),
        place().prop_map(Edit::RemoveLine),
        place().prop_map(Edit::RepeatLine),
        place().prop_map(Edit::SwapLines),
        (place(), place()).prop_map(|(from, to)| Edit::MoveLine(from, to)),
        place().prop_map(Edit::Truncate),
        Just(Edit::RemoveFile),
        place().prop_map(Edit::ReplaceFile),
    ]
}

impl Edit {
    /// Does it to one file of a folder; false if that left everything as it was.
    fn apply(&self, folder: &Path, file: prop::sample::Index) -> bool {
        let all = files(folder).unwrap();
        let path = &file.get(&all).path;
        let before = fs::read(path).unwrap();
        let mut bytes = before.clone();
        let mut lines: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
        match self {
            Self::ChangeByte(at, by) => bytes[at.index(before.len())] ^= by,
            Self::RemoveByte(at) => drop(bytes.remove(at.index(before.len()))),
            Self::InsertByte(at, byte) => bytes.insert(at.index(before.len()), *byte),
            Self::RemoveLine(at) => {
                lines.remove(at.index(lines.len()));
                bytes = lines.concat();
            }
            Self::RepeatLine(at) => {
                let at = at.index(lines.len());
                lines.insert(at, lines[at]);
                bytes = lines.concat();
            }
            Self::SwapLines(at) => {
                let at = at.index(lines.len() - 1);
                lines.swap(at, at + 1);
                bytes = lines.concat();
            }
            Self::MoveLine(from, to) => {
                let line = lines.remove(from.index(lines.len()));
                lines.insert(to.index(lines.len() + 1), line);
                bytes = lines.concat();
            }
            Self::Truncate(at) => bytes.truncate(at.index(before.len())),
            Self::RemoveFile => {
                fs::remove_file(path).unwrap();
                return true;
            }
            Self::ReplaceFile(by) => bytes = fs::read(&by.get(&all).path).unwrap(),
        }
        fs::write(path, &bytes).unwrap();
        bytes != before
    }

    /// Whether it cuts the log off right behind an earlier end in order, which nothing can show.
    fn is_rollback(folder: &Path) -> bool {
        let last = files(folder).unwrap().pop();
        let text = last.map(|file| fs::read_to_string(file.path).unwrap_or_default());
        text.is_some_and(|text| {
            text.ends_with("\"}\n") && text.lines().last().unwrap().contains("\"reason\":\"close\"")
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_edit_is_found(edit in edits(), file in any::<prop::sample::Index>()) {
        let (folder, key) = sample(false);
        let is_whole_end = |edit: &Edit| {
            matches!(edit, Edit::Truncate(_) | Edit::RemoveLine(_)) && Edit::is_rollback(folder.path())
        };
        if edit.apply(folder.path(), file) && !is_whole_end(&edit) {
            let report = report(folder.path(), Some(&key));
            prop_assert!(report.fault.is_some(), "{edit:?}: {report:?}");
        }
    }

    #[test]
    fn a_line_of_anything_is_refused_without_panic(line in any::<Vec<u8>>()) {
        let mut chain = Chain::START;
        prop_assert!(chain.check(&line, None).is_err());
        let _ = event_of(&line);
    }
}
