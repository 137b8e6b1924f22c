//! Model → Rust: writes `crates/api/src/generated/`.
//!
//! The output is committed and formatted; `--check` fails when it is not what the model says.

use crate::model::{self, Model, Overrides, Shape};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) fn run(workspace: &Path, check: bool) -> Result<()> {
    let (model, overrides) = model::load(workspace)?;
    let directory = workspace.join("crates/api/src/generated");
    std::fs::create_dir_all(&directory)?;
    let roles = Roles::of(&model);
    for (file, content) in [
        ("enums.rs", enums(&model)?),
        ("errors.rs", errors(&model, &overrides)?),
        ("operations.rs", operations(&model)?),
        ("shapes.rs", shapes(&model)?),
        ("structures.rs", structures(&model, &roles)?),
        ("mod.rs", index()),
    ] {
        crate::write_or_check(&directory.join(file), &formatted(&content)?, check)?;
    }
    Ok(())
}

/// Which structures are read from requests and which are written in replies.
struct Roles {
    read: BTreeSet<String>,
    written: BTreeSet<String>,
}

impl Roles {
    fn of(model: &Model) -> Self {
        let mut roles = Self { read: BTreeSet::new(), written: BTreeSet::new() };
        for operation in model.operations.values() {
            reach(model, &operation.input, &mut roles.read);
            if let Some(output) = &operation.output {
                reach(model, output, &mut roles.written);
            }
        }
        roles
    }
}

fn reach(model: &Model, name: &str, found: &mut BTreeSet<String>) {
    let shape = &model.shapes[name];
    if shape.kind == "structure" && !found.insert(name.to_owned()) {
        return;
    }
    for member in shape.members.values().chain(&shape.member) {
        reach(model, &member.shape, found);
    }
}

fn index() -> String {
    "//! Generated from the AWS KMS API model by `make codegen`; do not edit.\n\n\
     pub mod enums;\npub mod errors;\npub mod operations;\nmod shapes;\npub mod structures;\n"
        .to_owned()
}

const HEADER: &str = "Generated from the AWS KMS API model by `make codegen`; do not edit.";

fn enums(model: &Model) -> Result<String> {
    let mut out =
        format!("//! The enumerations of the API. {HEADER}\n\nuse crate::wire::wire_enum;\n\n");
    for (name, shape) in model.shapes.iter().filter(|(_, shape)| !shape.values.is_empty()) {
        writeln!(out, "wire_enum! {{\n/// `{name}` of the AWS KMS API.\npub enum {name} {{")?;
        for value in &shape.values {
            writeln!(out, "{} = {value:?},", variant(value))?;
        }
        out.push_str("}\n}\n\n");
    }
    Ok(out)
}

fn errors(model: &Model, overrides: &Overrides) -> Result<String> {
    let mut codes: Vec<(String, u16, bool)> = model
        .shapes
        .iter()
        .filter(|(_, shape)| shape.exception)
        .map(|(name, _)| {
            (name.clone(), overrides.statuses.get(name).copied().unwrap_or(400), false)
        })
        .collect();
    codes
        .extend(overrides.common_errors.iter().map(|(name, status)| (name.clone(), *status, true)));
    let mut out = format!("//! The exceptions of the API. {HEADER}\n\n");
    out.push_str(
        "/// An exception of the AWS KMS API, or one of those common to all AWS services.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\n\
         pub enum ErrorCode {\n",
    );
    for (name, status, _) in &codes {
        writeln!(out, "/// `{name}`, HTTP status {status}.\n{},", error_variant(name))?;
    }
    out.push_str("}\n\nimpl ErrorCode {\n/// All of them, in the order of their declaration.\npub const ALL: &[Self] = &[");
    for (name, ..) in &codes {
        write!(out, "Self::{}, ", error_variant(name))?;
    }
    out.push_str("];\n\n/// The name on the wire (`__type`).\npub const fn as_str(self) -> &'static str {\nmatch self {\n");
    for (name, ..) in &codes {
        writeln!(out, "Self::{} => {name:?},", error_variant(name))?;
    }
    out.push_str("}\n}\n\n/// The HTTP status of the answer.\npub const fn status(self) -> u16 {\nmatch self {\n");
    for (name, status, _) in codes.iter().filter(|code| code.1 != 400) {
        writeln!(out, "Self::{} => {status},", error_variant(name))?;
    }
    out.push_str("_ => 400,\n}\n}\n\n/// Whether every operation may raise it, although the model declares it for none.\npub const fn is_common(self) -> bool {\nmatches!(self, ");
    let common: Vec<String> = codes
        .iter()
        .filter(|code| code.2)
        .map(|code| format!("Self::{}", error_variant(&code.0)))
        .collect();
    writeln!(out, "{})\n}}\n}}", common.join(" | "))?;
    Ok(out)
}

fn operations(model: &Model) -> Result<String> {
    let mut out = format!(
        "//! The operations of the API. {HEADER}\n\nuse super::errors::ErrorCode;\nuse super::structures;\nuse crate::operation::Request;\n\n"
    );
    out.push_str(
        "/// An operation of the AWS KMS API.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum Operation {\n",
    );
    for name in model.operations.keys() {
        writeln!(out, "/// `{name}`\n{name},")?;
    }
    out.push_str("}\n\nimpl Operation {\n/// All operations, in the order of the model.\npub const ALL: &[Self] = &[");
    for name in model.operations.keys() {
        write!(out, "Self::{name}, ")?;
    }
    out.push_str("];\n\n/// The name on the wire, after `TrentService.`.\npub const fn as_str(self) -> &'static str {\nmatch self {\n");
    for name in model.operations.keys() {
        writeln!(out, "Self::{name} => {name:?},")?;
    }
    out.push_str("}\n}\n\n/// The operation of this name.\npub fn from_name(name: &str) -> Option<Self> {\nSome(match name {\n");
    for name in model.operations.keys() {
        writeln!(out, "{name:?} => Self::{name},")?;
    }
    out.push_str("_ => return None,\n})\n}\n\n/// The exceptions that the model declares for it.\n#[expect(clippy::too_many_lines, reason = \"a table\")]\npub const fn errors(self) -> &'static [ErrorCode] {\nmatch self {\n");
    for (name, operation) in &model.operations {
        let errors: Vec<String> = operation
            .errors
            .iter()
            .map(|error| format!("ErrorCode::{}", error_variant(error)))
            .collect();
        writeln!(out, "Self::{name} => &[{}],", errors.join(", "))?;
    }
    out.push_str("}\n}\n}\n\n");
    for (name, operation) in &model.operations {
        let response = operation
            .output
            .as_ref()
            .map_or("()".to_owned(), |output| format!("structures::{output}"));
        writeln!(
            out,
            "impl Request for structures::{} {{\nconst OPERATION: Operation = Operation::{name};\nconst ANSWERS_WITH_BODY: bool = {};\ntype Response = {response};\n}}\n",
            operation.input,
            operation.output.is_some()
        )?;
    }
    Ok(out)
}

fn shapes(model: &Model) -> Result<String> {
    let mut out = format!(
        "//! The constraints of the API. {HEADER}\n\nuse crate::violation::{{Pattern, Shape}};\n\n"
    );
    let mut patterns = String::new();
    let mut used = BTreeSet::new();
    for operation in model.operations.values() {
        mark_used(model, &operation.input, &mut used);
    }
    for (name, shape) in model.shapes.iter().filter(|(name, _)| used.contains(*name)) {
        write!(out, "pub(super) static {}: Shape = Shape {{ ", constant(name))?;
        if let Some(min) = shape.min {
            write!(out, "min: Some({min}), ")?;
        }
        if let Some(max) = shape.max {
            write!(out, "max: Some({max}), ")?;
        }
        if let Some(pattern) = &shape.pattern {
            let name = constant(name);
            writeln!(
                patterns,
                "static {name}_PATTERN: Pattern = Pattern::new({pattern:?}, {:?});",
                rust_pattern(pattern)
            )?;
            write!(out, "pattern: Some(&{name}_PATTERN), ")?;
        }
        if let Some(member) = &shape.member {
            write!(out, "item: Some(&{}), ", constant(&member.shape))?;
        }
        if shape.sensitive || shape.kind == "blob" {
            out.push_str("value_is_hidden: true, ");
        }
        out.push_str("..Shape::NONE };\n");
    }
    Ok(out + &patterns)
}

fn mark_used(model: &Model, name: &str, used: &mut BTreeSet<String>) {
    let shape = &model.shapes[name];
    for member in shape.members.values().chain(&shape.member) {
        if used.insert(member.shape.clone()) {
            mark_used(model, &member.shape, used);
        }
    }
}

/// The pattern in the syntax of the `regex` crate, matching a whole value. The model's classes are
/// ASCII (as in Java), and `\uXXXX` is written differently.
fn rust_pattern(pattern: &str) -> String {
    let mut translated = pattern
        .replace("\\w", "[0-9A-Za-z_]")
        .replace("\\d", "[0-9]")
        .replace("\\s", "[ \\t\\n\\r\\x0B\\f]")
        .replace("a-zA-Z0-9-_.", "a-zA-Z0-9\\-_.");
    while let Some(at) = translated.find("\\u") {
        let code: String = translated[at + 2..].chars().take(4).collect();
        translated.replace_range(at..at + 6, &format!("\\x{{{code}}}"));
    }
    format!("\\A(?:{translated})\\z")
}

fn structures(model: &Model, roles: &Roles) -> Result<String> {
    let mut out = format!(
        "//! Requests, replies and the structures in them. {HEADER}\n\n\
         use super::enums::*;\nuse super::shapes;\nuse crate::violation::{{Path, Report}};\n\
         use crate::wire::{{Blob, FromWire, Members, SensitiveBytes, SensitiveString, Timestamp, WrongType}};\n\
         use serde::Serialize;\nuse serde_json::Value;\nuse std::collections::BTreeMap;\n\n"
    );
    for (name, shape) in &model.shapes {
        if shape.kind != "structure" || shape.exception {
            continue;
        }
        structure(&mut out, model, roles, name, shape)?;
    }
    Ok(out)
}

fn structure(
    out: &mut String,
    model: &Model,
    roles: &Roles,
    name: &str,
    shape: &Shape,
) -> Result<()> {
    let read = roles.read.contains(name);
    let written = roles.written.contains(name);
    let mut derives = vec!["Clone", "Debug", "PartialEq"];
    // A required member of a structure that is only written is left to whoever fills it in.
    let is_required =
        |member: &str| read && shape.required.iter().any(|required| required == member);
    if shape.members.keys().all(|member| !is_required(member)) {
        derives.push("Default");
    }
    if written {
        derives.push("Serialize");
    }
    writeln!(
        out,
        "/// `{name}` of the AWS KMS API.\n#[derive({})]\npub struct {name} {{",
        derives.join(", ")
    )?;
    for (member, target) in &shape.members {
        let target_shape = &model.shapes[&target.shape];
        let rust = rust_type(model, &target.shape);
        let required = is_required(member);
        writeln!(
            out,
            "/// `{member}`: `{}`{}{}.",
            target.shape,
            bounds(target_shape),
            if required { ", required" } else { "" }
        )?;
        if written {
            let skip = if required { "" } else { ", skip_serializing_if = \"Option::is_none\"" };
            writeln!(out, "#[serde(rename = {member:?}{skip})]")?;
        }
        if required {
            writeln!(out, "pub {}: {rust},", snake(member))?;
        } else {
            writeln!(out, "pub {}: Option<{rust}>,", snake(member))?;
        }
    }
    out.push_str("}\n\n");
    if read {
        reader(out, name, shape)?;
    }
    Ok(())
}

/// How a structure is read from a request: member by member, violations collected.
fn reader(out: &mut String, name: &str, shape: &Shape) -> Result<()> {
    let is_required = |member: &str| shape.required.iter().any(|required| required == member);
    writeln!(
        out,
        "impl FromWire for {name} {{\nfn from_wire(value: Value, _: &crate::violation::Shape, path: &Path<'_>, report: &mut Report) -> Result<Option<Self>, WrongType> {{"
    )?;
    writeln!(
        out,
        "let {}members = Members::of(value)?;",
        if shape.members.is_empty() { "_" } else { "mut " }
    )?;
    if shape.members.is_empty() {
        out.push_str("let _ = (path, report);\n");
    }
    for (member, target) in &shape.members {
        let how = if is_required(member) { "required" } else { "optional" };
        writeln!(
            out,
            "let {} = members.{how}({member:?}, &shapes::{}, path, report)?;",
            snake(member),
            constant(&target.shape)
        )?;
    }
    let required: Vec<String> =
        shape.members.keys().filter(|member| is_required(member)).map(|m| snake(m)).collect();
    // An absent or violating required member gives `None`: the report says why.
    if let [one] = required.as_slice() {
        writeln!(out, "let Some({one}) = {one} else {{ return Ok(None) }};")?;
    } else if !required.is_empty() {
        let patterns: Vec<String> = required.iter().map(|m| format!("Some({m})")).collect();
        writeln!(
            out,
            "let ({}) = ({}) else {{ return Ok(None) }};",
            patterns.join(", "),
            required.join(", ")
        )?;
    }
    let fields: Vec<String> = shape.members.keys().map(|member| snake(member)).collect();
    writeln!(out, "Ok(Some(Self {{ {} }}))\n}}\n}}\n", fields.join(", "))?;
    Ok(())
}

fn rust_type(model: &Model, name: &str) -> String {
    let shape = &model.shapes[name];
    match (shape.kind.as_str(), shape.sensitive) {
        ("blob", true) => "SensitiveBytes".to_owned(),
        ("blob", false) => "Blob".to_owned(),
        ("string", true) => "SensitiveString".to_owned(),
        ("string", false) if shape.values.is_empty() => "String".to_owned(),
        ("integer", _) => "i32".to_owned(),
        ("boolean", _) => "bool".to_owned(),
        ("timestamp", _) => "Timestamp".to_owned(),
        ("map", _) => "BTreeMap<String, String>".to_owned(),
        ("list", _) => {
            let item = shape.member.as_ref().map_or("String", |member| member.shape.as_str());
            format!("Vec<{}>", rust_type(model, item))
        }
        _ => name.to_owned(),
    }
}

fn bounds(shape: &Shape) -> String {
    let unit = match shape.kind.as_str() {
        "integer" => "",
        "blob" => " bytes",
        "list" => " entries",
        _ => " characters",
    };
    match (shape.min, shape.max) {
        (Some(min), Some(max)) => format!(", {min} to {max}{unit}"),
        _ => String::new(),
    }
}

/// `KeyId` → `key_id`, `AWSAccountId` → `aws_account_id`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let after_lower = index > 0 && !letters[index - 1].is_uppercase();
        let before_lower =
            index > 0 && letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_lower || before_lower) {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}

/// `RSA_2048` → `Rsa2048`, `Enabled` → `Enabled`.
fn variant(value: &str) -> String {
    if value.chars().any(char::is_lowercase) {
        return value.to_owned();
    }
    let name: String = value
        .split('_')
        .flat_map(|word| {
            let (first, rest) = word.split_at(1);
            [first.to_owned(), rest.to_lowercase()]
        })
        .collect();
    // `Self` is a keyword.
    if name == "Self" { "SelfOwned".to_owned() } else { name }
}

/// `NotFoundException` → `NotFound`, `KMSInternalException` → `KmsInternal`.
fn error_variant(name: &str) -> String {
    name.trim_end_matches("Exception").replace("KMS", "Kms").replace("CMKs", "Keys")
}

fn formatted(code: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=100,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting rustfmt")?;
    child.stdin.take().context("stdin of rustfmt")?.write_all(code.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt refused the generated code");
    Ok(String::from_utf8(output.stdout)?)
}
