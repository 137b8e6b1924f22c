//! The context of one request: who calls, where and when, and the only way to a KMS key.
//!
//! INVARIANT (authorized keys): an operation sees a key only as [`AuthorizedKey`], and only this
//! file makes one.

use crate::audit::entry::is_read_only;
use crate::audit::service_event::ServiceEvent;
use crate::authenticate::Caller;
use crate::authorize::Resource;
use crate::authorize::request::RequestFacts;
use crate::cache::{AliasId, OpenKey};
use crate::change_set::ChangeSet;
use crate::error::from_store;
use crate::last_usage::LastUsage;
use crate::records::Versioned;
use crate::service::{CommitError, Service};
use jiff::Timestamp;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use trent_api::enums::{KeyLastUsageTrackingOperation, KeyManagerType};
use trent_api::{ErrorCode, KmsError, Operation};
use trent_core::id::InvalidKeyRef;
use trent_core::key_state::check_key_state;
use trent_core::managed;
use trent_core::{AccountId, Alias, AliasName, Grant, KeyArn, KeyId, KeyRef, KmsKey, Region};
use trent_crypto::attestation::Attestation;
use trent_crypto::ciphertext_blob;
use trent_crypto::key_pair::KeyPair;
use trent_crypto::mac::MacKey;
use trent_keystore::materials::Materials;
use trent_keystore::software::SymmetricMaterials;
use trent_store::Kind;

/// One request on its way.
#[derive(Clone)]
pub(crate) struct Context<'a> {
    pub(crate) service: &'a Service,
    pub(crate) caller: Caller,
    pub(crate) operation: Operation,
    /// What the caller must be permitted to do: `kms:` and this. The operation, but for ReEncrypt.
    pub(crate) action: &'static str,
    /// The one time of this request.
    pub(crate) now: Timestamp,
    /// The id that the answer carries.
    pub(crate) request_id: &'a str,
    /// What conditions may ask about the request.
    pub(crate) facts: &'a RequestFacts<'a>,
    /// What the recipient of the answer has attested, if the request names one; verified. Its
    /// register 0 is the image digest, `kms:RecipientAttestation:ImageSha384`.
    pub(crate) attestation: Option<Arc<Attestation>>,
    /// For ReEncrypt: whether source and destination are the same key.
    pub(crate) re_encrypts_on_same_key: Option<bool>,
}

/// A KMS key that the caller may use for the operation.
pub(crate) struct AuthorizedKey(Arc<OpenKey>);

impl Deref for AuthorizedKey {
    type Target = KmsKey;

    fn deref(&self) -> &KmsKey {
        &self.0.key.value
    }
}

impl AuthorizedKey {
    pub(crate) fn versioned(&self) -> &Versioned<KmsKey> {
        &self.0.key
    }

    /// The secrets of a symmetric encryption key whose state and usage were checked.
    pub(crate) fn symmetric(&self) -> Result<&SymmetricMaterials, KmsError> {
        match &self.0.materials {
            Materials::Symmetric(materials) => Ok(materials),
            _ => Err(self.without_material()),
        }
    }

    /// The key pair of an asymmetric key whose state and usage were checked.
    pub(crate) fn key_pair(&self) -> Result<&KeyPair, KmsError> {
        match &self.0.materials {
            Materials::KeyPair(pair) => Ok(pair),
            _ => Err(self.without_material()),
        }
    }

    /// The secret of an HMAC key whose state and usage were checked.
    pub(crate) fn mac_key(&self) -> Result<&MacKey, KmsError> {
        match &self.0.materials {
            Materials::Mac(key) => Ok(key),
            _ => Err(self.without_material()),
        }
    }

    fn without_material(&self) -> KmsError {
        KmsError::internal(format!("{} has no such key material", self.arn()))
    }
}

/// How a request may name its key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Key id, key ARN, alias name or alias ARN.
    WithAlias,
    /// Key id or key ARN.
    WithoutAlias,
}

impl Context<'_> {
    pub(crate) fn region(&self) -> &Region {
        &self.caller.region
    }

    /// The same request, needing the permission for another action.
    pub(crate) fn with_action(&self, action: &'static str) -> Self {
        Self { action, ..self.clone() }
    }

    /// The same request, with what its recipient has attested.
    pub(crate) fn with_attestation(&self, attestation: Attestation) -> Self {
        let attestation = Arc::new(attestation);
        self.facts.audit.recipient(&attestation);
        Self { attestation: Some(attestation), ..self.clone() }
    }

    /// The key that the request names, in any of the four forms.
    pub(crate) async fn key_by_any_name(&self, name: &str) -> Result<AuthorizedKey, KmsError> {
        let (arn, alias) = self.resolve(name, Naming::WithAlias).await?;
        self.authorized(&arn, alias.as_ref(), Resource::Key).await
    }

    /// The key that the request names by key id or key ARN.
    pub(crate) async fn key(&self, name: &str) -> Result<AuthorizedKey, KmsError> {
        let (arn, _) = self.resolve(name, Naming::WithoutAlias).await?;
        self.authorized(&arn, None, Resource::Key).await
    }

    /// The key as others see it, or none. An operation that changes something builds on what is in
    /// the store, where nodes share one: what it finds to be so already is not written.
    pub(crate) async fn stored_key(&self, arn: &KeyArn) -> Result<Option<Arc<OpenKey>>, KmsError> {
        if self.changes_shared_store() {
            self.service.cache.forget(std::slice::from_ref(arn), &[], &[]);
        }
        self.service.key(arn).await
    }

    /// The alias as others see it, or none.
    pub(crate) async fn stored_alias(
        &self,
        id: &AliasId,
    ) -> Result<Option<Arc<Versioned<Alias>>>, KmsError> {
        if self.changes_shared_store() {
            self.service.cache.forget(&[], std::slice::from_ref(id), &[]);
        }
        self.service.alias(id).await
    }

    fn changes_shared_store(&self) -> bool {
        self.service.freshness.is_some() && !is_read_only(self.operation)
    }

    /// Whether a ciphertext may be under key material that another node has just given the key: then
    /// the key is forgotten here, and to be read anew. Nobody tries a ciphertext again that is said to
    /// be invalid.
    pub(crate) fn has_news_of(&self, key: &KmsKey, ciphertext: &[u8]) -> bool {
        if self.service.freshness.is_none() {
            return false;
        }
        let Ok(header) = ciphertext_blob::header(ciphertext) else { return false };
        let is_known = key.materials.iter().any(|one| one.id.0.starts_with(&header.material));
        if is_known || header.key_id != *key.id.as_bytes() {
            return false;
        }
        self.service.cache.forget(&[key.arn()], &[], &[]);
        true
    }

    /// After work that may have taken long: whether what the request goes on with must be read
    /// anew, so that nothing is done with a key that was disabled meanwhile on another node. Raises
    /// `ServiceUnavailable` if the caller is not what it was.
    pub(crate) async fn must_renew(&self) -> Result<bool, KmsError> {
        self.service.must_renew(&self.caller, self.facts).await
    }

    /// The ARN of a key of the caller's account, which exists. For operations that need no
    /// permission for the key itself.
    pub(crate) async fn existing_key(&self, name: &str) -> Result<KeyArn, KmsError> {
        let (arn, _) = self.resolve(name, Naming::WithoutAlias).await?;
        if arn.account != self.caller.account {
            return Err(self.denied("this resource"));
        }
        match self.stored_key(&arn).await? {
            Some(_) => {
                self.facts.audit.key(&arn);
                Ok(arn)
            }
            None => Err(key_not_found(&arn)),
        }
    }

    /// The key that a ciphertext names.
    pub(crate) async fn key_of_ciphertext(&self, id: KeyId) -> Result<AuthorizedKey, KmsError> {
        let region = self.region().clone();
        let own = KeyArn { region: region.clone(), account: self.caller.account, key_id: id };
        if self.service.key(&own).await?.is_some() {
            return self.authorized(&own, None, Resource::OfCiphertext).await;
        }
        let found = self
            .service
            .store
            .find(Kind::Key, region.as_str(), &id.to_string(), 1)
            .await
            .map_err(from_store)?;
        if let Some(record) = found.first() {
            let key = self.service.records.open_key(record)?;
            return self.authorized(&key.value.arn(), None, Resource::OfCiphertext).await;
        }
        Err(self.denied("the resource associated with this ciphertext"))
    }

    /// The key, whose state permits the operation, changed by `edit` and written. A lost race is
    /// retried from the reading. An edit that changes nothing writes nothing.
    pub(crate) async fn change_key(
        &self,
        name: &str,
        edit: impl Fn(&KmsKey) -> Result<KmsKey, KmsError>,
    ) -> Result<KmsKey, KmsError> {
        let (arn, _) = self.resolve(name, Naming::WithoutAlias).await?;
        let _changing = self.service.lock(&arn).await;
        for _ in 0..RACES_MAX {
            let key = self.authorized(&arn, None, Resource::Key).await?;
            check_key_state(self.operation, &key, self.now)?;
            let changed = edit(&key)?;
            if changed == *key {
                return Ok(changed);
            }
            if self.changed(key.versioned(), &changed).await? {
                return Ok(changed);
            }
        }
        Err(contended())
    }

    /// Writes a changed key; `false` means that a race was lost and everything is to be read again.
    pub(crate) async fn changed(
        &self,
        before: &Versioned<KmsKey>,
        after: &KmsKey,
    ) -> Result<bool, KmsError> {
        let set = ChangeSet::new(&self.service.records);
        let set = self.service.put_shared(set, before, after).await?;
        if !self.committed(set).await? {
            return Ok(false);
        }
        if after.next_job() != before.value.next_job() {
            self.service.wake_jobs.notify_one();
        }
        let events = ServiceEvent::synchronizations(&before.value, after);
        self.service.note_events(events, self.now);
        Ok(true)
    }

    /// Writes a change set; `false` means that a race was lost and everything is to be read again.
    /// Raises `ServiceUnavailable` if what it was decided on is too old.
    pub(crate) async fn committed(&self, set: ChangeSet<'_>) -> Result<bool, KmsError> {
        self.service.check_age(self.facts)?;
        self.facts.written.store(true, Ordering::Relaxed);
        match self.service.commit(set).await {
            Ok(()) => Ok(true),
            Err(CommitError::Raced) => {
                self.facts.written.store(false, Ordering::Relaxed);
                Ok(false)
            }
            Err(CommitError::Failed(error)) => Err(error),
        }
    }

    /// Notes that the key was used for this operation, if that is one that AWS tracks.
    pub(crate) fn note_use(&self, key: &KmsKey) {
        let operation = KeyLastUsageTrackingOperation::from_name(self.operation.as_str());
        if let Some(operation) = operation {
            let usage = LastUsage {
                operation,
                at: self.now,
                request_id: self.request_id.to_owned(),
                event_id: uuid::Uuid::new_v4().to_string(),
            };
            self.service.last_usages.note(key.arn(), usage);
        }
    }

    /// A token that proves the grant; not one that is given anew under the same id later.
    pub(crate) fn grant_token(&self, grant: &Grant) -> Result<String, KmsError> {
        let (key, created) = (grant.key_arn(), grant.created.as_millisecond());
        self.service.tokens.seal(GRANT_TOKEN, format!("{key} {} {created}", grant.id).as_bytes())
    }

    /// The grant that a token is of, if there is one.
    pub(crate) async fn grant_of_token(
        &self,
        token: &str,
    ) -> Result<Option<Versioned<Grant>>, KmsError> {
        let content = self.service.tokens.open(GRANT_TOKEN, token).unwrap_or_default();
        let parts: Vec<&str> = content.split(' ').collect();
        let [key, id, created] = parts.as_slice() else { return Ok(None) };
        let Ok(KeyRef::Arn(key)) = KeyRef::parse(key) else { return Ok(None) };
        if key.region != *self.region() {
            return Ok(None);
        }
        let grant = self.service.grant(&key, id).await?;
        Ok(grant.filter(|grant| grant.value.created.as_millisecond().to_string() == **created))
    }

    /// Makes the AWS managed key behind a predefined alias, if the request names one that has no
    /// key yet and the caller may use it. Raises `AccessDeniedException`.
    pub(crate) async fn make_managed_key(&self, name: &str) -> Result<(), KmsError> {
        let account = self.caller.account;
        let alias_name = match KeyRef::parse(name) {
            Ok(KeyRef::Alias(alias_name)) => alias_name,
            Ok(KeyRef::AliasArn(region, owner, alias_name))
                if region == *self.region() && owner == account =>
            {
                alias_name
            }
            _ => return Ok(()),
        };
        let id = (account, self.region().clone(), alias_name);
        if !managed::is_predefined(&id.2) || self.service.alias(&id).await?.is_some() {
            return Ok(());
        }
        let (key, alias) = self.service.new_managed_key(id, self.now)?;
        let unused = OpenKey::new(Versioned { value: key, version: 0 }, Materials::Missing);
        self.authorize_key(&unused, Some(&alias.name), Resource::Key).await?;
        self.service.create_managed_key(&unused.key.value, &alias).await
    }

    /// The alias of this name in the caller's account and Region. Raises `NotFoundException`.
    pub(crate) async fn alias(&self, name: &AliasName) -> Result<Arc<Versioned<Alias>>, KmsError> {
        let id = (self.caller.account, self.region().clone(), name.clone());
        let alias = self.stored_alias(&id).await?;
        alias.ok_or_else(|| alias_not_found(&name.arn(self.region(), self.caller.account)))
    }

    /// The ARN of the key that a request names, and the alias if it names one. Raises
    /// `NotFoundException`, and `InvalidArnException` where the operation declares it.
    pub(crate) async fn resolve(
        &self,
        name: &str,
        naming: Naming,
    ) -> Result<(KeyArn, Option<AliasName>), KmsError> {
        let invalid_key_id =
            || KmsError::new(ErrorCode::NotFound, format!("Invalid keyId '{name}'"));
        let parsed = KeyRef::parse(name).map_err(|invalid| match invalid {
            InvalidKeyRef::KeyId => invalid_key_id(),
            InvalidKeyRef::Arn => {
                let declared = self.operation.errors().contains(&ErrorCode::InvalidArn);
                let code = if declared { ErrorCode::InvalidArn } else { ErrorCode::NotFound };
                KmsError::new(code, format!("Invalid arn {name}"))
            }
        })?;
        let (account, alias_name) = match parsed {
            KeyRef::Id(key_id) => {
                let region = self.region().clone();
                return Ok((KeyArn { region, account: self.caller.account, key_id }, None));
            }
            KeyRef::Arn(arn) => {
                self.check_region(&arn.region, arn.account)?;
                return Ok((arn, None));
            }
            KeyRef::Alias(_) | KeyRef::AliasArn(..) if naming == Naming::WithoutAlias => {
                return Err(invalid_key_id());
            }
            KeyRef::Alias(alias_name) => (self.caller.account, alias_name),
            KeyRef::AliasArn(region, account, alias_name) => {
                self.check_region(&region, account)?;
                (account, alias_name)
            }
        };
        let region = self.region().clone();
        let id = (account, region, alias_name);
        match self.stored_alias(&id).await? {
            Some(alias) => {
                let key_id = alias.value.target;
                Ok((KeyArn { region: id.1, account, key_id }, Some(id.2)))
            }
            None if account != self.caller.account => Err(self.denied("this resource")),
            None => Err(alias_not_found(&id.2.arn(&id.1, account))),
        }
    }

    /// The key, if it exists and the caller may use it for the operation.
    async fn authorized(
        &self,
        arn: &KeyArn,
        alias: Option<&AliasName>,
        named_by: Resource<'_>,
    ) -> Result<AuthorizedKey, KmsError> {
        let is_foreign = arn.account != self.caller.account;
        if is_foreign && !works_across_accounts(self.operation) {
            return Err(self.denied("this resource"));
        }
        let Some(key) = self.stored_key(arn).await? else {
            if is_foreign {
                return Err(self.denied("this resource"));
            }
            // DEVIATION: only whom an IAM policy would allow to use it learns that there is no such
            // key; AWS KMS tells everybody in the account.
            self.authorize_identity(&arn.to_string())?;
            return Err(key_not_found(arn));
        };
        self.facts.audit.key(arn);
        if key.key.value.manager == KeyManagerType::Aws && !managed::permits(self.operation) {
            return Err(self.denied_by_key_policy(arn, named_by));
        }
        self.authorize_key(&key, alias, named_by).await?;
        Ok(AuthorizedKey(key))
    }

    /// That the caller may do the same to a related key in another Region.
    pub(crate) async fn authorized_related(&self, arn: &KeyArn) -> Result<(), KmsError> {
        match self.stored_key(arn).await? {
            Some(key) => self.authorize_key(&key, None, Resource::Key).await,
            None => Err(key_not_found(arn)),
        }
    }

    fn check_region(&self, region: &Region, account: AccountId) -> Result<(), KmsError> {
        if region == self.region() {
            return Ok(());
        }
        if account != self.caller.account {
            return Err(self.denied("this resource"));
        }
        Err(KmsError::new(ErrorCode::NotFound, format!("Invalid arn {region}")))
    }

    /// What is answered about keys of other accounts: it does not tell whether they exist.
    pub(crate) fn denied(&self, resource: &str) -> KmsError {
        KmsError::new(
            ErrorCode::AccessDenied,
            format!(
                "User: {} is not authorized to perform: kms:{} on {resource} because the resource \
                 does not exist in this Region, no resource-based policies allow access, or a \
                 resource-based policy explicitly denies access",
                self.caller.arn(),
                self.action
            ),
        )
    }
}

pub(crate) fn key_not_found(arn: &KeyArn) -> KmsError {
    KmsError::new(ErrorCode::NotFound, format!("Key '{arn}' does not exist"))
}

pub(crate) fn alias_not_found(alias_arn: &str) -> KmsError {
    KmsError::new(ErrorCode::NotFound, format!("Alias {alias_arn} is not found."))
}

/// So many races in a row are lost by none but a service in trouble.
pub(crate) fn contended() -> KmsError {
    KmsError::internal(format!("lost {RACES_MAX} races in a row"))
}

/// What a grant token is sealed for.
const GRANT_TOKEN: &[&[u8]] = &[b"grant token"];

/// How often a change is tried again from the reading.
pub(crate) const RACES_MAX: usize = 16;

/// Operations that work on keys of other accounts (AWS KMS Developer Guide, "KMS permissions").
fn works_across_accounts(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::CreateGrant
            | O::Decapsulate
            | O::Decrypt
            | O::DeriveSharedSecret
            | O::DescribeKey
            | O::Encapsulate
            | O::Encrypt
            | O::GenerateDataKey
            | O::GenerateDataKeyPair
            | O::GenerateDataKeyPairWithoutPlaintext
            | O::GenerateDataKeyWithoutPlaintext
            | O::GenerateMac
            | O::GetKeyRotationStatus
            | O::GetPublicKey
            | O::ListGrants
            | O::ReEncrypt
            | O::RetireGrant
            | O::RevokeGrant
            | O::Sign
            | O::Verify
            | O::VerifyMac
    )
}
