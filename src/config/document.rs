use std::{collections::BTreeMap, ffi::OsStr, fmt, ops::Range};

use toml::de::{DeTable, DeValue};

use super::{
    FoundIn, Setting, Settings,
    environment::{Environment, Target, target},
    keys::{KEYS, Key, Kind, Preset, Several, TABLES},
};
use crate::list::nearest;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named, the variable, or the option.
    pub file: String,
    /// Line and column of the file, both from 1; none for a variable or an option.
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

/// A file, and what stands before it, whose keys are known and whose values are of their kind.
pub(super) struct Document {
    file: String,
    text: String,
    /// Whether the text is no TOML at all.
    broken: bool,
    sections: Vec<Section>,
    problems: Vec<Problem>,
    /// What the program worked out for keys of tables that need not be there, by their path.
    worked_out: BTreeMap<String, Value>,
}

/// One table of it.
struct Section {
    table: &'static str,
    /// Where its head stands.
    at: Written,
    /// By name: where the value stands and what it is; none where it is wrong, which has been told.
    values: BTreeMap<&'static str, (Written, Option<Value>)>,
}

/// Where something was written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Written {
    File(Range<usize>),
    Variable(String),
    Option(&'static str),
    /// Nowhere: the program worked it out.
    Nowhere,
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

impl Value {
    fn to_toml(&self) -> String {
        let text = |text: &String| toml::Value::String(text.clone()).to_string();
        match self {
            Self::Text(one) => text(one),
            Self::Number(number) => number.to_string(),
            Self::Texts(several) => format!("[{}]", several.iter().map(text).collect::<Vec<_>>().join(", ")),
        }
    }
}

impl Document {
    /// Reads the text of a file named `file`. What is wrong with it is kept and told by [`Self::finish`].
    pub(super) fn read(file: &str, text: &str) -> Self {
        let (file, text) = (file.to_owned(), text.to_owned());
        let mut document = Self {
            file,
            text: text.clone(),
            broken: false,
            sections: Vec::new(),
            problems: Vec::new(),
            worked_out: BTreeMap::new(),
        };
        match DeTable::parse(&text) {
            Ok(root) => {
                document.begin("", Written::File(0..0));
                for (name, value) in root.get_ref() {
                    document.read_top(name.get_ref(), name.span(), value.get_ref(), value.span());
                }
            }
            Err(error) => {
                document.broken = true;
                document.problem(error.span(), error.message().replace('\n', ", "));
            }
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
                    format!("{table} may stand several times: write [[{table}]] in two brackets"),
                );
            }
        }
    }

    fn read_section(&mut self, table: &'static str, inner: &DeTable<'_>, span: Range<usize>) {
        let section = self.begin(table, Written::File(span));
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
        self.sections[section.0].values.insert(key.name, (Written::File(value_at), value));
    }

    fn begin(&mut self, table: &'static str, at: Written) -> SectionId {
        self.sections.push(Section { table, at, values: BTreeMap::new() });
        SectionId(self.sections.len() - 1)
    }

    /// Lets every variable stand in for what the file says. What is wrong with one is kept as if it stood there.
    pub(super) fn overlay(&mut self, environment: &Environment) {
        for (name, value) in environment.of_keys() {
            match target(name) {
                Ok(target) => self.overlay_one(name, value, target),
                Err(what) => self.problem_at(&Written::Variable(name.to_owned()), what),
            }
        }
    }

    fn overlay_one(&mut self, name: &str, value: &OsStr, target: Target) {
        let at = Written::Variable(name.to_owned());
        let (section, key) = match target {
            Target::Once(key) => (self.sections(key.table).first().copied(), key),
            Target::Of(id, key) => (self.with_id(key.table, id), key),
        };
        let section = section.unwrap_or_else(|| {
            let section = self.begin(key.table, at.clone());
            if let Target::Of(id, _) = target {
                self.sections[section.0].values.insert("id", (at.clone(), Some(Value::Number(id.into()))));
            }
            section
        });
        let value = value.to_str().and_then(|text| read_text(key.kind, text));
        if value.is_none() {
            self.problem_at(&at, format!("{} must be {}", key.path(), key.kind.describe()));
        }
        self.sections[section.0].values.insert(key.name, (at, value));
    }

    fn with_id(&self, table: &str, id: u16) -> Option<SectionId> {
        let has = |section: &Section| matches!(section.values.get("id"), Some((_, Some(Value::Number(n)))) if *n == i64::from(id));
        self.sections(table).into_iter().find(|section| has(&self.sections[section.0]))
    }

    /// Lets an option of the command line stand in for whatever a key says.
    pub(super) fn overrule(&mut self, name: &'static str, option: &'static str, value: String) {
        self.put(name, Written::Option(option), Value::Text(value));
    }

    /// Keeps what the program worked out for a key at the top that is written nowhere, to be shown.
    pub(super) fn settle(&mut self, name: &'static str, value: Value) {
        self.put(name, Written::Nowhere, value);
    }

    /// The same for a key of a table.
    pub(super) fn settle_in(&mut self, table: &str, name: &str, value: Value) {
        self.worked_out.insert(format!("{table}.{name}"), value);
    }

    fn put(&mut self, name: &'static str, at: Written, value: Value) {
        if let Some(top) = self.sections("").first() {
            self.sections[top.0].values.insert(name, (at, Some(value)));
        }
    }

    /// Whether the value of a key stands in the file itself, so that a relative path starts there.
    pub(super) fn stands_in_file(&self, section: Option<SectionId>, name: &str) -> bool {
        let at = section.and_then(|id| self.sections[id.0].values.get(name));
        matches!(at, Some((Written::File(_), _)))
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
                    let head = self.sections[id.0].at.clone();
                    self.problem_at(&head, format!("{} is missing: {} = {}", key.path(), key.name, key.example));
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
        let at = section.map_or(Written::File(0..0), |id| {
            let section = &self.sections[id.0];
            section.values.get(name).map_or(&section.at, |(at, _)| at).clone()
        });
        let table = section.map_or("", |id| self.sections[id.0].table);
        let path = find(table, name).map_or_else(|| name.to_owned(), Key::path);
        match at {
            Written::Option(_) => self.problem_at(&at, what.to_owned()),
            _ => self.problem_at(&at, format!("{path}: {what}")),
        }
    }

    /// Tells that something is missing altogether: it would stand at the end. Of a text that is no TOML nothing more is
    /// known than that.
    pub(super) fn missing(&mut self, what: &str) {
        if !self.broken {
            self.problem(None, what.to_owned());
        }
    }

    /// Tells a problem with an option of the command line.
    pub(super) fn refuse_option(&mut self, option: &'static str, what: String) {
        self.problem_at(&Written::Option(option), what);
    }

    /// What counts, key by key.
    pub(super) fn settings(&self) -> Settings {
        let mut settings = Vec::new();
        for (table, several, _) in TABLES {
            let sections = self.sections(table);
            let sections: Vec<Option<&Section>> = match (sections.as_slice(), several) {
                ([], Several::No) => vec![None],
                (ids, _) => ids.iter().map(|id| self.sections.get(id.0)).collect(),
            };
            for (number, section) in sections.into_iter().enumerate() {
                let keys = KEYS.iter().filter(|key| key.table == *table);
                settings.extend(keys.map(|key| self.setting(key, number, section)));
            }
        }
        Settings(settings)
    }

    fn setting(&self, key: &'static Key, number: usize, section: Option<&Section>) -> Setting {
        let written = section.and_then(|section| section.values.get(key.name));
        let value = match (written, key.preset) {
            (Some((_, value)), _) => value.as_ref().map(Value::to_toml),
            (None, Preset::Value(text)) => Some(text.to_owned()),
            (None, _) => self.worked_out.get(&key.path()).map(Value::to_toml),
        };
        let origin = match written.map(|(at, _)| at) {
            Some(Written::File(span)) => {
                let (line, _) = line_and_column(&self.text, span.start);
                FoundIn::File { file: self.file.clone(), line }
            }
            Some(Written::Variable(name)) => FoundIn::Variable(name.clone()),
            Some(Written::Option(name)) => FoundIn::Option(name),
            Some(Written::Nowhere) | None => FoundIn::Default,
        };
        let named = |key| section.and_then(|section| section.values.get(key)?.1.as_ref());
        let name = match (named("id"), named("name")) {
            (Some(Value::Number(id)), _) => id.to_string(),
            (_, Some(Value::Text(name))) => name.clone(),
            _ => number.to_string(),
        };
        let several = TABLES.iter().any(|(table, several, _)| *table == key.table && *several == Several::Yes);
        Setting { key, section: several.then_some(name), value, origin }
    }

    /// Everything that is wrong, in the order of the file.
    pub(super) fn finish(mut self) -> Result<(), Problems> {
        self.problems.sort_by_key(|problem| problem.at);
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems)) }
    }

    fn problem(&mut self, span: Option<Range<usize>>, what: String) {
        let end = self.text.trim_end().len();
        self.problem_at(&Written::File(span.unwrap_or(end..end)), what);
    }

    fn problem_at(&mut self, at: &Written, what: String) {
        let (file, at) = match at {
            Written::File(span) => (self.file.clone(), Some(line_and_column(&self.text, span.start))),
            Written::Variable(name) => (name.clone(), None),
            Written::Option(name) => ((*name).to_owned(), None),
            Written::Nowhere => (self.file.clone(), Some((1, 1))),
        };
        self.problems.push(Problem { file, at, what });
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
            table if TABLES.iter().any(|(name, several, _)| *name == table && *several == Several::Yes) => {
                format!("under [[{table}]]")
            }
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
        (Kind::Paths, DeValue::String(text)) if !text.trim().is_empty() => Some(Value::Texts(vec![text.to_string()])),
        (Kind::BaseUrls | Kind::Domains | Kind::Networks | Kind::Texts | Kind::Paths, DeValue::Array(values)) => {
            let texts = values.iter().map(|value| value.get_ref().as_str().map(str::to_owned));
            Some(Value::Texts(texts.collect::<Option<_>>()?))
        }
        (Kind::Choice(words), DeValue::String(text)) => {
            words.contains(&text.as_ref()).then(|| Value::Text(text.to_string()))
        }
        (
            Kind::Number(..)
            | Kind::BaseUrls
            | Kind::Domains
            | Kind::Networks
            | Kind::Texts
            | Kind::Paths
            | Kind::Choice(_),
            _,
        ) => None,
        (_, DeValue::String(text)) => (!text.trim().is_empty()).then(|| Value::Text(text.to_string())),
        _ => None,
    }
}

/// A variable has text alone: it is taken as it stands where the key wants text, else as it would stand in a file, else
/// as several texts with commas between them.
fn read_text(kind: Kind, text: &str) -> Option<Value> {
    let text = text.trim();
    let as_text = |text: &str| DeValue::String(text.to_owned().into());
    let read = |text: &str| read_value(kind, DeValue::parse(text).ok()?.get_ref());
    let one = if kind == Kind::Paths { None } else { read_value(kind, &as_text(text)) };
    one.or_else(|| read(text)).or_else(|| {
        let several = text.split(',').map(|one| toml::Value::String(one.trim().to_owned()).to_string());
        read(&format!("[{}]", several.collect::<Vec<_>>().join(", ")))
    })
}

/// Both from 1; the column counts characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
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
            problems("[[policy]]\nscan = \"lax\""),
            ["s.toml:2:8: policy.scan must be one of \"all\", \"lists_only\""]
        );
        assert_eq!(
            problems("[tenant]\nid = 1"),
            ["s.toml:1:2: tenant may stand several times: write [[tenant]] in two brackets"]
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
