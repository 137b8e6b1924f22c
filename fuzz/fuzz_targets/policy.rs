//! Policies: reading one, and what it says to a request. Four lines say what is asked (action,
//! resource, who, condition keys as `name=value; name=[value, value]`), the rest is the policy.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;
use std::collections::BTreeMap;
use trent_iam::arn::Arn;
use trent_iam::policy::{
    AccessRequest, ConditionKeys, Effect, Policy, PolicyKind, Principal, Values,
};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(5, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (action, resource, who, keys, policy) = (next(), next(), next(), next(), next());
    for kind in [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust] {
        match Policy::parse(policy, kind) {
            Ok(parsed) => {
                let again = Policy::parse(policy, kind).unwrap();
                check(parsed, &again, action, resource, who, keys);
            }
            Err(error) => assert!(error.to_string().len() < ERROR_BYTES_MAX),
        }
    }
});

fn check(mut policy: Policy, again: &Policy, action: &str, resource: &str, who: &str, keys: &str) {
    let role_arn = role_of(who);
    let principal = principal(who, role_arn.as_deref());
    let keys = Keys { policy: again, values: values(keys) };
    let request = AccessRequest { principal: &principal, action, resource, conditions: &keys };
    let verdict = policy.evaluate(&request);
    assert_eq!(verdict, again.evaluate(&request));

    let reports = policy.explain(&request);
    assert_eq!(reports, again.explain(&request));
    let first = |effect| {
        let mut reports = reports.iter();
        reports.find(|one| one.effect == effect && one.mismatch.is_none()).map(|one| one.index)
    };
    assert_eq!(verdict.denied_by, first(Effect::Deny));
    let allows = [verdict.allowed_by, verdict.delegated_by].into_iter().flatten().min();
    if verdict.denied_by.is_some() {
        assert_eq!(allows, None);
    } else {
        // With statements that deny alone, this is none.
        assert_eq!(allows, first(Effect::Allow));
    }
    for report in reports {
        let _ = report.mismatch.map(|mismatch| mismatch.to_string());
    }

    // A name that is tied to nobody goes on meaning the same.
    policy.bind_principals(|_| None);
    assert_eq!(policy.evaluate(&request), verdict);
    let _ = policy.for_all_values_keys().count();
}

/// The role of the session of a role.
fn role_of(who: &str) -> Option<String> {
    let arn = Arn::parse(who)?;
    let (role, _) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account))
}

fn principal<'a>(who: &'a str, role_arn: Option<&'a str>) -> Principal<'a> {
    let arn = Arn::parse(who);
    let is_service = who.ends_with(".amazonaws.com");
    let is_web = arn.is_none() && !is_service;
    Principal {
        arn: who,
        account: arn.map_or("", |arn| arn.account),
        role_arn,
        unique_id: (!is_service && !is_web).then_some("AIDAALICE00000000000"),
        service: is_service.then_some(who),
        federated: is_web.then_some(who),
    }
}

fn values(text: &str) -> BTreeMap<String, Values<'_>> {
    let pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(key, value)| (key.to_lowercase(), value_of(value))).collect()
}

fn value_of(text: &str) -> Values<'_> {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some("") => Values::Many(Vec::new()),
        Some(list) => Values::Many(list.split(", ").map(Cow::Borrowed).collect()),
        None => Values::One(Cow::Borrowed(text)),
    }
}

/// Condition keys of which only those are asked for that the policy says it uses.
struct Keys<'a> {
    policy: &'a Policy,
    values: BTreeMap<String, Values<'a>>,
}

impl ConditionKeys for Keys<'_> {
    fn get(&self, lower_case_key: &str) -> Option<Values<'_>> {
        assert!(self.policy.uses_condition_key(lower_case_key), "{lower_case_key} is asked for");
        self.values.get(lower_case_key).cloned()
    }
}

/// Messages go to clients.
const ERROR_BYTES_MAX: usize = 4096;
