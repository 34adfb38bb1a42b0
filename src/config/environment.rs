//! `SEKISHO_…` variables: each names a key of the one table, and counts before the file.

use std::ffi::OsString;

use super::keys::{KEYS, Key, Several, TABLES};
use crate::list::nearest;

/// How the name of every variable of ours begins.
const PREFIX: &str = "SEKISHO_";

/// Names that are no keys: the place of the file, the level of the log, and what the tests of this project read.
const OTHERS: &[&str] = &[
    "SEKISHO_BLESS",
    "SEKISHO_CONFIG",
    "SEKISHO_CORPUS",
    "SEKISHO_LOG",
    "SEKISHO_SAMPLES",
    "SEKISHO_SCREENSHOTS",
    "SEKISHO_TEST",
];

/// The variables of a process that are for this program, taken once: nothing else reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// By name.
    variables: Vec<(String, OsString)>,
}

/// What a variable is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// A key of a table that stands once.
    Once(&'static Key),
    /// A key of the table with this `id`.
    Of(u16, &'static Key),
}

impl Environment {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os())
    }

    /// Those of `variables` that are for this program. An empty one counts as not set, as service managers and
    /// container tools have it.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = |name: &str| name.starts_with(PREFIX) && !is_other(name) && !is_of_kubernetes(name);
        let mut variables: Vec<(String, OsString)> = variables
            .into_iter()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
            .filter(|(name, value)| (ours(name) || name == "SEKISHO_CONFIG") && !value.is_empty())
            .collect();
        variables.sort();
        Self { variables }
    }

    /// What a variable says, by its whole name.
    pub(super) fn get(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Every variable that should name a key, in the order of names.
    pub(super) fn of_keys(&self) -> impl Iterator<Item = (&str, &OsString)> {
        let keys = self.variables.iter().filter(|(name, _)| !is_other(name));
        keys.map(|(name, value)| (name.as_str(), value))
    }
}

impl Key {
    /// The variable that sets it: `SEKISHO_LISTEN`, `SEKISHO_LIMITS__CONNECTIONS`, `SEKISHO_TENANT__1__NAME`. None for
    /// an id, which stands in the names of the others, and for keys of tables that have none.
    pub fn variable(&self) -> Option<String> {
        let name = self.name.to_ascii_uppercase();
        let table = self.table.to_ascii_uppercase();
        match (self.table, several(self.table)) {
            ("", _) => Some(format!("{PREFIX}{name}")),
            (_, Several::No) => Some(format!("{PREFIX}{table}__{name}")),
            (_, Several::Yes) if self.name == "id" || !has_ids(self.table) => None,
            (_, Several::Yes) => Some(format!("{PREFIX}{table}__1__{name}")),
        }
    }
}

/// The key that a variable names. Error: why it names none, and which was meant.
pub(super) fn target(name: &str) -> Result<Target, String> {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    let parts: Vec<&str> = rest.split("__").collect();
    let key = |table: &str, name: &str| {
        KEYS.iter().find(|key| key.table.eq_ignore_ascii_case(table) && is_upper_of(name, key.name))
    };
    let found = match parts.as_slice() {
        [name] => key("", name).map(Target::Once),
        [table, name] => key(table, name).filter(|key| several(key.table) == Several::No).map(Target::Once),
        [table, id, name] => match (id.parse(), key(table, name)) {
            (Ok(id), Some(key)) if several(key.table) == Several::Yes && key.variable().is_some() => {
                Some(Target::Of(id, key))
            }
            _ => None,
        },
        _ => None,
    };
    found.ok_or_else(|| unknown(name, &parts))
}

/// Whether tables of this name have numbers, by which a variable can name one.
fn has_ids(table: &str) -> bool {
    KEYS.iter().any(|key| key.table == table && key.name == "id")
}

fn unknown(name: &str, parts: &[&str]) -> String {
    let table = TABLES.iter().find(|(table, several, _)| {
        *several == Several::Yes && has_ids(table) && parts.first().is_some_and(|part| is_upper_of(part, table))
    });
    let id = parts.get(1).and_then(|part| part.parse::<u16>().ok());
    if let (Some((table, ..)), None) = (table, id) {
        let upper = table.to_ascii_uppercase();
        return format!("there may be several {table}s: name one by its id, such as {PREFIX}{upper}__1__NAME");
    }
    let known: Vec<String> = KEYS
        .iter()
        .filter_map(Key::variable)
        .map(|known| id.map_or(known.clone(), |id| known.replacen("__1__", &format!("__{id}__"), 1)).to_lowercase())
        .collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    match nearest(name, &known) {
        Some(near) => format!("no key has this variable; did you mean {}?", near.to_uppercase()),
        None => "no key has this variable; `sekisho config reference` lists all of them, and every other name that \
                 begins with SEKISHO_ is refused"
            .to_owned(),
    }
}

fn several(table: &str) -> Several {
    TABLES.iter().find(|(name, ..)| *name == table).map_or(Several::No, |(_, several, _)| *several)
}

fn is_upper_of(upper: &str, name: &str) -> bool {
    upper.eq_ignore_ascii_case(name) && !upper.bytes().any(|byte| byte.is_ascii_lowercase())
}

fn is_other(name: &str) -> bool {
    OTHERS.contains(&name) || name.starts_with("SEKISHO_TEST_")
}

/// What Kubernetes tells every container of a Service called `sekisho`, asked or not.
fn is_of_kubernetes(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    rest == "PORT" || rest.starts_with("SERVICE_") || rest.strip_prefix("PORT_").is_some_and(starts_with_digit)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_but_ids_and_those_of_the_file_alone_has_a_variable_and_no_two_the_same() {
        let mut seen = std::collections::BTreeSet::new();
        for key in KEYS {
            let Some(name) = key.variable() else {
                assert!(
                    key.name == "id" || ["policy", "feed", "dns_list", "rpz"].contains(&key.table),
                    "{}",
                    key.path()
                );
                continue;
            };
            let aimed = match target(&name) {
                Ok(Target::Once(found) | Target::Of(1, found)) => found,
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(aimed.path(), key.path());
            assert!(!is_other(&name) && !is_of_kubernetes(&name), "{name} would be left alone");
            assert!(seen.insert(name));
        }
    }

    #[test]
    fn a_name_that_is_none_is_told_with_the_nearest() {
        for (name, told) in [
            ("SEKISHO_LISTNE", "did you mean SEKISHO_LISTEN?"),
            ("SEKISHO_listen", "did you mean SEKISHO_LISTEN?"),
            ("SEKISHO_LIMITS__CONECTIONS", "did you mean SEKISHO_LIMITS__CONNECTIONS?"),
            ("SEKISHO_TENANT__12__NMAE", "did you mean SEKISHO_TENANT__12__NAME?"),
            ("SEKISHO_TENANT__NAME", "name one by its id, such as SEKISHO_TENANT__1__NAME"),
            ("SEKISHO_TENANT__x__NAME", "name one by its id"),
            ("SEKISHO_TENANT__1__ID", "no key has this variable"),
            ("SEKISHO_", "no key has this variable"),
            ("SEKISHO_ZEBRA", "`sekisho config reference` lists all"),
        ] {
            let error = target(name).unwrap_err();
            assert!(error.contains(told), "{name}: {error}");
        }
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let variables = [
            ("PATH", "/bin"),
            ("SEKISHO_LOG", "debug"),
            ("SEKISHO_TEST_STORE", "x"),
            ("SEKISHO_SERVICE_HOST", "10.0.0.1"),
            ("SEKISHO_PORT", "tcp://10.0.0.1:8480"),
            ("SEKISHO_PORT_8480_TCP_ADDR", "10.0.0.1"),
            ("SEKISHO_NODE", ""),
            ("SEKISHO_LISTEN", "[::1]:1"),
            ("SEKISHO_CONFIG", "/etc/x"),
        ];
        let environment = Environment::of(variables.map(|(name, value)| (name.into(), value.into())));
        let keys: Vec<&str> = environment.of_keys().map(|(name, _)| name).collect();
        assert_eq!(keys, ["SEKISHO_LISTEN"]);
        assert_eq!(environment.get("SEKISHO_CONFIG"), Some(&OsString::from("/etc/x")));
    }
}
