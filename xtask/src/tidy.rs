//! The rules of the repository, as tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lines of a file before its tests.
const LINES_MAX: usize = 500;

fn sources() -> Vec<(PathBuf, String)> {
    let workspace = crate::workspace();
    ["crates", "xtask"]
        .iter()
        .flat_map(|directory| crate::files(&workspace.join(directory), "rs").unwrap())
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.strip_prefix(&workspace).unwrap().to_owned(), text)
        })
        .collect()
}

fn is_generated(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "generated")
}

/// What fails in which file, all at once.
fn check(fault: impl Fn(&Path, &str) -> Option<String>) {
    let faults: Vec<String> = sources()
        .iter()
        .filter_map(|(path, text)| Some(format!("{}: {}", path.display(), fault(path, text)?)))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is() {
    check(|_, text| (!text.starts_with("//! ")).then(|| "does not open with `//! `".to_owned()));
}

#[test]
fn no_file_is_long() {
    check(|path, text| {
        let lines = text.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        (lines > LINES_MAX && !is_generated(path) && !is_test).then(|| format!("{lines} lines"))
    });
}

#[test]
fn words_are_the_field_s() {
    // Some texts of AWS have the old word in them.
    let quoted = [
        "CustomKeyStoreHasCMKs",
        "does not identify a CMK that",
        "KMS CMK Rotation",
        "KMS CMK Deletion",
    ];
    check(|path, text| {
        if path.ends_with("tidy.rs") || path.ends_with("codegen.rs") {
            return None;
        }
        let text = quoted.iter().fold(text.to_owned(), |text, quote| text.replace(quote, ""));
        ["CMK", "master key", "backing key", "todo!", "unimplemented!", "#[ignore"]
            .iter()
            .find(|word| text.contains(**word))
            .map(|word| format!("`{word}`"))
    });
}

#[test]
fn a_todo_has_a_number() {
    check(|path, text| {
        let has_bare = text.matches("TODO").count() > text.matches("TODO(#").count();
        (has_bare && !path.ends_with("tidy.rs")).then(|| "a TODO without a number".to_owned())
    });
}

/// Which crate may use which: the walls of ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    // The key store for one thing: how a root key is reached is read where files and PINs are.
    ("trent", &["api", "core", "crypto", "iam", "keystore", "service", "store"]),
    ("trent-api", &[]),
    ("trent-bench", &[]),
    ("trent-core", &["api"]),
    ("trent-crypto", &[]),
    ("trent-iam", &[]),
    ("trent-keystore", &["crypto"]),
    ("trent-service", &["api", "core", "crypto", "iam", "keystore", "store"]),
    ("trent-store", &[]),
    ("xtask", &[]),
];

#[test]
fn crates_use_only_what_they_may() {
    let workspace = crate::workspace();
    let mut manifests = crate::files(&workspace.join("crates"), "toml").unwrap();
    manifests.push(workspace.join("xtask/Cargo.toml"));
    let mut found = BTreeMap::new();
    for path in manifests.iter().filter(|path| path.ends_with("Cargo.toml")) {
        let manifest: toml::Table =
            toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let name = manifest["package"]["name"].as_str().unwrap().to_owned();
        let used: Vec<String> = manifest["dependencies"]
            .as_table()
            .unwrap()
            .keys()
            .filter_map(|dependency| Some(dependency.strip_prefix("trent-")?.to_owned()))
            .collect();
        found.insert(name, used);
    }
    for (name, allowed) in ARROWS {
        let used = found.remove(*name).unwrap_or_else(|| panic!("no crate `{name}`"));
        let surplus: Vec<_> = used.iter().filter(|one| !allowed.contains(&one.as_str())).collect();
        assert!(surplus.is_empty(), "`{name}` must not use {surplus:?}");
    }
    assert!(found.is_empty(), "crates without a rule: {found:?}");
}

#[test]
fn the_architecture_names_every_crate_and_file() {
    let text = std::fs::read_to_string(crate::workspace().join("ARCHITECTURE.md")).unwrap();
    let missing: Vec<String> = sources()
        .iter()
        .filter(|(path, _)| {
            let inside = path.components().any(|part| part.as_os_str() == "src");
            inside && !is_generated(path) && !text.contains(&name_of(path))
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
}

/// A file as the architecture names it; `mod.rs` and the like by their folder.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    if ["mod", "lib", "main"].contains(&stem.as_str()) {
        let parent = path.parent().unwrap();
        let folder = if parent.ends_with("src") { parent.parent().unwrap() } else { parent };
        return folder.file_name().unwrap().to_string_lossy().into_owned();
    }
    stem
}
