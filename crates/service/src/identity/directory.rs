//! From access keys and session tokens to principals, cached until an identity changes.
//!
//! Where nodes share a store, `following.rs` tells of every change; elsewhere the store is asked.

use super::principal::{Principal, Session};
use super::{access_key_id, account_id, changes_id, named_id};
use crate::authenticate::{Secret, invalid_token};
use crate::error::from_store;
use crate::records::Records;
use crate::sts::session_token::SessionToken;
use moka::sync::Cache as Moka;
use serde::de::DeserializeOwned;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use tokio::sync::Mutex;
use trent_api::KmsError;
use trent_core::AccountId;
use trent_core::identity::{AccessKey, Account, Role, User};
use trent_iam::policy::{Policy, PolicyKind};
use trent_store::{Kind, RecordId, Store};

/// What a request signed with an access key can be checked against.
pub(crate) struct Signer {
    pub(crate) secret: Secret,
    pub(crate) principal: Arc<Principal>,
    /// The token that must come with the access key, if it is a temporary one.
    pub(crate) session_token: Option<SessionToken>,
}

/// The identities of a store, as the server sees them.
pub(crate) struct Directory {
    store: Arc<dyn Store>,
    signers: Moka<SignerId, Arc<Signer>>,
    /// When the store was last asked whether an identity has changed: milliseconds since `start`.
    asked: AtomicU64,
    start: Instant,
    /// The version of the setting that every change writes, when last asked; where the store is
    /// followed, how often something changed. Held while something is put in or thrown out.
    version: std::sync::Mutex<u64>,
    asking: Mutex<()>,
}

/// The same access key has another ARN in another partition.
type SignerId = (&'static str, String);

impl Directory {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            signers: Moka::new(SIGNERS_MAX),
            asked: AtomicU64::new(0),
            start: Instant::now(),
            version: std::sync::Mutex::new(0),
            asking: Mutex::new(()),
        }
    }

    /// Who signs with a long-term access key; none if it is unknown. Raises
    /// `UnrecognizedClientException` if it is inactive.
    pub(crate) async fn signer(
        &self,
        records: &Records,
        partition: &'static str,
        access_key: &str,
    ) -> Result<Option<Arc<Signer>>, KmsError> {
        let seen = self.refresh().await?;
        let id = (partition, access_key.to_owned());
        // A temporary access key is nothing without its token, which says when it ends.
        if let Some(signer) = self.signers.get(&id)
            && signer.session_token.is_none()
        {
            return Ok(Some(signer));
        }
        let key: Option<AccessKey> = self.read(records, &access_key_id(access_key)).await?;
        let Some(key) = key else { return Ok(None) };
        if !key.is_active {
            return Err(invalid_token());
        }
        let principal = match &key.user {
            None => Principal::root(partition, key.account),
            Some(name) => {
                let id = named_id(Kind::User, key.account, name.as_str());
                let user: Option<User> = self.read(records, &id).await?;
                Principal::user(partition, &user.ok_or_else(invalid_token)?)?
            }
        };
        let signer = Signer {
            secret: key.secret.into(),
            principal: Arc::new(principal),
            session_token: None,
        };
        Ok(Some(self.keep(seen, id, signer)))
    }

    /// Who signs with the access key of a session whose token was opened; none if the role is no
    /// more.
    pub(crate) async fn session_signer(
        &self,
        records: &Records,
        partition: &'static str,
        token: &SessionToken,
    ) -> Result<Option<Arc<Signer>>, KmsError> {
        let seen = self.refresh().await?;
        let id = (partition, token.access_key_id.clone());
        if let Some(signer) = self.signers.get(&id)
            && signer.session_token.as_ref() == Some(token)
        {
            return Ok(Some(signer));
        }
        let Some(role) = self.role(records, token.account, &token.role).await? else {
            return Ok(None);
        };
        if role.id != token.role_id {
            return Ok(None);
        }
        let policies = token
            .policies
            .iter()
            .map(|text| Policy::parse(text, PolicyKind::Identity))
            .collect::<Result<_, _>>()
            .map_err(KmsError::internal)?;
        let session = Session {
            issued: token.issued,
            policies,
            source_identity: token.source_identity.clone(),
            federated_provider: token.federated_provider.clone(),
            claims: token.claims.clone(),
        };
        let principal =
            Principal::session(partition, &role, &token.session_name, &token.tags, session)?;
        let signer = Signer {
            secret: token.secret.clone().into(),
            principal: Arc::new(principal),
            session_token: Some(token.clone()),
        };
        Ok(Some(self.keep(seen, id, signer)))
    }

    /// The role, if there is one.
    pub(crate) async fn role(
        &self,
        records: &Records,
        account: AccountId,
        name: &str,
    ) -> Result<Option<Role>, KmsError> {
        let role: Option<Role> = self.read(records, &named_id(Kind::Role, account, name)).await?;
        Ok(role.filter(|role| role.name.as_str() == name))
    }

    /// The user, if there is one.
    pub(crate) async fn user(
        &self,
        records: &Records,
        account: AccountId,
        name: &str,
    ) -> Result<Option<User>, KmsError> {
        let user: Option<User> = self.read(records, &named_id(Kind::User, account, name)).await?;
        Ok(user.filter(|user| user.name.as_str() == name))
    }

    /// Whether there is such an account.
    pub(crate) async fn has_account(
        &self,
        records: &Records,
        account: AccountId,
    ) -> Result<bool, KmsError> {
        Ok(self.read::<Account>(records, &account_id(account)).await?.is_some())
    }

    /// Keeps what was read after `seen`, unless an identity was found changed since.
    fn keep(&self, seen: u64, id: SignerId, signer: Signer) -> Arc<Signer> {
        let signer = Arc::new(signer);
        let version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        if *version == seen {
            self.signers.insert(id, Arc::clone(&signer));
        }
        signer
    }

    fn version(&self) -> u64 {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything: an identity has changed on some node.
    pub(crate) fn forget(&self) {
        let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        *version = version.wrapping_add(1);
        self.signers.invalidate_all();
    }

    /// Forgets everything if an identity has changed; asks at most every half second. What cannot
    /// be confirmed is not used: the failure of the store is the answer. Returns the version seen.
    async fn refresh(&self) -> Result<u64, KmsError> {
        if self.store.is_shared() {
            return Ok(self.version());
        }
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let is_fresh = || {
            let asked = self.asked.load(Ordering::Acquire);
            asked > 0 && now.saturating_sub(asked) < FRESH_MILLISECONDS
        };
        if is_fresh() {
            return Ok(self.version());
        }
        let _asking = self.asking.lock().await;
        if is_fresh() {
            return Ok(self.version());
        }
        let mark = self.store.get(&changes_id()).await.map_err(from_store)?;
        let newest = mark.map_or(0, |mark| mark.version);
        {
            let mut seen = self.version.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen != newest {
                self.signers.invalidate_all();
                *seen = newest;
            }
        }
        self.asked.store(now.max(1), Ordering::Release);
        Ok(newest)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        records: &Records,
        id: &RecordId,
    ) -> Result<Option<T>, KmsError> {
        let record = self.store.get(id).await.map_err(from_store)?;
        Ok(record.map(|record| records.open(&record)).transpose()?.map(|read| read.value))
    }
}

/// Principals kept in memory.
const SIGNERS_MAX: u64 = 10_000;

/// How old an answer about changes of identities may be.
const FRESH_MILLISECONDS: u64 = 500;
