//! docs/THREATS.md says of every row which test answers it, or that none does and why.

use std::{collections::BTreeMap, fs, ops::RangeInclusive, path::Path};

use crate::support;

/// Rows of the published list that concern the rewriter.
const ROWS: [RangeInclusive<usize>; 2] = [1..=68, 100..=106];

/// Row number → the rest of its line.
fn table() -> BTreeMap<usize, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/THREATS.md");
    let text = fs::read_to_string(file).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let Some((number, rest)) = line.strip_prefix("| ").and_then(|line| line.split_once(" | ")) else { continue };
        if let Ok(number) = number.parse() {
            assert!(rows.insert(number, rest.to_owned()).is_none(), "row {number} stands there twice");
        }
    }
    rows
}

/// Names of all functions in the tests, those of the units too.
fn tests() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = support::files(&root.join("tests/it")).into_iter().chain(support::files(&root.join("src")));
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

#[test]
fn every_row_has_a_test_or_a_stated_limit() {
    let (rows, tests) = (table(), tests());
    let mut wrong = Vec::new();
    for (number, rest) in &rows {
        let named: Vec<_> = rest.split('`').skip(1).step_by(2).filter(|name| name.starts_with("row_")).collect();
        let missing = named.iter().filter(|name| !tests.contains(&format!("fn {name}(")));
        wrong.extend(missing.map(|name| format!("row {number}: there is no test {name}")));
        if named.is_empty() && !rest.contains("**Limit**") {
            wrong.push(format!("row {number}: neither a test nor a **Limit**"));
        }
    }
    wrong.extend(
        ROWS.into_iter()
            .flatten()
            .filter(|number| !rows.contains_key(number))
            .map(|number| format!("row {number} is missing")),
    );
    // A test that the table does not know is not found by who reads it.
    let known = |name: &str| rows.values().any(|rest| rest.contains(&format!("`{name}`")));
    let defined = tests.split("fn row_").skip(1).filter_map(|rest| rest.split('(').next());
    let unknown =
        defined.filter(|name| name.starts_with(|c: char| c.is_ascii_digit()) && !known(&format!("row_{name}")));
    wrong.extend(unknown.map(|name| format!("row_{name} is a test that docs/THREATS.md does not name")));
    assert!(wrong.is_empty(), "docs/THREATS.md:\n{}", wrong.join("\n"));
}
