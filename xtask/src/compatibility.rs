//! Writes `docs/compatibility.md`: operation × built × tested, and the deviations from AWS.
//!
//! Built is what `dispatch.rs` runs; tested is what `tests/sdk` calls; deviations are the
//! `// DEVIATION:` comments. A built operation that no SDK test calls is an error.

use crate::model;
use anyhow::{Result, ensure};
use std::fmt::Write as _;
use std::path::Path;

pub(crate) fn run(workspace: &Path, check: bool) -> Result<()> {
    let (model, _) = model::load(workspace)?;
    let dispatch = std::fs::read_to_string(workspace.join("crates/service/src/dispatch.rs"))?;
    let tests = all_text(&workspace.join("tests/sdk"), "py")?;
    let mut rows = String::new();
    let mut untested = Vec::new();
    let mut built_count = 0;
    for name in model.operations.keys() {
        let is_built = dispatch.contains(&format!("O::{name} => "))
            && !dispatch.contains(&format!("O::{name} => Err("));
        let is_tested = tests.contains(&format!(".{}(", crate::codegen::snake(name)));
        built_count += usize::from(is_built);
        if is_built && !is_tested {
            untested.push(name.as_str());
        }
        let built = if is_built { "yes" } else { "missing" };
        let tested = if is_built && is_tested { "yes" } else { "" };
        writeln!(rows, "| {name} | {built} | {tested} |")?;
    }
    ensure!(untested.is_empty(), "no test in tests/sdk calls {}", untested.join(", "));
    let mut text = format!(
        "# Compatibility with the AWS KMS API\n\n\
         Written by `make codegen`; do not edit.\n\n\
         {built_count} of {} operations are built. One that is missing answers \
         UnsupportedOperationException. \"Tested\" means: through boto3 or the AWS CLI against the \
         built binary, in `tests/sdk`.\n\n\
         | Operation | Built | Tested |\n|---|---|---|\n{rows}\n\
         ## Deviations\n\nWhere Trent knowingly differs from AWS:\n\n",
        model.operations.len()
    );
    for path in crate::files(&workspace.join("crates"), "rs")? {
        let place = path.strip_prefix(workspace).unwrap_or(&path).display().to_string();
        for deviation in deviations(&std::fs::read_to_string(&path)?) {
            writeln!(text, "- {deviation} (`{place}`)")?;
        }
    }
    text.push_str(NOT_BUILT);
    crate::write_or_check(&workspace.join("docs/compatibility.md"), &text, check)
}

/// The texts of the `// DEVIATION:` comments, their lines joined.
fn deviations(source: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in source.lines().map(str::trim) {
        if let Some(start) = line.strip_prefix("// DEVIATION: ") {
            found.push(start.to_owned());
            is_open = true;
        } else if let (true, Some(more), Some(last)) =
            (is_open, line.strip_prefix("// "), found.last_mut())
        {
            *last = format!("{last} {more}");
        } else {
            is_open = false;
        }
    }
    found
}

fn all_text(directory: &Path, extension: &str) -> Result<String> {
    let paths = crate::files(directory, extension)?;
    paths.iter().map(|path| Ok(std::fs::read_to_string(path)?)).collect()
}

const NOT_BUILT: &str = "
## Parts of built operations that are missing

They answer UnsupportedOperationException:

- CreateKey in custom key stores (Origin AWS_CLOUDHSM and EXTERNAL_KEY_STORE), and everything with
  SM2, which AWS offers in China Regions only.

`trent serve` always enforces key policies, IAM policies and grants. `trent dev` does with `--enforce`;
without it they are checked for their form, stored and returned. The resource quotas are those of AWS KMS (`--keys-per-region-max` changes the number of
keys); the request quotas are off without `--throttle aws`.
";

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_is_what_the_sources_say() {
        super::run(&crate::workspace(), true).unwrap();
    }

    #[test]
    fn a_deviation_goes_on_over_lines() {
        let source = "x\n    // DEVIATION: one\n    // two.\n    let y = 1;\n    // three\n";
        assert_eq!(super::deviations(source), ["one two."]);
    }
}
