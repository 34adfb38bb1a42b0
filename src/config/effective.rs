use std::fmt;

use serde::{Serialize, Serializer};

use super::keys::{Key, Reload};

/// What counts, key by key, and where each was written: the file, a variable, an option, or nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(pub Vec<Setting>);

/// One key as it counts.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// Which key.
    #[serde(serialize_with = "path")]
    pub key: &'static Key,
    /// Of which table, where there may be several: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Its value, as TOML; none where it is not set.
    pub value: Option<String>,
    /// Where it was written.
    pub origin: FoundIn,
}

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundIn {
    /// In the file, on this line.
    File {
        /// The file, as it was named.
        file: String,
        /// From 1.
        line: usize,
    },
    /// In a variable.
    Variable(String),
    /// On the command line.
    Option(&'static str),
    /// Nowhere.
    Default,
}

impl fmt::Display for FoundIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Option(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Serialize for FoundIn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn path<S: Serializer>(key: &&'static Key, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&key.path())
}

impl PartialEq for Setting {
    /// The same value of the same key; where it was written makes no difference.
    fn eq(&self, other: &Self) -> bool {
        self.key.path() == other.key.path() && self.section == other.section && self.value == other.value
    }
}

impl Eq for Setting {}

impl Settings {
    /// The whole of it as a file, each value with where it was written.
    pub fn to_toml(&self) -> String {
        let (mut text, mut head) = (String::new(), (String::new(), None));
        for setting in &self.0 {
            let table = (setting.key.table.to_owned(), setting.section.clone());
            if table != head && !table.0.is_empty() {
                let several = table.1.is_some();
                text += &if several { format!("\n[[{}]]\n", table.0) } else { format!("\n[{}]\n", table.0) };
            }
            head = table;
            text += &match &setting.value {
                Some(value) => format!("{} = {value}  # {}\n", setting.key.name, setting.origin),
                None => format!("# {} is not set\n", setting.key.name),
            };
        }
        text
    }

    /// The keys that count only after a start and say something else than in `running`; none twice.
    pub fn wait_for_a_start(&self, running: &Self) -> Vec<String> {
        let waits = |setting: &&Setting| {
            matches!(setting.key.reload, Reload::Restart | Reload::Files) && !running.0.contains(setting)
        };
        let mut keys: Vec<String> = self.0.iter().filter(waits).map(|setting| setting.key.path()).collect();
        keys.dedup();
        keys
    }
}
