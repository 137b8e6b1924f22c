//! What the fuzz targets share.

pub mod world;

use serde_json::Value;

/// The vectors of a test, which are in JSON.
pub fn vectors(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// The bytes of a string of hexadecimal digits.
pub fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}
