//! What AWS-LC has and `aws-lc-rs` does not offer: Ed25519ph, ML-DSA over an external mu, and keys
//! of ML-KEM with their encodings.
//!
//! The only file of this crate that calls C. Every return code is checked, every allocation has an
//! owner that frees it, and no raw pointer leaves the file. Which key may do what is decided by the
//! callers.

#![expect(
    unsafe_code,
    reason = "calls AWS-LC, of which `aws-lc-rs` wraps all but the few functions used here"
)]

use std::{
    mem::MaybeUninit,
    ptr::{self, NonNull},
};

use aws_lc_sys::{
    CBB, CBB_cleanup, CBB_finish, CBB_init_fixed, CBS, CBS_init, ED25519ph_sign, ED25519ph_verify,
    EVP_PKEY, EVP_PKEY_CTX, EVP_PKEY_CTX_free, EVP_PKEY_CTX_kem_set_params, EVP_PKEY_CTX_new,
    EVP_PKEY_CTX_new_id, EVP_PKEY_KEM, EVP_PKEY_PQDSA, EVP_PKEY_decapsulate, EVP_PKEY_encapsulate,
    EVP_PKEY_free, EVP_PKEY_id, EVP_PKEY_kem_get_type, EVP_PKEY_keygen, EVP_PKEY_keygen_init,
    EVP_PKEY_pqdsa_get_type, EVP_PKEY_sign, EVP_PKEY_sign_init, EVP_PKEY_verify,
    EVP_PKEY_verify_init, EVP_marshal_private_key, EVP_marshal_public_key, EVP_parse_private_key,
    EVP_parse_public_key, NID_MLDSA44, NID_MLDSA65, NID_MLDSA87, NID_MLKEM512, NID_MLKEM768,
    NID_MLKEM1024,
};
use zeroize::Zeroizing;

/// More than any encoding of a key made here: the public key of ML-DSA-87 has 2592 bytes, that of
/// ML-KEM-1024 has 1568, and private keys are seeds.
const ENCODING_BYTES_MAX: usize = 4096;

/// What AWS-LC answers for success.
const SUCCESS: i32 = 1;

/// A signature of Ed25519ph (RFC 8032 §5.1) without context. `private_key` is the seed and the
/// public key after it.
pub(crate) fn ed25519ph_sign(private_key: &[u8; 64], message: &[u8]) -> Option<[u8; 64]> {
    let mut signature = [0; 64];
    let context: [u8; 0] = [];
    // SAFETY: every pointer comes from a slice or array of the length that is passed or, for the
    // key and the signature, that the function is declared with; it keeps none of them.
    let result = unsafe {
        ED25519ph_sign(
            signature.as_mut_ptr(),
            message.as_ptr(),
            message.len(),
            private_key.as_ptr(),
            context.as_ptr(),
            0,
        )
    };
    (result == SUCCESS).then_some(signature)
}

/// Whether `signature` is one of Ed25519ph, without context, over `message`.
pub(crate) fn ed25519ph_verify(
    public_key: &[u8; 32],
    message: &[u8],
    signature: &[u8; 64],
) -> bool {
    let context: [u8; 0] = [];
    // SAFETY: as for `ed25519ph_sign`; nothing is written.
    let result = unsafe {
        ED25519ph_verify(
            message.as_ptr(),
            message.len(),
            signature.as_ptr(),
            public_key.as_ptr(),
            context.as_ptr(),
            0,
        )
    };
    result == SUCCESS
}

/// The parameter set of a post-quantum key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterSet {
    MlDsa44,
    MlDsa65,
    MlDsa87,
    MlKem512,
    MlKem768,
    MlKem1024,
}

/// A post-quantum key, private with public half or public alone, which AWS-LC frees and zeroizes.
pub(crate) struct Key(NonNull<EVP_PKEY>);

// SAFETY: no function here changes a key once it is made, and AWS-LC documents that an `EVP_PKEY`
// may then be used by several threads at once (openssl/evp.h); its reference count is atomic.
unsafe impl Send for Key {}
// SAFETY: as above.
unsafe impl Sync for Key {}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: this owns the one reference that it was made with.
        unsafe { EVP_PKEY_free(self.0.as_ptr()) }
    }
}

impl Key {
    /// A new key of ML-KEM. `None` for parameters of ML-DSA, which `aws-lc-rs` generates.
    pub(crate) fn generate(parameters: ParameterSet) -> Option<Self> {
        let nid = match parameters {
            ParameterSet::MlKem512 => NID_MLKEM512,
            ParameterSet::MlKem768 => NID_MLKEM768,
            ParameterSet::MlKem1024 => NID_MLKEM1024,
            ParameterSet::MlDsa44 | ParameterSet::MlDsa65 | ParameterSet::MlDsa87 => return None,
        };
        // SAFETY: takes an id and a null engine, and answers null or a context that is now owned.
        let context = unsafe { EVP_PKEY_CTX_new_id(EVP_PKEY_KEM, ptr::null_mut()) };
        let context = Context(NonNull::new(context)?);
        let mut key = ptr::null_mut();
        // SAFETY: the context is valid. On success `key` is a new key, which is now owned; else it
        // is still null or, by the documentation of `EVP_PKEY_keygen`, freed and null again.
        let result = unsafe {
            EVP_PKEY_keygen_init(context.as_ptr()) == SUCCESS
                && EVP_PKEY_CTX_kem_set_params(context.as_ptr(), nid) == SUCCESS
                && EVP_PKEY_keygen(context.as_ptr(), &raw mut key) == SUCCESS
        };
        let key = NonNull::new(key).map(Self)?;
        result.then_some(key)
    }

    /// The key of a PKCS#8 document (RFC 5958), with nothing after it.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        Self::parse(der, EVP_parse_private_key)
    }

    /// The key of a `SubjectPublicKeyInfo` (RFC 5280), with nothing after it.
    pub(crate) fn from_spki(der: &[u8]) -> Option<Self> {
        Self::parse(der, EVP_parse_public_key)
    }

    fn parse(der: &[u8], parse: unsafe extern "C" fn(*mut CBS) -> *mut EVP_PKEY) -> Option<Self> {
        let mut cbs = MaybeUninit::<CBS>::uninit();
        // SAFETY: `CBS_init` fills in the whole of `cbs`, a pointer and a length of which `der`
        // lives to the end of this function.
        let mut cbs = unsafe {
            CBS_init(cbs.as_mut_ptr(), der.as_ptr(), der.len());
            cbs.assume_init()
        };
        // SAFETY: `cbs` is valid, and the answer is null or a new key, which is now owned.
        let key = unsafe { NonNull::new(parse(&raw mut cbs)).map(Self)? };
        (cbs.len == 0).then_some(key)
    }

    /// The key as a PKCS#8 document, with the seed as the private key if it is known.
    pub(crate) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.marshal(EVP_marshal_private_key)
    }

    /// The public half as a `SubjectPublicKeyInfo`.
    pub(crate) fn to_spki(&self) -> Option<Vec<u8>> {
        self.marshal(EVP_marshal_public_key).map(|der| der.to_vec())
    }

    fn marshal(
        &self,
        marshal: unsafe extern "C" fn(*mut CBB, *const EVP_PKEY) -> i32,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut encoding = Zeroizing::new(vec![0; ENCODING_BYTES_MAX]);
        let mut len = 0;
        let mut cbb = MaybeUninit::<CBB>::zeroed();
        // SAFETY: `CBB_init_fixed` fills in `cbb`, which then writes at most as many bytes as
        // `encoding` has, and never allocates; the key is valid. A null instead of a place for the
        // data is allowed for a fixed buffer. `CBB_cleanup` may follow any of the calls.
        let result = unsafe {
            let result = CBB_init_fixed(cbb.as_mut_ptr(), encoding.as_mut_ptr(), encoding.len())
                == SUCCESS
                && marshal(cbb.as_mut_ptr(), self.0.as_ptr()) == SUCCESS
                && CBB_finish(cbb.as_mut_ptr(), ptr::null_mut(), &raw mut len) == SUCCESS;
            CBB_cleanup(cbb.as_mut_ptr());
            result
        };
        encoding.truncate(len);
        result.then_some(encoding)
    }

    /// The parameters of the key, if it is a post-quantum one.
    pub(crate) fn parameters(&self) -> Option<ParameterSet> {
        // SAFETY: the key is valid, and the functions only read it.
        let nid = unsafe {
            match EVP_PKEY_id(self.0.as_ptr()) {
                EVP_PKEY_PQDSA => EVP_PKEY_pqdsa_get_type(self.0.as_ptr()),
                EVP_PKEY_KEM => EVP_PKEY_kem_get_type(self.0.as_ptr()),
                _ => return None,
            }
        };
        match nid {
            NID_MLDSA44 => Some(ParameterSet::MlDsa44),
            NID_MLDSA65 => Some(ParameterSet::MlDsa65),
            NID_MLDSA87 => Some(ParameterSet::MlDsa87),
            NID_MLKEM512 => Some(ParameterSet::MlKem512),
            NID_MLKEM768 => Some(ParameterSet::MlKem768),
            NID_MLKEM1024 => Some(ParameterSet::MlKem1024),
            _ => None,
        }
    }

    /// The ML-DSA signature, of `signature_bytes`, over the message with this mu.
    pub(crate) fn sign_mu(&self, mu: &[u8; 64], signature_bytes: usize) -> Option<Vec<u8>> {
        let context = self.context()?;
        let mut signature = vec![0; signature_bytes];
        let mut len = signature.len();
        // SAFETY: the context is valid; at most `len` bytes are written to `signature`, or it
        // fails, and as many bytes of `mu` are read as it has.
        let result = unsafe {
            EVP_PKEY_sign_init(context.as_ptr()) == SUCCESS
                && EVP_PKEY_sign(
                    context.as_ptr(),
                    signature.as_mut_ptr(),
                    &raw mut len,
                    mu.as_ptr(),
                    mu.len(),
                ) == SUCCESS
        };
        (result && len == signature_bytes).then_some(signature)
    }

    /// Whether `signature` is one of ML-DSA over the message with this mu.
    pub(crate) fn verify_mu(&self, mu: &[u8; 64], signature: &[u8]) -> bool {
        let Some(context) = self.context() else { return false };
        // SAFETY: the context is valid, and as many bytes are read as the slices have.
        unsafe {
            EVP_PKEY_verify_init(context.as_ptr()) == SUCCESS
                && EVP_PKEY_verify(
                    context.as_ptr(),
                    signature.as_ptr(),
                    signature.len(),
                    mu.as_ptr(),
                    mu.len(),
                ) == SUCCESS
        }
    }

    /// Fills `ciphertext` and `shared_secret`, which must have exactly the lengths of the
    /// parameters, by ML-KEM encapsulation.
    pub(crate) fn encapsulate(
        &self,
        ciphertext: &mut [u8],
        shared_secret: &mut [u8],
    ) -> Option<()> {
        let context = self.context()?;
        let (mut ciphertext_len, mut secret_len) = (ciphertext.len(), shared_secret.len());
        // SAFETY: the context is valid; at most as many bytes are written as the lengths say, or
        // it fails.
        let result = unsafe {
            EVP_PKEY_encapsulate(
                context.as_ptr(),
                ciphertext.as_mut_ptr(),
                &raw mut ciphertext_len,
                shared_secret.as_mut_ptr(),
                &raw mut secret_len,
            )
        };
        let is_filled = ciphertext_len == ciphertext.len() && secret_len == shared_secret.len();
        (result == SUCCESS && is_filled).then_some(())
    }

    /// Fills `shared_secret`, which must have exactly its length, by ML-KEM decapsulation.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8], shared_secret: &mut [u8]) -> Option<()> {
        let context = self.context()?;
        let mut secret_len = shared_secret.len();
        // SAFETY: the context is valid; as many bytes of `ciphertext` are read as it has, and at
        // most as many written to `shared_secret`, or it fails.
        let result = unsafe {
            EVP_PKEY_decapsulate(
                context.as_ptr(),
                shared_secret.as_mut_ptr(),
                &raw mut secret_len,
                ciphertext.as_ptr(),
                ciphertext.len(),
            )
        };
        (result == SUCCESS && secret_len == shared_secret.len()).then_some(())
    }

    fn context(&self) -> Option<Context> {
        // SAFETY: the key is valid; it is not changed but for its reference count, which is
        // atomic. The answer is null or a context that is now owned.
        let context = unsafe { EVP_PKEY_CTX_new(self.0.as_ptr(), ptr::null_mut()) };
        NonNull::new(context).map(Context)
    }
}

/// What AWS-LC does one operation in.
struct Context(NonNull<EVP_PKEY_CTX>);

impl Context {
    fn as_ptr(&self) -> *mut EVP_PKEY_CTX {
        self.0.as_ptr()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: this owns the context.
        unsafe { EVP_PKEY_CTX_free(self.0.as_ptr()) }
    }
}
