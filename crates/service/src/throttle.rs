//! Request quotas: how many calls a second an account may make in a Region (AWS KMS Developer
//! Guide, "Request quotas"). They are charged to the account that calls, whether or not the call
//! succeeds, once its request is known to be well formed. Off unless the operator wants them.
//!
//! A quota is a bucket that holds the calls of one second and fills evenly. Cryptographic
//! operations share buckets by the kind of their key, so they are charged when it is known.

use crate::context::Context;
use jiff::Timestamp;
use moka::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use trent_api::enums::{DataKeyPairSpec, KeySpec};
use trent_api::{ErrorCode, KmsError, Operation};
use trent_core::{AccountId, Region};

/// The buckets of all accounts and Regions that called of late.
pub(crate) struct Throttle {
    buckets: Cache<(AccountId, Region, Quota), Arc<Bucket>>,
}

/// What is limited together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Quota {
    /// Use of elliptic curve keys.
    Ecc,
    /// Data key pairs of a spec.
    KeyPairs(DataKeyPairSpec),
    /// Use of ML-DSA keys.
    MlDsa,
    /// An operation on its own.
    Operation(Operation),
    /// Use of RSA keys.
    Rsa,
    /// Use of symmetric encryption keys and HMAC keys, and random bytes.
    Symmetric,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        let buckets = Cache::builder().max_capacity(BUCKETS_MAX).time_to_idle(IDLE);
        Self { buckets: buckets.build() }
    }

    /// Takes so many calls out of a bucket. Raises `ThrottlingException` if there are not as many
    /// in it.
    fn take(
        &self,
        account: AccountId,
        region: &Region,
        quota: Quota,
        calls: u32,
        now: Timestamp,
    ) -> Result<(), KmsError> {
        let Some(per_second) = quota.calls_per_second(region) else { return Ok(()) };
        let bucket = self.buckets.get_with((account, region.clone(), quota), Arc::default);
        if bucket.take(per_second, calls, now) {
            return Ok(());
        }
        Err(KmsError::new(
            ErrorCode::Throttling,
            "You have exceeded the rate at which you may call KMS. Reduce the frequency of your \
             calls.",
        ))
    }
}

impl Context<'_> {
    /// Charges what does not depend on the key.
    pub(crate) fn charge_call(&self) -> Result<(), KmsError> {
        self.charge(self.region(), Some(quota_of_operation(self.operation)), 1)
    }

    /// Charges the use of a key of this spec by an operation that shares its quota with others.
    pub(crate) fn charge_use(&self, spec: KeySpec) -> Result<(), KmsError> {
        self.charge(self.region(), quota_of_key(spec), 1)
    }

    /// Charges a data key pair.
    pub(crate) fn charge_key_pair(&self, spec: DataKeyPairSpec) -> Result<(), KmsError> {
        self.charge(self.region(), Some(Quota::KeyPairs(spec)), 1)
    }

    /// Charges calls of an operation in another Region, which this one includes.
    pub(crate) fn charge_in(
        &self,
        region: &Region,
        operation: Operation,
        calls: u32,
    ) -> Result<(), KmsError> {
        self.charge(region, Some(Quota::Operation(operation)), calls)
    }

    fn charge(&self, region: &Region, quota: Option<Quota>, calls: u32) -> Result<(), KmsError> {
        let (Some(throttle), Some(quota)) = (&self.service.throttle, quota) else { return Ok(()) };
        throttle.take(self.caller.account, region, quota, calls, self.service.clock.real_now())
    }
}

/// Whether the uses of two keys are charged to one quota.
pub(crate) fn share_quota(one: KeySpec, other: KeySpec) -> bool {
    quota_of_key(one) == quota_of_key(other)
}

/// When the bucket will be full, in nanoseconds since 1970.
#[derive(Default)]
struct Bucket(AtomicI64);

impl Bucket {
    /// Takes all calls or none.
    fn take(&self, per_second: u32, calls: u32, now: Timestamp) -> bool {
        let now = i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX - 2 * SECOND);
        let cost = SECOND / i64::from(per_second) * i64::from(calls);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                // It is never emptier than empty, even when the time was put back.
                let after = full_at.clamp(now, now + SECOND) + cost;
                (after <= now + SECOND).then_some(after)
            })
            .is_ok()
    }
}

impl Quota {
    /// None of what is not limited.
    // DEVIATION: with `--throttle aws`, Encapsulate, Decapsulate and data key pairs of ML-KEM are
    // not limited; AWS has not published their request quotas.
    fn calls_per_second(self, region: &Region) -> Option<u32> {
        Some(match self {
            Self::Symmetric => symmetric_calls_per_second(region),
            Self::Ecc | Self::MlDsa | Self::Rsa => 1000,
            Self::KeyPairs(spec) => match spec {
                DataKeyPairSpec::EccNistP256
                | DataKeyPairSpec::EccNistP384
                | DataKeyPairSpec::EccNistP521
                | DataKeyPairSpec::EccSecgP256k1
                | DataKeyPairSpec::EccNistEdwards25519 => 100,
                DataKeyPairSpec::Sm2 => 25,
                DataKeyPairSpec::Rsa2048 => 20,
                DataKeyPairSpec::Rsa3072 => 4,
                DataKeyPairSpec::Rsa4096 => 1,
                DataKeyPairSpec::MlKem512
                | DataKeyPairSpec::MlKem768
                | DataKeyPairSpec::MlKem1024 => return None,
            },
            Self::Operation(operation) => return calls_per_second(operation),
        })
    }
}

fn symmetric_calls_per_second(region: &Region) -> u32 {
    match region.as_str() {
        "us-east-1" | "us-west-2" | "eu-west-1" => 100_000,
        "us-east-2" | "ap-southeast-1" | "ap-southeast-2" | "ap-northeast-1" | "eu-central-1"
        | "eu-west-2" => 20_000,
        _ => 10_000,
    }
}

/// The quota of an operation that is known before its key.
fn quota_of_operation(operation: Operation) -> Quota {
    use Operation as O;
    match operation {
        O::GenerateDataKey
        | O::GenerateDataKeyWithoutPlaintext
        | O::GenerateMac
        | O::GenerateRandom
        | O::VerifyMac => Quota::Symmetric,
        other => Quota::Operation(other),
    }
}

/// The quota that cryptographic operations with a key share.
fn quota_of_key(spec: KeySpec) -> Option<Quota> {
    use KeySpec as S;
    match spec {
        S::SymmetricDefault | S::Hmac224 | S::Hmac256 | S::Hmac384 | S::Hmac512 => {
            Some(Quota::Symmetric)
        }
        S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => Some(Quota::Rsa),
        S::EccNistP256
        | S::EccNistP384
        | S::EccNistP521
        | S::EccSecgP256k1
        | S::EccNistEdwards25519
        | S::Sm2 => Some(Quota::Ecc),
        S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => Some(Quota::MlDsa),
        S::MlKem512 | S::MlKem768 | S::MlKem1024 => None,
    }
}

/// The quota of an operation on its own; none of those that share one.
fn calls_per_second(operation: Operation) -> Option<u32> {
    use Operation as O;
    Some(match operation {
        O::DescribeKey | O::GetPublicKey | O::ListResourceTags => 2000,
        O::GetKeyPolicy | O::GetKeyRotationStatus => 1000,
        O::ListAliases | O::ListKeys => 500,
        O::ListGrants | O::ListKeyPolicies | O::ListKeyRotations | O::ListRetirableGrants => 100,
        O::CreateGrant | O::RetireGrant | O::RevokeGrant => 50,
        O::DeleteAlias
        | O::DeleteImportedKeyMaterial
        | O::EnableKeyRotation
        | O::ImportKeyMaterial
        | O::PutKeyPolicy
        | O::ScheduleKeyDeletion => 15,
        O::TagResource => 10,
        O::CancelKeyDeletion
        | O::ConnectCustomKeyStore
        | O::CreateAlias
        | O::CreateCustomKeyStore
        | O::CreateKey
        | O::DeleteCustomKeyStore
        | O::DescribeCustomKeyStores
        | O::DisableKey
        | O::DisableKeyRotation
        | O::DisconnectCustomKeyStore
        | O::EnableKey
        | O::GetKeyLastUsage
        | O::ReplicateKey
        | O::RotateKeyOnDemand
        | O::UntagResource
        | O::UpdateAlias
        | O::UpdateCustomKeyStore
        | O::UpdateKeyDescription
        | O::UpdatePrimaryRegion => 5,
        O::GetParametersForImport => 1,
        O::Decapsulate
        | O::Decrypt
        | O::DeriveSharedSecret
        | O::Encapsulate
        | O::Encrypt
        | O::GenerateDataKey
        | O::GenerateDataKeyPair
        | O::GenerateDataKeyPairWithoutPlaintext
        | O::GenerateDataKeyWithoutPlaintext
        | O::GenerateMac
        | O::GenerateRandom
        | O::ReEncrypt
        | O::Sign
        | O::Verify
        | O::VerifyMac => return None,
    })
}

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// A bucket that nobody has taken from for so long is full, and need not be kept.
const IDLE: Duration = Duration::from_secs(10);

/// Buckets that are kept at the same time, of some hundred bytes each.
const BUCKETS_MAX: u64 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn account(digits: &str) -> AccountId {
        AccountId::parse(digits).unwrap()
    }

    fn region(name: &str) -> Region {
        Region::parse(name).unwrap()
    }

    fn at(milliseconds: i64) -> Timestamp {
        let start: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
        start.checked_add(SignedDuration::from_millis(milliseconds)).unwrap()
    }

    /// How many of 200,000 calls at one moment are let through.
    fn passed(throttle: &Throttle, place: (&str, &str), quota: Quota, now: Timestamp) -> usize {
        let (account, region) = (account(place.0), region(place.1));
        (0..200_000).take_while(|_| throttle.take(account, &region, quota, 1, now).is_ok()).count()
    }

    const HERE: (&str, &str) = ("000000000000", "us-east-1");
    const CREATE_KEY: Quota = Quota::Operation(Operation::CreateKey);

    #[test]
    fn the_calls_of_one_second_pass_at_once_and_others_evenly() {
        let throttle = Throttle::new();
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(0)), 5);
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(199)), 0);
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(200)), 1);
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(800)), 3);
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(100_000)), 5);
    }

    #[test]
    fn every_account_region_and_quota_has_a_bucket_of_its_own() {
        let throttle = Throttle::new();
        for account in ["000000000000", "111122223333"] {
            for region in ["us-east-1", "eu-west-1"] {
                for quota in [CREATE_KEY, Quota::Operation(Operation::EnableKey)] {
                    assert_eq!(passed(&throttle, (account, region), quota, at(0)), 5);
                }
            }
        }
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(0)), 0);
    }

    #[test]
    fn several_calls_pass_together_or_not() {
        let (throttle, account, region) = (Throttle::new(), account(HERE.0), region(HERE.1));
        let take = |calls, now| throttle.take(account, &region, CREATE_KEY, calls, now);
        assert!(take(2, at(0)).is_ok());
        assert!(take(2, at(0)).is_ok());
        let error = take(2, at(0)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Throttling);
        assert!(take(1, at(0)).is_ok());
    }

    #[test]
    fn a_clock_that_is_put_back_costs_a_second_at_most() {
        let throttle = Throttle::new();
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(3_600_000)), 5);
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(0)), 0);
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(1000)), 0);
        assert_eq!(passed(&throttle, HERE, CREATE_KEY, at(3_601_000)), 5);
    }

    #[test]
    fn the_published_numbers() {
        for (region, calls) in
            [("eu-west-1", 100_000), ("eu-west-2", 20_000), ("eu-west-3", 10_000)]
        {
            let quota = quota_of_key(KeySpec::Hmac256).unwrap();
            assert_eq!(passed(&Throttle::new(), (HERE.0, region), quota, at(0)), calls);
        }
        for (spec, calls) in [
            (DataKeyPairSpec::EccSecgP256k1, 100),
            (DataKeyPairSpec::Rsa2048, 20),
            (DataKeyPairSpec::Rsa3072, 4),
            (DataKeyPairSpec::Rsa4096, 1),
        ] {
            let throttle = Throttle::new();
            assert_eq!(passed(&throttle, HERE, Quota::KeyPairs(spec), at(0)), calls, "{spec}");
        }
        for (operation, calls) in [
            (Operation::DescribeKey, 2000),
            (Operation::ScheduleKeyDeletion, 15),
            (Operation::GetParametersForImport, 1),
        ] {
            let quota = quota_of_operation(operation);
            assert_eq!(passed(&Throttle::new(), HERE, quota, at(0)), calls);
        }
    }

    #[test]
    fn rsa_and_elliptic_curves_do_not_share() {
        assert!(share_quota(KeySpec::SymmetricDefault, KeySpec::Hmac512));
        assert!(share_quota(KeySpec::EccNistP256, KeySpec::EccNistEdwards25519));
        assert!(!share_quota(KeySpec::SymmetricDefault, KeySpec::Rsa2048));
        assert!(!share_quota(KeySpec::EccNistP256, KeySpec::Rsa2048));
    }
}
