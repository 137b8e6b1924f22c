//! The form of an attestation document: CBOR (RFC 8949) in a COSE_Sign1 (RFC 9052 §4.2), with the
//! bounds that AWS publishes for its fields. Whether it is genuine is not decided here.

use std::collections::BTreeMap;

use ciborium::{de::from_reader_with_recursion_limit, value::Value};

use super::{
    AttestationError, CERTIFICATE_BYTES_MAX, CERTIFICATES_MAX, DATA_BYTES_MAX, DOCUMENT_BYTES_MAX,
    PUBLIC_KEY_BYTES_MAX,
};

/// A signed message of COSE with the one algorithm ES384.
pub(super) struct Signed {
    protected: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Signed {
    /// Tagged or not. The unprotected header must be empty, as it is in every document of AWS: so
    /// there is nothing in a document that is not signed.
    pub(super) fn from_cbor(document: &[u8]) -> Result<Self, AttestationError> {
        if !(1..=DOCUMENT_BYTES_MAX).contains(&document.len()) {
            return Err(AttestationError::Size);
        }
        let array = match cbor(document) {
            Some(Value::Tag(COSE_SIGN1, array)) => *array,
            Some(array) => array,
            None => return Err(AttestationError::Cose),
        };
        let parts: Option<[Value; 4]> = array.into_array().ok().and_then(|v| v.try_into().ok());
        let Some(
            [
                Value::Bytes(protected),
                Value::Map(unprotected),
                Value::Bytes(payload),
                Value::Bytes(signature),
            ],
        ) = parts
        else {
            return Err(AttestationError::Cose);
        };
        let es384 = Value::Map(vec![(ALGORITHM.into(), ES384.into())]);
        if cbor(&protected) != Some(es384) || !unprotected.is_empty() {
            return Err(AttestationError::Algorithm);
        }
        Ok(Self { protected, payload, signature })
    }

    /// What the signature is over: the `Sig_structure` of RFC 9052 §4.4.
    pub(super) fn message(&self) -> Result<Vec<u8>, AttestationError> {
        let structure = Value::Array(vec![
            "Signature1".into(),
            self.protected.as_slice().into(),
            Value::Bytes(Vec::new()),
            self.payload.as_slice().into(),
        ]);
        let mut message = Vec::new();
        ciborium::into_writer(&structure, &mut message).map_err(|_| AttestationError::Cose)?;
        Ok(message)
    }
}

/// The fields of a document.
pub(super) struct Payload {
    pub(super) module_id: String,
    pub(super) timestamp_ms: u64,
    pub(super) pcrs: BTreeMap<u8, Vec<u8>>,
    pub(super) nitrotpm_pcrs: BTreeMap<u8, Vec<u8>>,
    pub(super) certificate: Vec<u8>,
    pub(super) cabundle: Vec<Vec<u8>>,
    pub(super) public_key: Vec<u8>,
    pub(super) user_data: Option<Vec<u8>>,
    pub(super) nonce: Option<Vec<u8>>,
}

impl Payload {
    /// The public key, which AWS leaves optional, must be there: a document is sent here to have
    /// something encrypted to it. An optional field may be null: the specification forbids it, but
    /// that is how AWS's own documents leave a field out. Fields of other names are ignored, since
    /// AWS adds some; they are signed like the rest.
    pub(super) fn from_cbor(payload: &[u8]) -> Result<Self, AttestationError> {
        let mut fields = Fields::from_cbor(payload)?;
        let module_id = fields.required("module_id", |value| {
            value.into_text().ok().filter(|module_id| !module_id.is_empty())
        })?;
        fields.required("digest", |value| (value.as_text() == Some("SHA384")).then_some(()))?;
        let timestamp_ms = fields.required("timestamp", |value| {
            let timestamp = u64::try_from(value.into_integer().ok()?).ok()?;
            (timestamp > 0).then_some(timestamp)
        })?;
        let nitrotpm_pcrs = fields.optional("nitrotpm_pcrs", registers)?;
        let pcrs = if nitrotpm_pcrs.is_some() {
            fields.optional("pcrs", registers)?
        } else {
            Some(fields.required("pcrs", registers)?)
        };
        Ok(Self {
            module_id,
            timestamp_ms,
            pcrs: pcrs.unwrap_or_default(),
            nitrotpm_pcrs: nitrotpm_pcrs.unwrap_or_default(),
            certificate: fields.required("certificate", certificate)?,
            cabundle: fields.required("cabundle", certificates)?,
            public_key: fields
                .required("public_key", |value| bytes(value, 1, PUBLIC_KEY_BYTES_MAX))?,
            user_data: fields.optional("user_data", |value| bytes(value, 0, DATA_BYTES_MAX))?,
            nonce: fields.optional("nonce", |value| bytes(value, 0, DATA_BYTES_MAX))?,
        })
    }
}

struct Fields(BTreeMap<String, Value>);

impl Fields {
    fn from_cbor(payload: &[u8]) -> Result<Self, AttestationError> {
        let map = cbor(payload).and_then(|value| value.into_map().ok());
        let mut fields = BTreeMap::new();
        for (name, value) in map.ok_or(AttestationError::Payload)? {
            let name = name.into_text().map_err(|_| AttestationError::Payload)?;
            if fields.insert(name, value).is_some() {
                return Err(AttestationError::Payload);
            }
        }
        Ok(Self(fields))
    }

    fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, AttestationError> {
        self.0.remove(name).and_then(read).ok_or(AttestationError::Field(name))
    }

    fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, AttestationError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or(AttestationError::Field(name)),
        }
    }
}

/// Platform configuration registers by their index.
fn registers(value: Value) -> Option<BTreeMap<u8, Vec<u8>>> {
    let entries = value.into_map().ok()?;
    if !(1..=REGISTERS_MAX).contains(&entries.len()) {
        return None;
    }
    let mut registers = BTreeMap::new();
    for (index, register) in entries {
        let index = u8::try_from(index.into_integer().ok()?).ok()?;
        let register = register.into_bytes().ok()?;
        let has_form =
            usize::from(index) < REGISTERS_MAX && REGISTER_BYTES.contains(&register.len());
        if !has_form || registers.insert(index, register).is_some() {
            return None;
        }
    }
    Some(registers)
}

fn certificates(value: Value) -> Option<Vec<Vec<u8>>> {
    let values = value.into_array().ok()?;
    if !(1..=CERTIFICATES_MAX).contains(&values.len()) {
        return None;
    }
    values.into_iter().map(certificate).collect()
}

fn certificate(value: Value) -> Option<Vec<u8>> {
    bytes(value, 1, CERTIFICATE_BYTES_MAX)
}

fn bytes(value: Value, min: usize, max: usize) -> Option<Vec<u8>> {
    value.into_bytes().ok().filter(|bytes| (min..=max).contains(&bytes.len()))
}

/// The one item of CBOR that `input` is, with nothing after it.
fn cbor(mut input: &[u8]) -> Option<Value> {
    let value = from_reader_with_recursion_limit(&mut input, DEPTH_MAX).ok()?;
    input.is_empty().then_some(value)
}

/// The tag of a COSE_Sign1 (RFC 9052 §2).
const COSE_SIGN1: u64 = 18;

/// The label of the header parameter `alg` (RFC 9052 §3.1).
const ALGORITHM: i64 = 1;

/// ECDSA with SHA-384 (RFC 9053 §2.1).
const ES384: i64 = -35;

/// How deep CBOR may be nested. Documents have three levels.
const DEPTH_MAX: usize = 16;

/// As many registers as there are indexes.
const REGISTERS_MAX: usize = 32;

/// The lengths that a register can have.
const REGISTER_BYTES: [usize; 3] = [32, 48, 64];
