//! The AWS KMS API model as data, with `overrides.toml` applied.

use anyhow::{Context, Result};
use indexmap::IndexMap;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
pub(crate) struct Model {
    pub(crate) operations: IndexMap<String, Operation>,
    pub(crate) shapes: IndexMap<String, Shape>,
}

#[derive(Deserialize)]
pub(crate) struct Operation {
    pub(crate) input: String,
    pub(crate) output: Option<String>,
    pub(crate) errors: Vec<String>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) members: IndexMap<String, Member>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    pub(crate) member: Option<Member>,
    #[serde(default, rename = "enum")]
    pub(crate) values: Vec<String>,
    pub(crate) min: Option<u64>,
    pub(crate) max: Option<u64>,
    pub(crate) pattern: Option<String>,
    #[serde(default)]
    pub(crate) sensitive: bool,
    #[serde(default)]
    pub(crate) exception: bool,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Member {
    pub(crate) shape: String,
}

#[derive(Deserialize)]
pub(crate) struct Overrides {
    pub(crate) members: BTreeMap<String, Bounds>,
    pub(crate) statuses: BTreeMap<String, u16>,
    pub(crate) common_errors: BTreeMap<String, u16>,
}

#[derive(Deserialize)]
pub(crate) struct Bounds {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

/// Reads the model and its overrides; an overridden member gets a shape of its own.
pub(crate) fn load(workspace: &Path) -> Result<(Model, Overrides)> {
    let read = |name: &str| {
        std::fs::read_to_string(workspace.join("model").join(name))
            .with_context(|| format!("reading model/{name}"))
    };
    let mut model: Model = serde_json::from_str(&read("kms-2014-11-01.json")?)?;
    let overrides: Overrides = toml::from_str(&read("overrides.toml")?)?;
    for (path, bounds) in &overrides.members {
        let (structure, member) =
            path.split_once('.').context("an override names `Shape.Member`")?;
        let named = model
            .shapes
            .get(structure)
            .and_then(|shape| shape.members.get(member))
            .with_context(|| format!("no member `{path}` in the model"))?;
        let mut shape = model.shapes[&named.shape].clone();
        shape.min = Some(bounds.min);
        shape.max = Some(bounds.max);
        let name = format!("{structure}{member}");
        model.shapes.insert(name.clone(), shape);
        model.shapes[structure].members[member].shape = name;
    }
    Ok((model, overrides))
}
