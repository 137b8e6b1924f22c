//! From the name of an operation to its function. A new operation is a line here.

use crate::context::Context;
use crate::operations::{
    agreement, aliases, data_keys, deletion, encryption, grants, import, keys, mac, policies,
    replication, rotation, signing, tags,
};
use trent_api::{ErrorCode, KmsError, Operation, Request, parse};

/// Reads the request of the context's operation, runs it and writes its reply.
pub(crate) async fn dispatch(cx: &Context<'_>, body: &[u8]) -> Result<Vec<u8>, KmsError> {
    use Operation as O;
    match cx.operation {
        O::CancelKeyDeletion => run(cx, body, deletion::cancel_key_deletion).await,
        O::CreateAlias => run(cx, body, aliases::create_alias).await,
        O::CreateGrant => run(cx, body, grants::create_grant).await,
        O::CreateKey => run(cx, body, keys::create_key).await,
        O::Decapsulate => run(cx, body, agreement::decapsulate).await,
        O::Decrypt => run(cx, body, encryption::decrypt).await,
        O::DeleteAlias => run(cx, body, aliases::delete_alias).await,
        O::DeleteImportedKeyMaterial => run(cx, body, import::delete_imported_key_material).await,
        O::DeriveSharedSecret => run(cx, body, agreement::derive_shared_secret).await,
        O::DescribeKey => run(cx, body, keys::describe_key).await,
        O::DisableKey => run(cx, body, keys::disable_key).await,
        O::DisableKeyRotation => run(cx, body, rotation::disable_key_rotation).await,
        O::EnableKey => run(cx, body, keys::enable_key).await,
        O::EnableKeyRotation => run(cx, body, rotation::enable_key_rotation).await,
        O::Encapsulate => run(cx, body, agreement::encapsulate).await,
        O::Encrypt => run(cx, body, encryption::encrypt).await,
        O::GenerateDataKey => run(cx, body, data_keys::generate_data_key).await,
        O::GenerateDataKeyPair => run(cx, body, data_keys::generate_data_key_pair).await,
        O::GenerateDataKeyPairWithoutPlaintext => {
            run(cx, body, data_keys::generate_data_key_pair_without_plaintext).await
        }
        O::GenerateDataKeyWithoutPlaintext => {
            run(cx, body, data_keys::generate_data_key_without_plaintext).await
        }
        O::GenerateMac => run(cx, body, mac::generate_mac).await,
        O::GenerateRandom => run(cx, body, data_keys::generate_random).await,
        O::GetKeyLastUsage => run(cx, body, keys::get_key_last_usage).await,
        O::GetKeyPolicy => run(cx, body, policies::get_key_policy).await,
        O::GetKeyRotationStatus => run(cx, body, rotation::get_key_rotation_status).await,
        O::GetParametersForImport => run(cx, body, import::get_parameters_for_import).await,
        O::GetPublicKey => run(cx, body, signing::get_public_key).await,
        O::ImportKeyMaterial => run(cx, body, import::import_key_material).await,
        O::ListAliases => run(cx, body, aliases::list_aliases).await,
        O::ListGrants => run(cx, body, grants::list_grants).await,
        O::ListKeyPolicies => run(cx, body, policies::list_key_policies).await,
        O::ListKeyRotations => run(cx, body, rotation::list_key_rotations).await,
        O::ListKeys => run(cx, body, keys::list_keys).await,
        O::ListResourceTags => run(cx, body, tags::list_resource_tags).await,
        O::ListRetirableGrants => run(cx, body, grants::list_retirable_grants).await,
        O::PutKeyPolicy => run(cx, body, policies::put_key_policy).await,
        O::ReEncrypt => run(cx, body, encryption::re_encrypt).await,
        O::ReplicateKey => run(cx, body, replication::replicate_key).await,
        O::RetireGrant => run(cx, body, grants::retire_grant).await,
        O::RevokeGrant => run(cx, body, grants::revoke_grant).await,
        O::RotateKeyOnDemand => run(cx, body, rotation::rotate_key_on_demand).await,
        O::ScheduleKeyDeletion => run(cx, body, deletion::schedule_key_deletion).await,
        O::Sign => run(cx, body, signing::sign).await,
        O::TagResource => run(cx, body, tags::tag_resource).await,
        O::UntagResource => run(cx, body, tags::untag_resource).await,
        O::UpdateAlias => run(cx, body, aliases::update_alias).await,
        O::UpdateKeyDescription => run(cx, body, keys::update_key_description).await,
        O::UpdatePrimaryRegion => run(cx, body, replication::update_primary_region).await,
        O::Verify => run(cx, body, signing::verify).await,
        O::VerifyMac => run(cx, body, mac::verify_mac).await,
        O::ConnectCustomKeyStore
        | O::CreateCustomKeyStore
        | O::DeleteCustomKeyStore
        | O::DescribeCustomKeyStores
        | O::DisconnectCustomKeyStore
        | O::UpdateCustomKeyStore => Err(not_built(&format!("{} is", cx.operation.as_str()))),
    }
}

/// What is answered where a part of the API is not built yet.
pub(crate) fn not_built(what: &str) -> KmsError {
    KmsError::new(ErrorCode::UnsupportedOperation, format!("{what} not supported by Trent yet."))
}

/// Operations that are about no key: IAM policies alone permit them, on the resource `*`.
fn needs_identity_alone(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::ConnectCustomKeyStore
            | O::CreateCustomKeyStore
            | O::CreateKey
            | O::DeleteCustomKeyStore
            | O::DescribeCustomKeyStores
            | O::DisconnectCustomKeyStore
            | O::ListAliases
            | O::ListKeys
            | O::ListRetirableGrants
            | O::UpdateCustomKeyStore
    )
}

async fn run<R: Request>(
    cx: &Context<'_>,
    body: &[u8],
    operation: impl AsyncFn(&Context<'_>, R) -> Result<R::Response, KmsError>,
) -> Result<Vec<u8>, KmsError> {
    let request = parse::<R>(body)?;
    if needs_identity_alone(cx.operation) {
        cx.authorize_identity("*")?;
    }
    cx.charge_call()?;
    let reply = operation(cx, request).await?;
    if !R::ANSWERS_WITH_BODY {
        return Ok(Vec::new());
    }
    serde_json::to_vec(&reply).map_err(KmsError::internal)
}
