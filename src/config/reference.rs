use std::fmt::Write as _;

use super::keys::{KEYS, Key, Preset, Reload, Several, TABLES};

/// The reference page, in Markdown. `docs/CONFIGURATION.md` is this text.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    for (table, several, about) in TABLES {
        let head = match (*table, several) {
            ("", _) => "At the top".to_owned(),
            (table, Several::No) => format!("`[{table}]`"),
            (table, Several::Yes) => format!("`[[{table}]]`"),
        };
        let _ = write!(page, "\n## {head}\n\n{about}\n");
        for key in KEYS.iter().filter(|key| key.table == *table) {
            write_key(&mut page, key);
        }
    }
    page
}

/// A file that says everything: what has to be written is written, the rest stands behind `#`.
pub fn example() -> String {
    let mut file = String::from(EXAMPLE_HEAD);
    for (table, several, about) in TABLES {
        let required = KEYS.iter().any(|key| key.table == *table && key.preset == Preset::Required);
        let mark = if required { "" } else { "# " };
        match (*table, several) {
            ("", _) => {}
            (table, Several::No) => drop(write!(file, "\n# {about}\n{mark}[{table}]\n")),
            (table, Several::Yes) => drop(write!(file, "\n# {about} May stand several times.\n{mark}[[{table}]]\n")),
        }
        for key in KEYS.iter().filter(|key| key.table == *table) {
            let _ = writeln!(file, "\n{}", wrapped("# ", key.doc));
            let _ = match key.preset {
                Preset::Required => writeln!(file, "{} = {}", key.name, key.example),
                Preset::Unset => writeln!(file, "# {} = {}", key.name, key.example),
                Preset::Value(text) => writeln!(file, "# {} = {text}", key.name),
                Preset::Derived(what) => {
                    writeln!(file, "{}\n# {} = {}", wrapped("# ", &format!("Default: {what}.")), key.name, key.example)
                }
            };
        }
    }
    file
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Made by `sekisho config reference` from src/config/keys.rs; a test compares them. -->

One file in TOML. `sekisho --config FILE` names it; `sekisho --data-dir DIR` takes `DIR/sekisho.toml` and makes it on
first use, together with a keyring and the shipped lists; with neither, DIR is `./sekisho-data`.

Each key has a variable that comes before the file: `SEKISHO_LISTEN` for `listen`, `SEKISHO_LIMITS__CONNECTIONS` for
`connections` under `[limits]`, `SEKISHO_TENANT__1__NAME` for `name` of the `[[tenant]]` whose id is 1 (if the file has
none, there is one then). The text of a variable is taken as it stands; where several values may stand, commas are
between them. An empty variable counts as not set. `SEKISHO_CONFIG` and `SEKISHO_DATA_DIR` say what the options of that
name say, `SEKISHO_LOG` how much is logged (`warn`, `info`, `debug`). Any other variable that begins with `SEKISHO_` is
an error, but for what Kubernetes sets for a Service of that name. No secret stands in a variable: keys lie in files,
and a systemd unit names a credential with `Environment=SEKISHO_KEYRING=%d/keyring.toml`. Options of the command line
come before variables.

`sekisho config check` reads a file as a start would and tells every problem with line and column. `sekisho config show`
tells what counts, key by key, and where it was written. `sekisho config example` writes a file to begin with. A relative
path in the file starts at the folder of the file, one in a variable or an option where the program was started.

## When a change counts

`sekisho serve` watches this file: a save, and SIGHUP, has it read this file, the keyring, the templates and the lists
again, each checked whole before anything changes. Whatever of them is wrong is told in the log, with file, line and
column, and on the admin listener (`/readyz`); what was in force stays, and the others count. A request is answered
whole by the old or by the new. A change of a key that counts at the next start is told in a warning and waits. What
list files hold counts within a second of their own save, certificates within a few.
";

const EXAMPLE_HEAD: &str = "\
# Configuration of Sekisho. What stands behind `#` is optional; where it shows a value without saying `Default`, that
# value counts (or, for contacts, help and templates, none does).
";

fn write_key(page: &mut String, key: &Key) {
    let preset = match key.preset {
        Preset::Required => "none; it has to be written".to_owned(),
        Preset::Unset => "unset".to_owned(),
        Preset::Value(text) => format!("`{text}`"),
        Preset::Derived(what) => what.to_owned(),
    };
    let counts = match key.reload {
        Reload::Restart => "at the next start",
        Reload::OnSave => "within a second of a save of this file",
        Reload::AtOnce => "within a second of a save of this file; what it holds, within a second of its own save",
        Reload::Hangup => "within a second of a save of this file; what it holds, on SIGHUP",
        Reload::Files => "at the next start; what it holds, within seconds of being written, and on SIGHUP",
    };
    let _ = write!(
        page,
        "\n### `{}`\n\n{}\n\n- Value: {}\n- Default: {preset}\n- A change counts: {counts}\n- Example: `{} = {}`\n- Variable: {}\n",
        key.name,
        wrapped("", key.doc),
        key.kind.describe(),
        key.name,
        key.example,
        key.variable().map_or(without_variable(key), |name| format!("`{name}`")),
    );
}

fn without_variable(key: &Key) -> String {
    if key.name == "id" { "none; the id stands in the names of the others" } else { "none" }.into()
}

/// Lines of at most 118 columns behind `prefix`, without a line break at the end.
fn wrapped(prefix: &str, text: &str) -> String {
    let (mut lines, mut line) = (String::new(), prefix.to_owned());
    for word in text.split_whitespace() {
        if line.len() > prefix.len() && line.len() + 1 + word.len() > 118 {
            lines += line.trim_end();
            lines.push('\n');
            line = prefix.to_owned();
        }
        if line.len() > prefix.len() {
            line.push(' ');
        }
        line += word;
    }
    lines + &line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    #[test]
    fn the_page_in_docs_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/CONFIGURATION.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == reference(), "docs/CONFIGURATION.md is not what keys.rs says; run `just docs`");
    }

    #[test]
    fn the_example_counts_as_it_stands_and_with_every_key_written() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("logo.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
        let read = |text: &str| Config::read(&folder.path().join("sekisho.toml"), text, &Overrides::default());
        read(&example()).unwrap();
        let prose = |line: &str| line.starts_with("# ") && !line.contains(" = ") && !line.starts_with("# [");
        let whole: Vec<&str> = example()
            .leak()
            .lines()
            .filter(|line| !prose(line))
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .collect();
        let whole = whole.join("\n");
        for key in KEYS {
            assert!(whole.contains(&format!("\n{} = ", key.name)), "{} is not in the example", key.path());
        }
        read(&whole).unwrap();
    }
}
