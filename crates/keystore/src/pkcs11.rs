//! A root key on a token: an AES-256 key that was made there and cannot leave it (PKCS#11 v2.40,
//! AES-GCM of the mechanisms document §2.11.3).
//!
//! ```text
//! 0x01 ‖ IV (12 random) ‖ ciphertext ‖ tag (16)
//! ```
//!
//! A root key is used when a server starts and when the store key changes, that is seldom. So each
//! use has a session of its own, and nothing has to be kept alive when a token goes away.

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use std::time::Duration;
use trent_crypto::CryptoError;
use trent_crypto::root_key::RootKeyId;
use trent_crypto::store_key::StoreKey;
use zeroize::Zeroizing;

use crate::root_key::{RootKeyError, TokenAccess};

/// A key on a token.
pub struct TokenKey {
    access: TokenAccess,
    context: Pkcs11,
    id: RootKeyId,
}

impl TokenKey {
    /// Makes a key on the token.
    pub(crate) fn generate(access: &TokenAccess) -> Result<Self, RootKeyError> {
        let mut id = [0; 8];
        trent_crypto::random::fill(&mut id)?;
        let key = Self::new(access, RootKeyId::from_bytes(id))?;
        key.in_session(|session| {
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(AES_KEY_BYTES.into()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::Wrap(false),
                Attribute::Unwrap(false),
                Attribute::Label(LABEL.to_vec()),
                Attribute::Id(id.to_vec()),
            ];
            session.generate_key(&Mechanism::AesKeyGen, &template).map(drop)
        })?;
        Ok(key)
    }

    /// The key `id` of the token.
    pub(crate) fn find(access: &TokenAccess, id: RootKeyId) -> Result<Self, RootKeyError> {
        let key = Self::new(access, id)?;
        let found = key.in_session(|session| key.handles(session))?;
        key.only(&found)?;
        Ok(key)
    }

    pub(crate) fn id(&self) -> RootKeyId {
        self.id
    }

    pub(crate) fn seal(
        &self,
        associated: &[&[u8]],
        key: &StoreKey,
    ) -> Result<Vec<u8>, RootKeyError> {
        let mut iv = [0; IV_BYTES];
        trent_crypto::random::fill(&mut iv)?;
        let prefix = [&[FORMAT][..], &iv].concat();
        let associated = authenticated(associated);
        let ciphertext = self.in_session(|session| {
            let handles = self.handles(session)?;
            let Some(&handle) = handles.first() else { return Ok(None) };
            let params = GcmParams::new(&mut iv, &associated, TAG_BITS.into())?;
            let plaintext = key.to_bytes();
            session.encrypt(&Mechanism::AesGcm(params), handle, plaintext.as_slice()).map(Some)
        })?;
        let ciphertext = ciphertext.ok_or_else(|| self.missing(0))?;
        Ok([prefix, ciphertext].concat())
    }

    pub(crate) fn open(
        &self,
        associated: &[&[u8]],
        sealed: &[u8],
    ) -> Result<StoreKey, RootKeyError> {
        let (&format, rest) = sealed.split_first().ok_or(CryptoError::Damaged)?;
        if format != FORMAT {
            return Err(CryptoError::UnknownFormat(format).into());
        }
        let (iv, ciphertext) = rest.split_at_checked(IV_BYTES).ok_or(CryptoError::Damaged)?;
        let mut iv = iv.to_vec();
        let associated = authenticated(associated);
        let opened = self.in_session(|session| {
            let handles = self.handles(session)?;
            let Some(&handle) = handles.first() else { return Ok(None) };
            let params = GcmParams::new(&mut iv, &associated, TAG_BITS.into())?;
            match session.decrypt(&Mechanism::AesGcm(params), handle, ciphertext) {
                // What tokens say of a tag that is wrong: not all the same.
                Err(Error::Pkcs11(
                    RvError::EncryptedDataInvalid
                    | RvError::EncryptedDataLenRange
                    | RvError::GeneralError,
                    _,
                )) => Ok(Some(Err(CryptoError::Damaged))),
                other => other.map(|bytes| Some(Ok(Zeroizing::new(bytes)))),
            }
        })?;
        let opened = opened.ok_or_else(|| self.missing(0))??;
        Ok(StoreKey::from_bytes(&opened)?)
    }

    /// The library, loaded and ready.
    fn new(access: &TokenAccess, id: RootKeyId) -> Result<Self, RootKeyError> {
        let of_module = |cause: Error| RootKeyError::Module {
            module: access.module.display().to_string(),
            cause: cause.to_string(),
        };
        let context = Pkcs11::new(&access.module).map_err(of_module)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another part of this process uses the same library.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(of_module(error)),
        }
        Ok(Self { access: access.clone(), context, id })
    }

    /// Does something in a session of its own, logged in.
    fn in_session<T>(
        &self,
        work: impl FnOnce(&Session) -> Result<T, Error>,
    ) -> Result<T, RootKeyError> {
        let token = self.access.token.as_str();
        let failure = |cause: Error| RootKeyError::from(Failure { token, cause });
        let slot = self.slot()?;
        let session = self.context.open_rw_session(slot).map_err(failure)?;
        let pin = AuthPin::new(self.access.pin.as_str().into());
        match session.login(UserType::User, Some(&pin)) {
            // A login holds for all sessions of a process.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(failure(error)),
        }
        work(&session).map_err(failure)
    }

    /// Where the token is. Another token that does not answer is no hindrance.
    fn slot(&self) -> Result<Slot, RootKeyError> {
        let token = self.access.token.as_str();
        let failure = |cause: Error| RootKeyError::from(Failure { token, cause });
        let (mut slots, mut silent) = (Vec::new(), None);
        for slot in self.context.get_slots_with_initialized_token().map_err(failure)? {
            match self.token_info(slot) {
                Ok(info) if info.label() == token => slots.push(slot),
                Ok(_) => {}
                Err(error) => silent = Some(error),
            }
        }
        match (slots.as_slice(), silent) {
            ([slot], _) => Ok(*slot),
            ([], Some(error)) => Err(failure(error)),
            _ => Err(RootKeyError::NoToken { token: token.to_owned(), count: slots.len() }),
        }
    }

    /// SoftHSM has a general error for who asks while another process writes the token.
    fn token_info(&self, slot: Slot) -> Result<TokenInfo, Error> {
        for _ in 1..TRIES {
            match self.context.get_token_info(slot) {
                Err(Error::Pkcs11(RvError::GeneralError, _)) => std::thread::sleep(TRY_AGAIN),
                answered => return answered,
            }
        }
        self.context.get_token_info(slot)
    }

    fn handles(&self, session: &Session) -> Result<Vec<ObjectHandle>, Error> {
        session.find_objects(&[
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Id(self.id.as_bytes().to_vec()),
        ])
    }

    fn only(&self, found: &[ObjectHandle]) -> Result<(), RootKeyError> {
        if found.len() == 1 { Ok(()) } else { Err(self.missing(found.len())) }
    }

    fn missing(&self, count: usize) -> RootKeyError {
        RootKeyError::NoTokenKey { token: self.access.token.clone(), id: self.id, count }
    }
}

/// What a token says when it does not do something.
pub(crate) struct Failure<'a> {
    pub(crate) token: &'a str,
    pub(crate) cause: Error,
}

impl Failure<'_> {
    /// Whether it is about the PIN.
    pub(crate) fn of_pin(&self) -> bool {
        matches!(
            self.cause,
            Error::Pkcs11(
                RvError::PinIncorrect
                    | RvError::PinInvalid
                    | RvError::PinLenRange
                    | RvError::PinLocked
                    | RvError::PinExpired
                    | RvError::UserPinNotInitialized,
                _
            )
        )
    }
}

/// The parts, each with its length before it as 32 bits, so that no two lists give the same bytes.
fn authenticated(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    for part in parts {
        bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

const FORMAT: u8 = 1;
const IV_BYTES: usize = 12;
const TAG_BITS: u64 = 128;
const AES_KEY_BYTES: u64 = 32;

/// How often a token is asked that has a general error.
const TRIES: usize = 10;
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// What the keys are called on the token.
const LABEL: &[u8] = b"trent root key";
