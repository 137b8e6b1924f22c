//! Backups: none but the genuine one is verified, and one whose records nobody has checked is
//! restored as a whole or refused. The first byte says what the others are.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::sync::LazyLock;
use tokio::runtime::Runtime;
use trent_crypto::digest::sha256_of;
use trent_crypto::store_key::{Purpose, Sealer};
use trent_fuzz::hex;
use trent_keystore::root_key::{Access, RootKey};
use trent_service::ServiceError;
use trent_service::backup::{outline, restore, verify};
use trent_store::{SqliteStore, Store, StoreError};
use zeroize::Zeroizing;

/// The genuine backup, and what it is made of.
struct World {
    runtime: Runtime,
    access: Access,
    sealer: Sealer,
    header: Value,
    /// Everything after the header but the hash.
    chunks: &'static [u8],
    store: SqliteStore,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let length = u32::from_be_bytes(*GENUINE[MAGIC.len()..].first_chunk().unwrap());
    let (header_json, rest) = GENUINE[MAGIC.len() + 4..].split_at(usize::try_from(length).unwrap());
    let chunks = &rest[..rest.len() - 32];
    assert!(whole(header_json, chunks) == GENUINE);
    let header: Value = serde_json::from_slice(header_json).unwrap();
    let access = Access::File(Zeroizing::new(hex(&json!(ROOT_KEY))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    World {
        sealer: sealer(&access, &header["store_keys"]),
        store: runtime.block_on(SqliteStore::open_in_memory()).unwrap(),
        runtime,
        access,
        header,
        chunks,
    }
});

/// What seals the parts of the genuine backup.
fn sealer(access: &Access, table: &Value) -> Sealer {
    let (_, root) = RootKey::create(access).unwrap();
    let (entry, name) = (&table["root_keys"][0], table["current"].as_str().unwrap());
    let sealed = STANDARD.decode(entry["store_keys"][name].as_str().unwrap()).unwrap();
    let provider = entry["provider"].to_string();
    let id = entry["id"].as_str().unwrap();
    let place = ["store key", id, name, &provider].map(str::as_bytes);
    root.open(&place, &sealed).unwrap().sealer(Purpose::Backup).clone()
}

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else { return };
    match kind % 3 {
        0 => check(data),
        1 => check(&whole(data, WORLD.chunks)),
        _ => restored(data),
    }
});

/// A file that is not the genuine one is not verified.
fn check(file: &[u8]) {
    let world = &*WORLD;
    match world.runtime.block_on(verify(file, &world.access)) {
        Ok(_) => assert!(file == GENUINE, "a forged backup"),
        Err(error) => assert!(file != GENUINE && is_of_the_file(&error), "{error}"),
    }
    match outline(file) {
        Ok(outline) => assert_eq!(outline.bytes, file.len() as u64),
        Err(error) => assert!(is_of_the_file(&error), "{error}"),
    }
}

/// Restores a backup whose records are these bytes, but for the first one, which says how many they
/// are.
fn restored(data: &[u8]) {
    let Some((&count, records)) = data.split_first() else { return };
    let world = &*WORLD;
    let mut header = world.header.clone();
    header["records"] = count.into();
    let header = header.to_string();
    let hash = sha256_of(&[MAGIC, &length(header.as_bytes()), header.as_bytes()].concat());
    let sealed = world.sealer.seal(&[&hash, &[0; 8], &[1]], records).unwrap();
    let file = whole(header.as_bytes(), &[&length(&sealed)[..], &sealed, &[0; 4]].concat());
    let verified = world.runtime.block_on(verify(&file[..], &world.access));
    let restored = world.runtime.block_on(restore(&file[..], &world.access, &world.store));
    match restored {
        Ok(_) => {
            assert!(verified.is_ok());
            let snapshot = world.runtime.block_on(world.store.snapshot()).unwrap();
            // With the table of root keys.
            assert_eq!(snapshot.records(), u64::from(count) + 1);
        }
        // Two records of one name, or what no store takes.
        Err(ServiceError::Store(StoreError::Conflict | StoreError::InvalidRecord { .. })) => {}
        Err(error) => {
            assert!(verified.is_err());
            let expected = ["a record in it cannot be read", "another number of records"];
            let text = error.to_string();
            assert!(expected.iter().any(|expected| text.contains(expected)), "{text}");
        }
    }
    world.runtime.block_on(world.store.clear()).unwrap();
}

/// A backup with its hash.
fn whole(header: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut file = [MAGIC, &length(header), header, rest].concat();
    file.extend(sha256_of(&file));
    file
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap().to_be_bytes()
}

/// Whether an error is about the backup, and no failure of the program.
fn is_of_the_file(error: &ServiceError) -> bool {
    use ServiceError::{Backup, Damaged, RootKey};
    matches!(error, Backup(_) | Damaged(_) | RootKey(_))
}

const GENUINE: &[u8] = include_bytes!("../../tests/golden/schema-2/backup");

const MAGIC: &[u8] = b"trent backup 1\n";

/// `tests/golden/schema-2/data/root.key`.
const ROOT_KEY: &str = "3bce3171c58950cb31f367587dc6ff05aa6f1b15cacc251adb9f82c8c50e0c7c";
