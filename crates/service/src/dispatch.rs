//! From the name of an operation to its function. A new operation is a line here.

use crate::context::Context;
use crate::operations::{aliases, data_keys, deletion, encryption, keys, policies, rotation, tags};
use trent_api::{ErrorCode, KmsError, Operation, Request, parse};

/// Reads the request of the context's operation, runs it and writes its reply.
pub(crate) async fn dispatch(cx: &Context<'_>, body: &[u8]) -> Result<Vec<u8>, KmsError> {
    use Operation as O;
    match cx.operation {
        O::CancelKeyDeletion => run(cx, body, deletion::cancel_key_deletion).await,
        O::CreateAlias => run(cx, body, aliases::create_alias).await,
        O::CreateKey => run(cx, body, keys::create_key).await,
        O::Decrypt => run(cx, body, encryption::decrypt).await,
        O::DeleteAlias => run(cx, body, aliases::delete_alias).await,
        O::DescribeKey => run(cx, body, keys::describe_key).await,
        O::DisableKey => run(cx, body, keys::disable_key).await,
        O::DisableKeyRotation => run(cx, body, rotation::disable_key_rotation).await,
        O::EnableKey => run(cx, body, keys::enable_key).await,
        O::EnableKeyRotation => run(cx, body, rotation::enable_key_rotation).await,
        O::Encrypt => run(cx, body, encryption::encrypt).await,
        O::GenerateDataKey => run(cx, body, data_keys::generate_data_key).await,
        O::GenerateDataKeyWithoutPlaintext => {
            run(cx, body, data_keys::generate_data_key_without_plaintext).await
        }
        O::GenerateRandom => run(cx, body, data_keys::generate_random).await,
        O::GetKeyPolicy => run(cx, body, policies::get_key_policy).await,
        O::GetKeyRotationStatus => run(cx, body, rotation::get_key_rotation_status).await,
        O::ListAliases => run(cx, body, aliases::list_aliases).await,
        O::ListKeyPolicies => run(cx, body, policies::list_key_policies).await,
        O::ListKeyRotations => run(cx, body, rotation::list_key_rotations).await,
        O::ListKeys => run(cx, body, keys::list_keys).await,
        O::ListResourceTags => run(cx, body, tags::list_resource_tags).await,
        O::PutKeyPolicy => run(cx, body, policies::put_key_policy).await,
        O::ReEncrypt => run(cx, body, encryption::re_encrypt).await,
        O::RotateKeyOnDemand => run(cx, body, rotation::rotate_key_on_demand).await,
        O::ScheduleKeyDeletion => run(cx, body, deletion::schedule_key_deletion).await,
        O::TagResource => run(cx, body, tags::tag_resource).await,
        O::UntagResource => run(cx, body, tags::untag_resource).await,
        O::UpdateAlias => run(cx, body, aliases::update_alias).await,
        O::UpdateKeyDescription => run(cx, body, keys::update_key_description).await,
        O::ConnectCustomKeyStore
        | O::CreateCustomKeyStore
        | O::CreateGrant
        | O::Decapsulate
        | O::DeleteCustomKeyStore
        | O::DeleteImportedKeyMaterial
        | O::DeriveSharedSecret
        | O::DescribeCustomKeyStores
        | O::DisconnectCustomKeyStore
        | O::Encapsulate
        | O::GenerateDataKeyPair
        | O::GenerateDataKeyPairWithoutPlaintext
        | O::GenerateMac
        | O::GetKeyLastUsage
        | O::GetParametersForImport
        | O::GetPublicKey
        | O::ImportKeyMaterial
        | O::ListGrants
        | O::ListRetirableGrants
        | O::ReplicateKey
        | O::RetireGrant
        | O::RevokeGrant
        | O::Sign
        | O::UpdateCustomKeyStore
        | O::UpdatePrimaryRegion
        | O::Verify
        | O::VerifyMac => Err(not_built(&format!("{} is", cx.operation.as_str()))),
    }
}

/// What is answered where a part of the API is not built yet.
pub(crate) fn not_built(what: &str) -> KmsError {
    KmsError::new(ErrorCode::UnsupportedOperation, format!("{what} not supported by Trent yet."))
}

async fn run<R: Request>(
    cx: &Context<'_>,
    body: &[u8],
    operation: impl AsyncFn(&Context<'_>, R) -> Result<R::Response, KmsError>,
) -> Result<Vec<u8>, KmsError> {
    let request = parse::<R>(body)?;
    let reply = operation(cx, request).await?;
    if !R::ANSWERS_WITH_BODY {
        return Ok(Vec::new());
    }
    serde_json::to_vec(&reply).map_err(KmsError::internal)
}
