use std::{collections::BTreeMap, fmt, ops::Range};

use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key, Kind, Preset, Several, TABLES};
use crate::list::nearest;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// Line and column of the file, both from 1; none where something is missing altogether.
    pub at: Option<(usize, usize)>,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// All that is wrong with a configuration; never empty. One line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if at > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A file whose keys are known and whose values are of their kind.
pub(super) struct Document {
    file: String,
    text: String,
    sections: Vec<Section>,
    problems: Vec<Problem>,
}

/// One table of it.
struct Section {
    table: &'static str,
    /// Where its head stands.
    span: Range<usize>,
    /// By name: where the value stands and what it is; none where it is wrong, which has been told.
    values: BTreeMap<&'static str, (Range<usize>, Option<Value>)>,
}

/// Which table of a document: an index, good for that document alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SectionId(usize);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Texts(Vec<String>),
}

impl Document {
    /// Reads the text of a file named `file`. What is wrong with it is kept and told by [`Self::finish`].
    pub(super) fn read(file: &str, text: &str) -> Self {
        let mut document =
            Self { file: file.to_owned(), text: text.to_owned(), sections: Vec::new(), problems: Vec::new() };
        match DeTable::parse(text) {
            Ok(root) => {
                document.sections.push(Section { table: "", span: 0..0, values: BTreeMap::new() });
                for (name, value) in root.get_ref() {
                    document.read_top(name.get_ref(), name.span(), value.get_ref(), value.span());
                }
            }
            Err(error) => document.problem(error.span(), error.message().replace('\n', ", ")),
        }
        document
    }

    fn read_top(&mut self, name: &str, name_at: Range<usize>, value: &DeValue<'_>, value_at: Range<usize>) {
        let Some((table, several, _)) = TABLES.iter().find(|(table, ..)| *table == name && !table.is_empty()) else {
            return self.read_key(SectionId(0), name, name_at, value, value_at);
        };
        match (value, several) {
            (DeValue::Table(inner), Several::No) => self.read_section(table, inner, name_at),
            (DeValue::Array(several), Several::Yes) => {
                for one in several {
                    match one.get_ref() {
                        DeValue::Table(inner) => self.read_section(table, inner, one.span()),
                        _ => self.problem(Some(one.span()), format!("write each {table} as a table [[{table}]]")),
                    }
                }
            }
            (_, Several::No) => self.problem(Some(name_at), format!("{name} is a table: write [{name}]")),
            (_, Several::Yes) => {
                self.problem(
                    Some(name_at),
                    format!("there may be several {table}s: write [[{table}]] in two brackets"),
                );
            }
        }
    }

    fn read_section(&mut self, table: &'static str, inner: &DeTable<'_>, span: Range<usize>) {
        let section = SectionId(self.sections.len());
        self.sections.push(Section { table, span, values: BTreeMap::new() });
        for (name, value) in inner {
            self.read_key(section, name.get_ref(), name.span(), value.get_ref(), value.span());
        }
    }

    fn read_key(
        &mut self,
        section: SectionId,
        name: &str,
        name_at: Range<usize>,
        value: &DeValue<'_>,
        value_at: Range<usize>,
    ) {
        let table = self.sections[section.0].table;
        let Some(key) = find(table, name) else {
            let what = unknown(table, name);
            return self.problem(Some(name_at), what);
        };
        let value = read_value(key.kind, value);
        if value.is_none() {
            self.problem(Some(value_at.clone()), format!("{} must be {}", key.path(), key.kind.describe()));
        }
        self.sections[section.0].values.insert(key.name, (value_at, value));
    }

    /// The sections of a table, in the order of the file.
    pub(super) fn sections(&self, table: &str) -> Vec<SectionId> {
        let ids = self.sections.iter().enumerate().filter(|(_, section)| section.table == table);
        ids.map(|(at, _)| SectionId(at)).collect()
    }

    /// What stands in a key, or counts where it does not stand. None where that is nothing, or wrong (and told).
    pub(super) fn value(&mut self, section: Option<SectionId>, table: &'static str, name: &str) -> Option<Value> {
        let key = find(table, name)?;
        if let Some((_, value)) = section.and_then(|id| self.sections[id.0].values.get(name)) {
            return value.clone();
        }
        match key.preset {
            Preset::Value(text) => {
                let value = DeValue::parse(text).ok()?;
                read_value(key.kind, value.get_ref())
            }
            Preset::Required => {
                if let Some(id) = section {
                    let head = self.sections[id.0].span.clone();
                    self.problem(Some(head), format!("{} is missing: {} = {}", key.path(), key.name, key.example));
                }
                None
            }
            Preset::Unset | Preset::Derived(_) => None,
        }
    }

    /// A text read further by `read`; its complaint is told at the place of the value.
    pub(super) fn parse<T, E: fmt::Display>(
        &mut self,
        section: Option<SectionId>,
        table: &'static str,
        name: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Value::Text(text) = self.value(section, table, name)? else { return None };
        match read(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.complain(section, name, &error.to_string());
                None
            }
        }
    }

    /// Tells a problem with the value of a key.
    pub(super) fn complain(&mut self, section: Option<SectionId>, name: &str, what: &str) {
        let span = section.map(|id| {
            let section = &self.sections[id.0];
            section.values.get(name).map_or(section.span.clone(), |(span, _)| span.clone())
        });
        let table = section.map_or("", |id| self.sections[id.0].table);
        let path = find(table, name).map_or_else(|| name.to_owned(), Key::path);
        self.problem(span, format!("{path}: {what}"));
    }

    /// Tells that something is missing altogether.
    pub(super) fn missing(&mut self, what: &str) {
        self.problem(None, what.to_owned());
    }

    /// Everything that is wrong, in the order of the file.
    pub(super) fn finish(mut self) -> Result<(), Problems> {
        self.problems.sort_by_key(|problem| problem.at);
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems)) }
    }

    fn problem(&mut self, span: Option<Range<usize>>, what: String) {
        let at = span.map(|span| line_and_column(&self.text, span.start));
        self.problems.push(Problem { file: self.file.clone(), at, what });
    }
}

fn find(table: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.table == table && key.name == name)
}

fn unknown(table: &str, name: &str) -> String {
    let mut known: Vec<&str> = KEYS.iter().filter(|key| key.table == table).map(|key| key.name).collect();
    if table.is_empty() {
        known.extend(TABLES.iter().map(|(name, ..)| *name).filter(|name| !name.is_empty()));
    }
    if let Some(near) = nearest(name, &known) {
        return format!("no key is called {name:?}; did you mean {near:?}?");
    }
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        let place = match key.table {
            "" => "at the top of the file, before any [table]".to_owned(),
            "tenant" => "under [[tenant]]".to_owned(),
            table => format!("under [{table}]"),
        };
        return format!("{name:?} does not belong here but {place}");
    }
    format!("no key is called {name:?}; `sekisho config reference` lists all of them")
}

fn read_value(kind: Kind, value: &DeValue<'_>) -> Option<Value> {
    match (kind, value) {
        (Kind::Number(low, high), DeValue::Integer(number)) => {
            let number = i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()?;
            (low..=high).contains(&number).then_some(Value::Number(number))
        }
        (Kind::BaseUrls | Kind::Domains | Kind::IpAddresses, DeValue::Array(values)) => {
            let texts = values.iter().map(|value| value.get_ref().as_str().map(str::to_owned));
            Some(Value::Texts(texts.collect::<Option<_>>()?))
        }
        (Kind::Choice(words), DeValue::String(text)) => {
            words.contains(&text.as_ref()).then(|| Value::Text(text.to_string()))
        }
        (Kind::Number(..) | Kind::BaseUrls | Kind::Domains | Kind::IpAddresses | Kind::Choice(_), _) => None,
        (_, DeValue::String(text)) => (!text.trim().is_empty()).then(|| Value::Text(text.to_string())),
        _ => None,
    }
}

/// Both from 1; the column counts characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problems(text: &str) -> Vec<String> {
        match Document::read("s.toml", text).finish() {
            Ok(()) => Vec::new(),
            Err(problems) => problems.0.iter().map(Problem::to_string).collect(),
        }
    }

    #[test]
    fn an_unknown_key_is_told_with_its_place_and_the_nearest_name() {
        assert_eq!(
            problems("\n  lisen = \"x\"\n"),
            ["s.toml:2:3: no key is called \"lisen\"; did you mean \"listen\"?"]
        );
        assert_eq!(
            problems("[[tenant]]\nbase-url = \"x\"\n"),
            ["s.toml:2:1: no key is called \"base-url\"; did you mean \"base_url\"?"]
        );
        assert_eq!(problems("tenants = 1"), ["s.toml:1:1: no key is called \"tenants\"; did you mean \"tenant\"?"]);
        assert_eq!(
            problems("base_url = \"x\""),
            ["s.toml:1:1: \"base_url\" does not belong here but under [[tenant]]"]
        );
        assert_eq!(
            problems("[zebra]\nx = 1"),
            ["s.toml:1:2: no key is called \"zebra\"; `sekisho config reference` lists all of them"]
        );
    }

    #[test]
    fn values_of_the_wrong_kind_are_told_where_they_stand() {
        assert_eq!(
            problems("drain_seconds = 601\nlisten = 5\n"),
            [
                "s.toml:1:17: drain_seconds must be a whole number from 0 to 600",
                "s.toml:2:10: listen must be an IP address and a port, such as \"127.0.0.1:8480\" or \"[::1]:8480\"",
            ]
        );
        assert_eq!(
            problems("[[tenant]]\npolicy = \"lax\""),
            ["s.toml:2:10: tenant.policy must be one of \"standard\", \"strict\""]
        );
        assert_eq!(
            problems("[tenant]\nid = 1"),
            ["s.toml:1:2: there may be several tenants: write [[tenant]] in two brackets"]
        );
        assert_eq!(problems("node = \" \""), ["s.toml:1:8: node must be text"]);
    }

    #[test]
    fn broken_toml_is_told_with_its_place() {
        let told = problems("listen = \"x\"\nnode = \n");
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("s.toml:2:8: "), "{told:?}");
    }

    #[test]
    fn every_preset_and_example_is_of_its_kind() {
        for key in KEYS {
            for text in [Some(key.example), if let Preset::Value(text) = key.preset { Some(text) } else { None }] {
                let Some(text) = text else { continue };
                let value = DeValue::parse(text).unwrap();
                assert!(read_value(key.kind, value.get_ref()).is_some(), "{}: {text}", key.path());
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_told_about(text in "\\PC{0,80}", toml in "(listen|id|\\[\\[tenant\\]\\]|=|\"|\n|1|\\[|limits){0,30}") {
            let _ = problems(&text);
            let _ = problems(&toml);
        }
    }
}
