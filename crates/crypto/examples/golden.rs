//! Writes golden files of the current formats into a new directory.
//!
//! For whoever adds a format: `cargo run -p trent-crypto --example golden -- DIRECTORY`, then
//! commit the files beside those of the older formats, which are never written again.

use std::{collections::BTreeMap, env, error::Error, fs, path::Path};

use serde_json::{Value, json};
use trent_crypto::{
    ciphertext_blob::{self, Header},
    key_material::SymmetricKey,
    random,
    store_key::{Purpose, StoreKey},
};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = env::args().nth(1).ok_or("usage: golden DIRECTORY")?;
    let directory = Path::new(&directory);
    fs::create_dir(directory)?;
    write(&directory.join("ciphertext_blobs_1.json"), blobs()?)?;
    write(&directory.join("sealed_1.json"), sealed_things()?)
}

fn write(path: &Path, cases: Vec<Value>) -> Result<(), Box<dyn Error>> {
    let text = serde_json::to_string_pretty(&Value::from(cases))?;
    Ok(fs::write(path, text + "\n")?)
}

fn blobs() -> Result<Vec<Value>, Box<dyn Error>> {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let beyond_ascii = [("\u{10000}", "ä"), ("\u{ffff}", "日本"), ("a\0b", "\"\\\n"), ("Z", "😀")];
    Ok(vec![
        blob("a data key without context", false, &[], &[0x2a; 32])?,
        blob("one byte", false, &[], &[0])?,
        blob("multi-Region", true, &[("department", "finance")], b"multi-Region")?,
        blob("two pairs", false, &[("b", "2"), ("a", "1")], b"two pairs")?,
        blob("empty strings", false, &[("", "")], b"empty strings")?,
        blob("a context beyond ASCII", false, &beyond_ascii, &all_bytes)?,
        blob("the longest plaintext", true, &[("purpose", "longest")], &all_bytes.repeat(16))?,
    ])
}

fn blob(
    name: &str,
    multi_region: bool,
    context: &[(&str, &str)],
    plaintext: &[u8],
) -> Result<Value, Box<dyn Error>> {
    let context: BTreeMap<String, String> =
        context.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    let key = SymmetricKey::generate()?;
    let mut key_id = [0; 16];
    random::fill(&mut key_id)?;
    let key_material_id = key.id(&key_id);
    let material = std::array::from_fn(|i| key_material_id[i]);
    let header = Header { multi_region, key_id, material };
    let blob = ciphertext_blob::encrypt(&key, &header, &context, plaintext)?;
    Ok(json!({
        "name": name,
        "key_material": hex::encode(key.as_bytes()),
        "key_id": hex::encode(key_id),
        "key_material_id": hex::encode(key_material_id),
        "multi_region": multi_region,
        "context": context,
        "plaintext": hex::encode(plaintext),
        "blob": hex::encode(&blob),
    }))
}

fn sealed_things() -> Result<Vec<Value>, Box<dyn Error>> {
    let record: [&[u8]; 3] = [b"keys", &[7; 16], &[0, 0, 0, 1]];
    Ok(vec![
        sealed("a record", Purpose::Record, &record, b"{\"v\":1}")?,
        sealed("nothing associated", Purpose::Record, &[], b"nothing associated")?,
        sealed("empty parts", Purpose::Record, &[b"", b""], b"empty parts")?,
        sealed("key material", Purpose::KeyMaterial, &[&[7; 16], &[8; 32]], &[9; 32])?,
        sealed("a marker", Purpose::Marker, &[b"ListKeys"], b"after this one")?,
        sealed("an empty plaintext", Purpose::Marker, &[b"ListKeys"], b"")?,
    ])
}

fn sealed(
    name: &str,
    purpose: Purpose,
    associated: &[&[u8]],
    plaintext: &[u8],
) -> Result<Value, Box<dyn Error>> {
    let root = StoreKey::generate()?;
    let sealed = root.sealer(purpose).seal(associated, plaintext)?;
    let associated: Vec<String> = associated.iter().map(hex::encode).collect();
    let purpose = match purpose {
        Purpose::Record => "record",
        Purpose::KeyMaterial => "key material",
        Purpose::Marker => "marker",
        Purpose::Backup => "backup",
    };
    Ok(json!({
        "name": name,
        "root_key": hex::encode(root.to_bytes().as_slice()),
        "root_key_id": root.id().to_string(),
        "purpose": purpose,
        "associated": associated,
        "plaintext": hex::encode(plaintext),
        "sealed": hex::encode(&sealed),
    }))
}
