//! Root keys: what store keys are sealed under at rest.
//!
//! 1. An [`Access`] is what an operator gives: secret bytes, a passphrase, a token with its PIN.
//! 2. A [`Provider`] is what is kept beside a sealed store key, so that the same root key is found
//!    again. It is not secret, and authenticated with the sealed store key.
//! 3. A [`RootKey`] seals and opens store keys. That of a token never leaves it.

use std::fmt;
use std::path::PathBuf;

use hex::FromHex;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use trent_crypto::CryptoError;
use trent_crypto::root_key::{PassphraseCost, RootKey as KeyInMemory, RootKeyId};
use trent_crypto::store_key::StoreKey;
use zeroize::Zeroizing;

use crate::pkcs11::{self, TokenKey};

/// What an operator gives so that a root key can be used. Never printed.
#[derive(Clone)]
pub enum Access {
    /// The 32 bytes of a file.
    File(Zeroizing<Vec<u8>>),
    /// A passphrase, at least [`PASSPHRASE_CHARACTERS_MIN`] characters where it is new.
    Passphrase(Zeroizing<String>),
    /// The 32 bytes of a credential that systemd hands over.
    Systemd {
        /// The name of the credential.
        name: String,
        /// The bytes.
        key: Zeroizing<Vec<u8>>,
    },
    /// A token that is reached through PKCS#11.
    Pkcs11(TokenAccess),
}

impl Access {
    /// The kind of provider, as its users write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Passphrase(_) => "passphrase",
            Self::Systemd { .. } => "systemd",
            Self::Pkcs11(_) => "pkcs11",
        }
    }
}

/// A token and its PIN.
#[derive(Clone)]
pub struct TokenAccess {
    /// The PKCS#11 library. It is loaded into this process: nobody but the operator may choose it.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The PIN of the token's user.
    pub pin: Zeroizing<String>,
}

/// How a root key is found again. Not secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Provider {
    /// A file.
    File,
    /// A passphrase, and at which cost it becomes a key.
    Passphrase {
        /// 32 hexadecimal digits.
        salt: String,
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// A credential of systemd.
    Systemd {
        /// Its name.
        name: String,
    },
    /// An AES-256 key on a token, whose `CKA_ID` is the id of the root key.
    Pkcs11 {
        /// The label of the token.
        token: String,
    },
}

impl Provider {
    /// The kind of provider, as its users write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Passphrase { .. } => "passphrase",
            Self::Systemd { .. } => "systemd",
            Self::Pkcs11 { .. } => "pkcs11",
        }
    }
}

/// A root key that can be used. Never printed.
pub enum RootKey {
    /// In the memory of this process.
    InMemory(KeyInMemory),
    /// On a token.
    OnToken(TokenKey),
}

impl RootKey {
    /// A root key that is not in use yet: on a token a new one is made, a passphrase gets a new
    /// salt. Slow: to be called off the async threads.
    pub fn create(access: &Access) -> Result<(Provider, Self), RootKeyError> {
        match access {
            Access::File(_) => Ok((Provider::File, Self::of_bytes(access)?)),
            Access::Systemd { name, .. } => {
                Ok((Provider::Systemd { name: name.clone() }, Self::of_bytes(access)?))
            }
            Access::Passphrase(passphrase) => {
                if passphrase.chars().count() < PASSPHRASE_CHARACTERS_MIN {
                    return Err(RootKeyError::ShortPassphrase);
                }
                let cost = PassphraseCost::recommended().map_err(RootKeyError::Crypto)?;
                let provider = Provider::Passphrase {
                    salt: hex::encode(cost.salt),
                    memory_kib: cost.memory_kib,
                    passes: cost.passes,
                    lanes: cost.lanes,
                };
                Ok((provider, Self::of_passphrase(passphrase, &cost)?))
            }
            Access::Pkcs11(token) => {
                let provider = Provider::Pkcs11 { token: token.token.clone() };
                Ok((provider, Self::OnToken(TokenKey::generate(token)?)))
            }
        }
    }

    /// The root key `id` of `provider`; none if it cannot be what `access` gives. Slow: to be
    /// called off the async threads.
    pub fn unlock(
        access: &Access,
        provider: &Provider,
        id: RootKeyId,
    ) -> Result<Option<Self>, RootKeyError> {
        let unlocked = match (access, provider) {
            (Access::File(_), Provider::File) => Self::of_bytes(access)?,
            (Access::Systemd { name: given, .. }, Provider::Systemd { name }) if given == name => {
                Self::of_bytes(access)?
            }
            (
                Access::Passphrase(passphrase),
                Provider::Passphrase { salt, memory_kib, passes, lanes },
            ) => {
                let (memory_kib, passes, lanes) = (*memory_kib, *passes, *lanes);
                let salt = FromHex::from_hex(salt).map_err(|_| RootKeyError::Unsound)?;
                let cost = PassphraseCost { salt, memory_kib, passes, lanes };
                if !cost.is_sound() {
                    return Err(RootKeyError::Unsound);
                }
                Self::of_passphrase(passphrase, &cost)?
            }
            (Access::Pkcs11(given), Provider::Pkcs11 { token }) if given.token == *token => {
                Self::OnToken(TokenKey::find(given, id)?)
            }
            _ => return Ok(None),
        };
        Ok(Some(unlocked).filter(|unlocked| unlocked.id() == id))
    }

    /// The name of this root key.
    pub fn id(&self) -> RootKeyId {
        match self {
            Self::InMemory(key) => key.id(),
            Self::OnToken(key) => key.id(),
        }
    }

    /// Seals a store key, bound to the parts of `associated`.
    pub fn seal(&self, associated: &[&[u8]], key: &StoreKey) -> Result<Vec<u8>, RootKeyError> {
        match self {
            Self::InMemory(root) => Ok(root.seal(associated, key)?),
            Self::OnToken(root) => root.seal(associated, key),
        }
    }

    /// Opens what [`RootKey::seal`] sealed with the same `associated` parts.
    pub fn open(&self, associated: &[&[u8]], sealed: &[u8]) -> Result<StoreKey, RootKeyError> {
        match self {
            Self::InMemory(root) => Ok(root.open(associated, sealed)?),
            Self::OnToken(root) => root.open(associated, sealed),
        }
    }

    fn of_bytes(access: &Access) -> Result<Self, RootKeyError> {
        match access {
            Access::File(bytes) | Access::Systemd { key: bytes, .. } => {
                Ok(Self::InMemory(KeyInMemory::from_bytes(bytes)?))
            }
            Access::Passphrase(_) | Access::Pkcs11(_) => Err(RootKeyError::Unsound),
        }
    }

    fn of_passphrase(passphrase: &str, cost: &PassphraseCost) -> Result<Self, RootKeyError> {
        Ok(Self::InMemory(KeyInMemory::from_passphrase(passphrase.as_bytes(), cost)?))
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({})", self.id())
    }
}

/// Why a root key cannot be used. No variant carries secret bytes.
#[derive(Debug, Error)]
pub enum RootKeyError {
    /// A sealed store key does not open, or the cryptographic library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The PKCS#11 library cannot be used.
    #[error("the PKCS#11 module `{module}` cannot be used: {cause}")]
    Module {
        /// Its path.
        module: String,
        /// What it says.
        cause: String,
    },
    /// A token refused an operation.
    #[error("the token `{token}` failed: {cause}")]
    Token {
        /// The label of the token.
        token: String,
        /// What it says.
        cause: String,
    },
    /// The module has no token of this label, or several.
    #[error("the module has {count} tokens with the label `{token}`; there must be one")]
    NoToken {
        /// The label.
        token: String,
        /// How many there are.
        count: usize,
    },
    /// The token has no key of this id, or several.
    #[error("the token `{token}` has {count} keys with the id `{id}`; there must be one")]
    NoTokenKey {
        /// The label of the token.
        token: String,
        /// The id of the root key.
        id: RootKeyId,
        /// How many there are.
        count: usize,
    },
    /// The token does not take the PIN.
    #[error("the token `{token}` does not accept the PIN: {cause}")]
    Pin {
        /// The label of the token.
        token: String,
        /// What it says.
        cause: String,
    },
    /// A new passphrase is too short.
    #[error("a passphrase has at least {PASSPHRASE_CHARACTERS_MIN} characters")]
    ShortPassphrase,
    /// The parameters of a provider are not such as are written here.
    #[error("the parameters of the root key are damaged")]
    Unsound,
}

impl From<pkcs11::Failure<'_>> for RootKeyError {
    fn from(failure: pkcs11::Failure<'_>) -> Self {
        let (token, cause) = (failure.token.to_owned(), failure.cause.to_string());
        if failure.of_pin() { Self::Pin { token, cause } } else { Self::Token { token, cause } }
    }
}

/// Characters of a new passphrase.
pub const PASSPHRASE_CHARACTERS_MIN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(byte: u8) -> Access {
        Access::File(Zeroizing::new(vec![byte; 32]))
    }

    fn passphrase(text: &str) -> Access {
        Access::Passphrase(Zeroizing::new(text.to_owned()))
    }

    fn systemd(name: &str) -> Access {
        Access::Systemd { name: name.to_owned(), key: Zeroizing::new(vec![9; 32]) }
    }

    fn store_key() -> StoreKey {
        StoreKey::from_bytes(&[0xe7; 32]).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_after_unlocking_again() {
        for access in [file(1), passphrase("correct horse battery"), systemd("root-key")] {
            let (provider, root) = RootKey::create(&access).unwrap();
            assert_eq!(provider.kind(), access.kind());
            let sealed = root.seal(&[b"a"], &store_key()).unwrap();
            let text = format!("{provider:?}{root:?}");
            assert!(!text.contains("horse") && !text.contains("9, 9"), "{text}");
            let again = RootKey::unlock(&access, &provider, root.id()).unwrap().unwrap();
            assert_eq!(again.open(&[b"a"], &sealed).unwrap().id(), store_key().id());
            assert!(again.open(&[b"b"], &sealed).is_err());
        }
    }

    #[test]
    fn another_secret_unlocks_nothing() {
        let cases = [
            (file(1), file(2)),
            (file(1), systemd("root-key")),
            (systemd("root-key"), systemd("other")),
            (passphrase("correct horse battery"), passphrase("correct horse Battery")),
        ];
        for (right, wrong) in cases {
            let (provider, root) = RootKey::create(&right).unwrap();
            assert!(RootKey::unlock(&wrong, &provider, root.id()).unwrap().is_none());
        }
    }

    #[test]
    fn a_new_passphrase_is_long_enough() {
        assert!(RootKey::create(&passphrase("elevenchars")).is_err());
        assert!(RootKey::create(&passphrase("twelve chars")).is_ok());
    }

    #[test]
    fn parameters_that_were_changed_are_refused() {
        let access = passphrase("correct horse battery");
        let (_, root) = RootKey::create(&access).unwrap();
        let salt = "00".repeat(16);
        for (salt, memory_kib, passes, lanes) in [
            (salt.clone(), 8, 3, 4),
            (salt.clone(), u32::MAX, 3, 4),
            (salt.clone(), 65536, 1, 4),
            (salt.clone(), 65536, 3, 100),
            ("0".repeat(31), 65536, 3, 4),
            ("ß".repeat(16), 65536, 3, 4),
        ] {
            let provider = Provider::Passphrase { salt, memory_kib, passes, lanes };
            let refused = RootKey::unlock(&access, &provider, root.id());
            assert!(matches!(refused, Err(RootKeyError::Unsound)), "{provider:?}");
        }
    }

    #[test]
    fn a_module_that_is_none_is_named() {
        let token = TokenAccess {
            module: PathBuf::from("/nowhere/module.so"),
            token: "trent".to_owned(),
            pin: Zeroizing::new("1234".to_owned()),
        };
        let error = RootKey::create(&Access::Pkcs11(token)).unwrap_err().to_string();
        assert!(error.contains("/nowhere/module.so"), "{error}");
    }
}
