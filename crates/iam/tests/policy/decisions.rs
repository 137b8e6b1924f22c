//! The decisions of `decisions.txt`.

use crate::support::{Keys, Value, evaluate};
use std::collections::BTreeMap;
use trent_iam::policy::{Policy, PolicyError, PolicyKind, Verdict};

/// The lines of one section, in columns; comments and blank lines left out.
fn section(name: &str) -> Vec<Vec<&'static str>> {
    let table = include_str!("decisions.txt");
    let heading = format!("[{name}] ");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip_while(|line| !line.starts_with(&heading))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 20, "few rows in [{name}]");
    rows
}

/// Compares what every row of a section expects, its last column but one, with what comes out.
fn check(name: &str, columns: usize, decide: impl Fn(&[&str]) -> Result<String, PolicyError>) {
    let mut faults = Vec::new();
    for row in section(name) {
        assert_eq!(row.len(), columns, "columns of {row:?}");
        let found = decide(&row).unwrap_or_else(|_| "refused".to_owned());
        let expected = row[columns - 2];
        if found != expected {
            faults.push(format!("{}: {found}", row.join(" | ")));
        }
    }
    assert!(faults.is_empty(), "[{name}]\n{}", faults.join("\n"));
}

fn yes_or_no(is_yes: bool) -> String {
    if is_yes { "yes" } else { "no" }.to_owned()
}

fn statement(effect: &str, elements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "{effect}", {elements}}}}}"#)
}

/// Whether a statement of an identity policy applies, be it an Allow or a Deny.
fn applies(
    elements: &str,
    action: &str,
    resource: &str,
    keys: &Keys,
) -> Result<String, PolicyError> {
    let allow = Policy::parse(&statement("Allow", elements), PolicyKind::Identity)?;
    let deny = Policy::parse(&statement("Deny", elements), PolicyKind::Identity)?;
    let allowed = evaluate(&allow, "alice", action, resource, keys);
    let denied = evaluate(&deny, "alice", action, resource, keys);
    assert_eq!(allowed.allowed_by.is_some(), denied.denied_by.is_some(), "{elements}");
    Ok(yes_or_no(allowed == Verdict { allowed_by: Some(0), ..Verdict::default() }))
}

fn condition_holds(condition: &str, keys: &Keys) -> Result<String, PolicyError> {
    let elements = format!(r#""Action": "*", "Resource": "*", "Condition": {condition}"#);
    applies(&elements, "kms:Decrypt", "*", keys)
}

#[test]
fn conditions() {
    check("conditions", 5, |row| {
        let condition = format!(r#"{{"{}": {{"k:a": {}}}}}"#, row[0], row[1]);
        condition_holds(&condition, &Keys::one("k:a", Value::parse(row[2])))
    });
}

#[test]
fn variables_and_several_conditions() {
    check("variables", 4, |row| condition_holds(row[0], &Keys::parse(row[1])));
}

#[test]
fn actions() {
    check("actions", 4, |row| {
        let elements = format!(r#"{}, "Resource": "*""#, row[0]);
        applies(&elements, row[1], "*", &Keys::default())
    });
}

#[test]
fn resources() {
    check("resources", 5, |row| {
        let elements = format!(r#""Action": "kms:Decrypt", {}"#, row[0]);
        applies(&elements, "kms:Decrypt", row[1], &Keys::parse(row[2]))
    });
}

#[test]
fn principals() {
    check("principals", 4, |row| {
        let elements = format!(r#"{}, "Action": "*", "Resource": "*""#, row[0]);
        let policy = Policy::parse(&statement("Allow", &elements), PolicyKind::Resource)?;
        let verdict = evaluate(&policy, row[1], "kms:Decrypt", "*", &Keys::default());
        Ok(match (verdict.allowed_by, verdict.delegated_by) {
            (None, None) => "no",
            (Some(0), None) => "direct",
            (None, Some(0)) => "account",
            (Some(0), Some(0)) => "direct+account",
            other => panic!("{other:?}"),
        }
        .to_owned())
    });
}

#[test]
fn denied_principals() {
    check("denied", 4, |row| {
        let elements = format!(r#"{}, "Action": "*", "Resource": "*""#, row[0]);
        let policy = Policy::parse(&statement("Deny", &elements), PolicyKind::Resource)?;
        let verdict = evaluate(&policy, row[1], "kms:Decrypt", "*", &Keys::default());
        Ok(yes_or_no(verdict.denied_by.is_some()))
    });
}

#[test]
fn whole_policies() {
    let mut policies = BTreeMap::new();
    let mut faults = Vec::new();
    for row in section("policies") {
        if let Some((name, text)) = row[0].strip_prefix("policy ").and_then(|p| p.split_once(" = "))
        {
            policies.insert(name, Policy::parse(text, PolicyKind::Resource).unwrap());
            continue;
        }
        let [policy, who, action, keys, expected, _why] = row[..] else { panic!("{row:?}") };
        let verdict = evaluate(&policies[policy], who, action, "*", &Keys::parse(keys));
        let found = [
            ("denied", verdict.denied_by),
            ("allowed", verdict.allowed_by),
            ("delegated", verdict.delegated_by),
        ]
        .iter()
        .filter_map(|(what, index)| Some(format!("{what} {}", (*index)?)))
        .collect::<Vec<_>>()
        .join(", ");
        let found = if found.is_empty() { "nothing".to_owned() } else { found };
        if found != expected {
            faults.push(format!("{}: {found}", row.join(" | ")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn documents() {
    check("documents", 4, |row| {
        let kind = match row[0] {
            "identity" => PolicyKind::Identity,
            "resource" => PolicyKind::Resource,
            "trust" => PolicyKind::Trust,
            other => panic!("no kind `{other}`"),
        };
        Ok(match Policy::parse(row[1], kind) {
            Ok(_) => "-".to_owned(),
            Err(error) => error.to_string(),
        })
    });
}

#[test]
fn there_are_hundreds_of_decisions() {
    let names = ["conditions", "variables", "actions", "resources", "principals", "denied"];
    let rows: usize = names.iter().map(|name| section(name).len()).sum();
    assert!(rows > 350, "{rows}");
}
