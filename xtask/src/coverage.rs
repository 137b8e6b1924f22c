//! Checks that the table of permissions in `tests/server` has a row for every operation of the
//! model: `Row("Encrypt", …`. It writes nothing.

use crate::model;
use anyhow::{Result, ensure};
use std::path::Path;

pub(crate) fn run(workspace: &Path) -> Result<()> {
    let (model, _) = model::load(workspace)?;
    let table = std::fs::read_to_string(workspace.join(TABLE))?;
    let rows = rows(&table);
    let operations: Vec<&str> = model.operations.keys().map(String::as_str).collect();
    for operation in &operations {
        let count = rows.iter().filter(|row| row == &operation).count();
        ensure!(count == 1, "`{TABLE}` has {count} rows for {operation}, not one");
    }
    let unknown: Vec<_> = rows.iter().filter(|row| !operations.contains(row)).collect();
    ensure!(unknown.is_empty(), "`{TABLE}` has rows for {unknown:?}, which are no operations");
    Ok(())
}

/// The first text behind every `Row(`, which may stand on the next line.
fn rows(table: &str) -> Vec<&str> {
    let behind = table.split("Row(").skip(1);
    behind.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next()).collect()
}

const TABLE: &str = "tests/server/permission_table.py";

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_has_a_row_for_every_operation() {
        super::run(&crate::workspace()).unwrap();
    }

    #[test]
    fn a_row_begins_with_its_name() {
        let table = "class Row:\n\nTABLE = [\n    Row(\"A\", KEY),\n    Row(\n        \"B\",\n        x(\"C\"))]";
        assert_eq!(super::rows(table), ["A", "B"]);
    }
}
