//! The key derivation function: NIST SP 800-108r1 (update 1) §4.1, KDF in counter mode, with
//! HMAC-SHA256, a 32-bit counter before the fixed input, and the fixed input in its recommended
//! form `label ‖ 0x00 ‖ context ‖ [L]`, where `[L]` is the output length in bits as 32 bits,
//! big-endian.
//!
//! AWS KMS derives its keys with the same function (AWS KMS Cryptographic Details, "Key
//! derivation functions").

use aws_lc_rs::kdf::{
    KbkdfCtrHmacAlgorithm, KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac,
};

use crate::{error::CryptoError, secret::KEY_BYTES};

/// Fills `output` with bytes derived from `key` for `label` and `context`.
///
/// INVARIANT (distinct uses): labels hold no zero byte, so `label ‖ 0x00 ‖ context` can be read in
/// one way only, and each label gives an independent function of the key.
pub(crate) fn derive(
    key: &[u8; KEY_BYTES],
    label: &str,
    context: &[u8],
    output: &mut [u8],
) -> Result<(), CryptoError> {
    debug_assert!(!label.is_empty() && !label.contains('\0'));
    let output_bits = u32::try_from(output.len() * 8).map_err(|_| CryptoError::TooLong)?;
    let fixed_input = [label.as_bytes(), &[0], context, &output_bits.to_be_bytes()].concat();
    kbkdf_ctr_hmac(algorithm()?, key, &fixed_input, output).map_err(|_| CryptoError::Library)
}

fn algorithm() -> Result<&'static KbkdfCtrHmacAlgorithm, CryptoError> {
    get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).ok_or(CryptoError::Library)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    /// Known answers computed by `tests/golden/check.py --kdf`, with the KDF of the Python package
    /// `cryptography` and again by hand from its HMAC.
    #[test]
    fn known_answers() {
        let key: [u8; KEY_BYTES] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let check = |label, context: &[u8], expected: &str| {
            let mut output = vec![0; expected.len() / 2];
            derive(&key, label, context, &mut output).unwrap();
            assert_eq!(output, hex(expected), "label `{label}`");
        };
        check(
            "trent known answer",
            &[],
            "9b184f7bf7455404e5017fc9d21e30013682ce5fd83acb51bc34c26c83afa2c3",
        );
        check(
            "trent known answer",
            &[0xa5; 16],
            "78cf10e19b775f21abf62f86884f0a3b4b631b15dcb6ed0a3a66e947283a079fc962ff9e993735233fe054eb",
        );
        check("trent known answer", &[0xa5; 16], "985e346e048710bb");
    }

    #[test]
    fn label_context_and_length_all_matter() {
        let derived = |label, context: &[u8], len| {
            let mut output = vec![0; len];
            derive(&[7; KEY_BYTES], label, context, &mut output).unwrap();
            output
        };
        let reference = derived("a", b"b", 32);
        assert_ne!(reference, derived("b", b"b", 32));
        assert_ne!(reference, derived("a", b"c", 32));
        assert_ne!(reference, derived("ab", b"", 32));
        assert_ne!(reference, derived("a", b"b", 44)[..32]);
    }
}
