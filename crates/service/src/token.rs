//! Tokens: something small, sealed together with what it is for, as text that clients carry.
//!
//! Markers of lists, grant tokens and import tokens are such. Nothing can be read from a token or changed in it.
//! After a rotation of the store key, those under the old one are good until it is forgotten.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trent_api::KmsError;
use trent_crypto::key_ring::{KeyRing, RingSealer};
use trent_crypto::store_key::Purpose;
use zeroize::Zeroizing;

pub(crate) struct Tokens {
    sealer: RingSealer,
}

impl Tokens {
    pub(crate) fn new(ring: &KeyRing) -> Self {
        Self { sealer: ring.sealer(Purpose::Marker) }
    }

    /// A token with this content, worth nothing for anything but `purpose`.
    pub(crate) fn seal(&self, purpose: &[&[u8]], content: &[u8]) -> Result<String, KmsError> {
        Ok(URL_SAFE_NO_PAD.encode(self.seal_bytes(purpose, content)?))
    }

    /// A token as bytes.
    pub(crate) fn seal_bytes(
        &self,
        purpose: &[&[u8]],
        content: &[u8],
    ) -> Result<Vec<u8>, KmsError> {
        self.sealer.seal(purpose, content).map_err(KmsError::internal)
    }

    /// The content of a token; none if it is not one for this purpose.
    pub(crate) fn open(&self, purpose: &[&[u8]], token: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        String::from_utf8(self.open_bytes(purpose, &sealed)?.to_vec()).ok()
    }

    /// The content of a token of bytes; none if it is not one for this purpose.
    pub(crate) fn open_bytes(&self, purpose: &[&[u8]], token: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.sealer.open(purpose, token).ok()
    }
}
