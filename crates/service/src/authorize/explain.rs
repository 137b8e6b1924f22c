//! Why a principal may or may not do something: the decision, and every statement and grant that
//! could have had a part in it. For administrators.

use super::conditions::Conditions;
use super::{Denial, Granted, Layer, Verdicts, access_request};
use crate::authenticate::Caller;
use crate::context::{Context, Naming};
use crate::error::ServiceError;
use crate::identity::principal::{Principal, Session};
use crate::service::Service;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use trent_api::{KmsError, Operation};
use trent_core::{AccountId, Region};
use trent_iam::policy::{AccessRequest, Policy};

/// What is to be explained.
pub struct Question {
    /// The ARN of an account's root, a user, a role, or a session of a role.
    pub principal: String,
    /// Such as `kms:Decrypt`.
    pub action: String,
    /// A key id, key ARN, alias name or alias ARN; none for operations that are about no key.
    pub key: Option<String>,
    /// The Region of the request.
    pub region: Region,
    /// The encryption context of the request.
    pub encryption_context: BTreeMap<String, String>,
    /// Values of condition keys that the request would have.
    pub conditions: BTreeMap<String, Vec<String>>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Explanation {
    /// Whether the request would be permitted.
    pub allowed: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// The key that the question is about.
    pub key: Option<String>,
    /// Every statement of every policy that was looked at, in order.
    pub statements: Vec<ExplainedStatement>,
    /// What grants give to the principal for the action.
    pub grants: String,
}

/// What one statement did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExplainedStatement {
    /// Which policy.
    pub policy: String,
    /// Its Sid, or its place.
    pub statement: String,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Whether it applies.
    pub applies: bool,
    /// Whether it applies and leaves the decision to IAM policies of the principal's account.
    pub delegates: bool,
    /// The first element that does not match.
    pub mismatch: Option<String>,
}

impl Service {
    /// Explains a decision. Fails for what cannot be asked, such as an unknown principal.
    pub async fn explain(&self, question: &Question) -> Result<Explanation, ServiceError> {
        let principal = Arc::new(self.principal_of(question).await?);
        let (operation, action) = operation(&question.action)?;
        let context = &question.encryption_context;
        let body = json!({
            "EncryptionContext": context,
            "SourceEncryptionContext": context,
            "DestinationEncryptionContext": context,
        });
        let body = body.to_string();
        let lower = |(key, values): (&String, &Vec<String>)| (key.to_lowercase(), values.clone());
        let facts = super::request::RequestFacts {
            body: body.as_bytes(),
            is_secure: true,
            given: question.conditions.iter().map(lower).collect(),
            ..Default::default()
        };
        let caller = Caller {
            account: principal.account,
            region: question.region.clone(),
            principal: Arc::clone(&principal),
            session: None,
            access_key_id: Arc::from(""),
        };
        let cx = Context {
            service: self,
            caller,
            operation,
            action,
            now: self.clock.now(),
            request_id: "",
            facts: &facts,
            attestation: None,
            re_encrypts_on_same_key: None,
        };
        match &question.key {
            Some(key) => explain_key(&cx, key).await,
            None => Ok(explain_identity(&cx)),
        }
    }

    async fn principal_of(&self, question: &Question) -> Result<Principal, ServiceError> {
        let text = &question.principal;
        let unknown = || ServiceError::Refused(format!("`{text}` is no principal of this store"));
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", _, service @ ("iam" | "sts"), "", account, resource] = parts.as_slice() else {
            return Err(ServiceError::Refused(format!("`{text}` is not the ARN of a principal")));
        };
        let account = AccountId::parse(account).ok_or_else(unknown)?;
        let partition = question.region.partition();
        let (kind, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let failed = |error: KmsError| ServiceError::Internal(error.to_string());
        let session = || Session {
            issued: self.clock.real_now(),
            policies: Vec::new(),
            source_identity: None,
            federated_provider: None,
            claims: BTreeMap::new(),
        };
        let (role, name) = match (*service, kind) {
            ("iam", "root") => return Ok(Principal::root(partition, account)),
            ("iam", "user") => {
                let name = rest.rsplit('/').next().unwrap_or_default();
                let user = self.directory.user(&self.records, account, name).await;
                let user = user.map_err(failed)?.ok_or_else(unknown)?;
                return Ok(Principal::user(partition, &user)?);
            }
            ("iam", "role") => (rest.rsplit('/').next().unwrap_or_default(), "explained"),
            ("sts", "assumed-role") => rest.split_once('/').ok_or_else(unknown)?,
            _ => return Err(unknown()),
        };
        let role = self.directory.role(&self.records, account, role).await;
        let role = role.map_err(failed)?.ok_or_else(unknown)?;
        Ok(Principal::session(partition, &role, name, &BTreeMap::new(), session())?)
    }
}

async fn explain_key(cx: &Context<'_>, name: &str) -> Result<Explanation, ServiceError> {
    let refused = |error: KmsError| {
        ServiceError::Refused(error.message().unwrap_or(error.code().as_str()).to_owned())
    };
    let (arn, alias) = cx.resolve(name, Naming::WithAlias).await.map_err(refused)?;
    let key = cx.service.key(&arn).await.map_err(refused)?;
    let key = key.ok_or_else(|| ServiceError::Refused(format!("there is no key {arn}")))?;
    let conditions = Conditions::of_key(cx, &key, alias.as_ref()).await.map_err(refused)?;
    let granted = cx.granted(&key.key.value, &conditions).await.map_err(refused)?;
    let (action, arn) = (format!("kms:{}", cx.action), arn.to_string());
    let asking = access_request(&cx.caller.principal, &action, &arn, &conditions);
    let policy = key.policy()?;
    let owner = key.key.value.account;
    let mut statements = statements_of("key policy", policy, &asking.request());
    let verdict = policy.evaluate(&asking.request());
    if let (None, Some(index)) = (verdict.allowed_by, verdict.delegated_by)
        && let Some(statement) = statements.get_mut(index)
    {
        statement.delegates = true;
    }
    statements.extend(statements_of_principal(&cx.caller.principal, &asking.request()));
    let verdicts = Verdicts::of(&cx.caller.principal, Some((policy, owner)), &asking.request());
    let grants = match granted {
        Granted::Nothing => "no grant permits it",
        Granted::Directly => "a grant to the principal permits it",
        Granted::ToAccount => "a grant to the account permits it if an IAM policy does too",
    };
    Ok(explanation(verdicts.decision(granted), Some(arn), statements, grants))
}

fn explain_identity(cx: &Context<'_>) -> Explanation {
    let conditions = Conditions::without_key(cx, cx.region());
    let action = format!("kms:{}", cx.action);
    let asking = access_request(&cx.caller.principal, &action, "*", &conditions);
    let statements = statements_of_principal(&cx.caller.principal, &asking.request());
    let verdicts = Verdicts::of(&cx.caller.principal, None, &asking.request());
    explanation(verdicts.decision(Granted::Nothing), None, statements, "grants do not matter here")
}

fn explanation(
    decision: Result<(), Denial>,
    key: Option<String>,
    statements: Vec<ExplainedStatement>,
    grants: &str,
) -> Explanation {
    let reason = match decision {
        Ok(()) => "allowed".to_owned(),
        Err(Denial::Explicit(layer)) => format!("explicitly denied by {}", policy_name(layer)),
        Err(Denial::Missing(layer)) => format!("not allowed by {}", policy_name(layer)),
        Err(Denial::Foreign) => "the key is another account's, whose key policy and grants do not \
                                 allow it or deny it"
            .to_owned(),
    };
    Explanation { allowed: decision.is_ok(), reason, key, statements, grants: grants.to_owned() }
}

fn policy_name(layer: Layer) -> &'static str {
    match layer {
        Layer::KeyPolicy => "the key policy",
        Layer::Identity => "the policies of the principal",
        Layer::Boundary => "the permissions boundary",
        Layer::Session => "a session policy",
    }
}

fn statements_of_principal(
    principal: &Principal,
    request: &AccessRequest<'_>,
) -> Vec<ExplainedStatement> {
    let mut statements = Vec::new();
    for (name, policy) in &principal.policies {
        statements.extend(statements_of(&format!("IAM policy {name}"), policy, request));
    }
    if let Some(policy) = &principal.boundary {
        statements.extend(statements_of("permissions boundary", policy, request));
    }
    statements
}

fn statements_of(
    name: &str,
    policy: &Policy,
    request: &AccessRequest<'_>,
) -> Vec<ExplainedStatement> {
    let explained = policy.explain(request).into_iter().map(|report| ExplainedStatement {
        policy: name.to_owned(),
        statement: report.name,
        effect: format!("{:?}", report.effect),
        applies: report.mismatch.is_none(),
        delegates: false,
        mismatch: report.mismatch.map(|mismatch| mismatch.to_string()),
    });
    explained.collect()
}

/// The operation and the action of a name such as `kms:Decrypt`.
fn operation(action: &str) -> Result<(Operation, &'static str), ServiceError> {
    let name = action.strip_prefix("kms:").unwrap_or(action);
    match name {
        "ReEncryptFrom" => return Ok((Operation::ReEncrypt, "ReEncryptFrom")),
        "ReEncryptTo" => return Ok((Operation::ReEncrypt, "ReEncryptTo")),
        _ => {}
    }
    let operation = Operation::from_name(name).ok_or_else(|| {
        ServiceError::Refused(format!("`{action}` is not an action, such as kms:Decrypt"))
    })?;
    Ok((operation, operation.as_str()))
}
