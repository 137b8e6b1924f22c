//! Which operation works in which key state: the table of the AWS KMS Developer Guide,
//! "Key states of AWS KMS keys", as data.
//!
//! What suits a key's kind (origin, spec, usage) is not here: it is checked by each operation.

use crate::id::KeyArn;
use crate::key::KmsKey;
use jiff::Timestamp;
use std::fmt::Display;
use trent_api::enums::KeyState;
use trent_api::{ErrorCode, KmsError, Operation};

/// Checks that `operation` may work on `key` in its state.
///
/// Raises `DisabledException` or `KMSInvalidStateException` with AWS's words.
pub fn check_key_state(operation: Operation, key: &KmsKey, now: Timestamp) -> Result<(), KmsError> {
    let state = key.state(now);
    outcome(operation, state).check(state, || key.arn())
}

/// What is answered about a key that lacks imported key material.
pub fn pending_import(arn: &KeyArn) -> KmsError {
    KmsError::new(ErrorCode::KmsInvalidState, format!("{arn} {PENDING_IMPORT}"))
}

const PENDING_IMPORT: &str = "is pending import because no key material has ever been imported or \
     one of the imported key materials is deleted or expired.";

/// What the table says of an operation on a key in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It works.
    Ok,
    /// `<arn> is disabled.`
    Disabled,
    /// `<arn> is pending deletion.`; where AWS lists both exceptions, real calls were answered
    /// with `KMSInvalidStateException`.
    PendingDeletion,
    /// `<arn> is not pending deletion.`
    NotPendingDeletion,
    /// `<arn> is pending import …`
    PendingImport,
    /// `<arn> origin is EXTERNAL …`
    Imported,
    /// The kind of key cannot do this at all.
    Unsupported,
    /// `<arn> is unavailable.`
    Unavailable,
    /// `<arn> is creating.`
    Creating,
    /// `<arn> is updating.`
    Updating,
}

impl Outcome {
    fn check<A: Display>(self, state: KeyState, arn: impl FnOnce() -> A) -> Result<(), KmsError> {
        let pending = match state {
            KeyState::PendingReplicaDeletion => "pending replica deletion",
            _ => "pending deletion",
        };
        let (code, what) = match self {
            Self::Ok => return Ok(()),
            Self::Unsupported => return Err(KmsError::bare(ErrorCode::UnsupportedOperation)),
            Self::Disabled => (ErrorCode::Disabled, "is disabled.".to_owned()),
            Self::PendingDeletion => (ErrorCode::KmsInvalidState, format!("is {pending}.")),
            Self::NotPendingDeletion => {
                (ErrorCode::KmsInvalidState, "is not pending deletion.".to_owned())
            }
            Self::PendingImport => (ErrorCode::KmsInvalidState, PENDING_IMPORT.to_owned()),
            Self::Imported => (
                ErrorCode::UnsupportedOperation,
                "origin is EXTERNAL which is not valid for this operation.".to_owned(),
            ),
            Self::Unavailable => (ErrorCode::KmsInvalidState, "is unavailable.".to_owned()),
            Self::Creating => (ErrorCode::KmsInvalidState, "is creating.".to_owned()),
            Self::Updating => (ErrorCode::KmsInvalidState, "is updating.".to_owned()),
        };
        Err(KmsError::new(code, format!("{} {what}", arn())))
    }
}

/// One row of the table.
struct Row {
    disabled: Outcome,
    pending_deletion: Outcome,
    pending_import: Outcome,
    unavailable: Outcome,
    creating: Outcome,
    updating: Outcome,
}

/// Works in every state.
const ALWAYS: Row = Row {
    disabled: Outcome::Ok,
    pending_deletion: Outcome::Ok,
    pending_import: Outcome::Ok,
    unavailable: Outcome::Ok,
    creating: Outcome::Ok,
    updating: Outcome::Ok,
};

/// Works unless the key is pending deletion.
const UNLESS_PENDING_DELETION: Row = Row { pending_deletion: Outcome::PendingDeletion, ..ALWAYS };

/// Cryptography: works while the key is enabled.
const CRYPTOGRAPHY: Row = Row {
    disabled: Outcome::Disabled,
    pending_deletion: Outcome::PendingDeletion,
    pending_import: Outcome::PendingImport,
    unavailable: Outcome::Unavailable,
    creating: Outcome::Creating,
    updating: Outcome::Ok,
};

/// EnableKey and DisableKey.
const SWITCHING: Row = Row {
    disabled: Outcome::Ok,
    pending_deletion: Outcome::PendingDeletion,
    pending_import: Outcome::PendingImport,
    unavailable: Outcome::Ok,
    creating: Outcome::Creating,
    updating: Outcome::Updating,
};

const CANCEL_KEY_DELETION: Row = Row {
    disabled: Outcome::NotPendingDeletion,
    pending_deletion: Outcome::Ok,
    pending_import: Outcome::NotPendingDeletion,
    unavailable: Outcome::NotPendingDeletion,
    creating: Outcome::NotPendingDeletion,
    updating: Outcome::NotPendingDeletion,
};

const ENABLE_KEY_ROTATION: Row = Row {
    disabled: Outcome::Disabled,
    pending_deletion: Outcome::PendingDeletion,
    pending_import: Outcome::Imported,
    unavailable: Outcome::Unsupported,
    creating: Outcome::Creating,
    updating: Outcome::Ok,
};

fn row(operation: Operation) -> Row {
    use Operation as O;
    match operation {
        O::CancelKeyDeletion => CANCEL_KEY_DELETION,
        O::CreateAlias | O::TagResource | O::UntagResource | O::UpdateKeyDescription => {
            UNLESS_PENDING_DELETION
        }
        O::CreateGrant => Row { unavailable: Outcome::Ok, ..CRYPTOGRAPHY },
        O::Decapsulate
        | O::Decrypt
        | O::DeriveSharedSecret
        | O::Encapsulate
        | O::Encrypt
        | O::GenerateDataKey
        | O::GenerateDataKeyWithoutPlaintext
        | O::GenerateMac
        | O::ReEncrypt
        | O::Sign
        | O::UpdatePrimaryRegion
        | O::Verify
        | O::VerifyMac => CRYPTOGRAPHY,
        O::GenerateDataKeyPair | O::GenerateDataKeyPairWithoutPlaintext => {
            Row { unavailable: Outcome::Unsupported, ..CRYPTOGRAPHY }
        }
        O::ReplicateKey => Row { updating: Outcome::Updating, ..CRYPTOGRAPHY },
        O::DeleteImportedKeyMaterial => {
            Row { creating: Outcome::Creating, updating: Outcome::Updating, ..ALWAYS }
        }
        O::DisableKey | O::EnableKey => SWITCHING,
        O::DisableKeyRotation | O::EnableKeyRotation => ENABLE_KEY_ROTATION,
        O::GetKeyRotationStatus | O::ListKeyRotations => {
            Row { unavailable: Outcome::Unsupported, ..ALWAYS }
        }
        O::RotateKeyOnDemand => Row { unavailable: Outcome::Unsupported, ..CRYPTOGRAPHY },
        O::GetParametersForImport => Row {
            pending_deletion: Outcome::PendingDeletion,
            unavailable: Outcome::Unsupported,
            creating: Outcome::Creating,
            updating: Outcome::Updating,
            ..ALWAYS
        },
        O::ImportKeyMaterial => {
            Row { unavailable: Outcome::Unsupported, creating: Outcome::Creating, ..ALWAYS }
        }
        O::GetPublicKey => Row { creating: Outcome::Creating, ..UNLESS_PENDING_DELETION },
        O::ScheduleKeyDeletion => Row { updating: Outcome::Updating, ..UNLESS_PENDING_DELETION },
        O::ConnectCustomKeyStore
        | O::CreateCustomKeyStore
        | O::CreateKey
        | O::DeleteAlias
        | O::DeleteCustomKeyStore
        | O::DescribeCustomKeyStores
        | O::DescribeKey
        | O::DisconnectCustomKeyStore
        | O::GenerateRandom
        | O::GetKeyLastUsage
        | O::GetKeyPolicy
        | O::ListAliases
        | O::ListGrants
        | O::ListKeyPolicies
        | O::ListKeys
        | O::ListResourceTags
        | O::ListRetirableGrants
        | O::PutKeyPolicy
        | O::RetireGrant
        | O::RevokeGrant
        | O::UpdateAlias
        | O::UpdateCustomKeyStore => ALWAYS,
    }
}

fn outcome(operation: Operation, state: KeyState) -> Outcome {
    let row = row(operation);
    match state {
        KeyState::Enabled if operation == Operation::CancelKeyDeletion => {
            Outcome::NotPendingDeletion
        }
        KeyState::Enabled => Outcome::Ok,
        KeyState::Disabled => row.disabled,
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => row.pending_deletion,
        KeyState::PendingImport => row.pending_import,
        KeyState::Unavailable => row.unavailable,
        KeyState::Creating => row.creating,
        KeyState::Updating => row.updating,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published table, copied: operations, then the columns Enabled, Disabled, PendingDeletion,
    /// PendingImport, Unavailable, Creating, Updating. The numbers are those of its footnotes;
    /// `/7`, `/9` and `12` concern kinds of keys, not states.
    const PUBLISHED: &str = "
        CancelKeyDeletion | 4 4 ok 4 4 4 4
        CreateAlias | ok ok 3 ok ok ok ok
        CreateGrant | ok 1 3 5 ok 14 ok
        Decrypt Encrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext | ok 1 3 5 11 14 ok
        GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext | ok 1 3 5 7 14 ok
        GenerateMac VerifyMac Sign Verify DeriveSharedSecret | ok 1 3 5 n/a 14 ok
        UpdatePrimaryRegion | ok 1 3 5 n/a 14 ok
        ReplicateKey | ok 1 3 5 n/a 14 15
        DeleteAlias DescribeKey GetKeyPolicy ListAliases ListGrants ListKeyPolicies ListResourceTags PutKeyPolicy RetireGrant RevokeGrant | ok ok ok ok ok ok ok
        DeleteImportedKeyMaterial | ok ok ok ok n/a 14 15
        DisableKey | ok ok 3 5 ok 14 15
        EnableKey | ok ok 3 5 ok 14 15
        EnableKeyRotation DisableKeyRotation | ok 1 3 6 7 14 ok
        GetKeyRotationStatus | ok ok ok ok 7 ok ok
        ListKeyRotations | ok ok ok ok 7 ok ok
        RotateKeyOnDemand | ok 1 3 5 7 14 ok
        GetParametersForImport | ok ok 3 ok 7 14 15
        ImportKeyMaterial | ok ok ok ok 7 14 ok
        GetPublicKey | ok ok 3 ok n/a 14 ok
        ScheduleKeyDeletion | ok ok 3 ok ok ok 15
        TagResource UntagResource UpdateKeyDescription | ok ok 3 ok ok ok ok
        UpdateAlias | ok ok ok ok ok ok ok
        GetKeyLastUsage | ok ok ok ok ok ok ok";

    const COLUMNS: [KeyState; 7] = [
        KeyState::Enabled,
        KeyState::Disabled,
        KeyState::PendingDeletion,
        KeyState::PendingImport,
        KeyState::Unavailable,
        KeyState::Creating,
        KeyState::Updating,
    ];

    #[test]
    fn the_table_is_the_published_one() {
        let mut cells = 0;
        for line in PUBLISHED.lines().filter(|line| !line.trim().is_empty()) {
            let (operations, columns) = line.split_once('|').unwrap();
            for name in operations.split_whitespace() {
                let operation = Operation::from_name(name).unwrap();
                for (state, cell) in COLUMNS.iter().zip(columns.split_whitespace()) {
                    let expected = match cell {
                        "n/a" => continue,
                        "ok" => Outcome::Ok,
                        "1" => Outcome::Disabled,
                        "3" => Outcome::PendingDeletion,
                        "4" => Outcome::NotPendingDeletion,
                        "5" => Outcome::PendingImport,
                        "6" => Outcome::Imported,
                        "7" => Outcome::Unsupported,
                        "11" => Outcome::Unavailable,
                        "14" => Outcome::Creating,
                        "15" => Outcome::Updating,
                        other => panic!("no such cell: {other}"),
                    };
                    assert_eq!(outcome(operation, *state), expected, "{name} {state}");
                    cells += 1;
                }
            }
        }
        assert_eq!(cells, 44 * 7 - 9);
    }

    #[test]
    fn every_exception_of_the_table_is_one_that_the_model_declares() {
        for operation in Operation::ALL {
            for state in COLUMNS {
                if let Err(error) = outcome(*operation, state).check(state, || "arn") {
                    let is_declared = operation.errors().contains(&error.code());
                    assert!(is_declared, "{operation:?} {state} {error}");
                }
            }
        }
    }

    #[test]
    fn the_texts_are_those_of_aws() {
        let text = |operation, state| {
            outcome(operation, state).check(state, || "arn:x").unwrap_err().to_string()
        };
        assert_eq!(
            text(Operation::Encrypt, KeyState::Disabled),
            "DisabledException: arn:x is disabled."
        );
        assert_eq!(
            text(Operation::EnableKey, KeyState::PendingDeletion),
            "KMSInvalidStateException: arn:x is pending deletion."
        );
        assert_eq!(
            text(Operation::CancelKeyDeletion, KeyState::Enabled),
            "KMSInvalidStateException: arn:x is not pending deletion."
        );
    }
}
