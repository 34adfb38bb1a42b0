use serde::Serialize;

use crate::{
    base::Timestamp,
    cli::{
        Failure,
        output::{Stdout, moment},
    },
    list::{Entry, Head, Hit, List, Written},
};

/// One list, in a line.
#[derive(Serialize)]
pub(super) struct ShownList<'a> {
    pub(super) list: &'a str,
    pub(super) version: &'a str,
    pub(super) action: &'static str,
    pub(super) entries: usize,
}

impl<'a> ShownList<'a> {
    pub(super) fn new(list: &'a List) -> Self {
        let (name, version) = (&list.name, &list.version);
        Self { list: name, version, action: list.action.as_str(), entries: list.entries.len() }
    }
}

/// One entry, in a line.
#[derive(Serialize)]
pub(super) struct ShownEntry<'a> {
    pub(super) list: &'a str,
    pub(super) version: &'a str,
    pub(super) line: u32,
    pub(super) entry: &'a str,
    pub(super) action: &'static str,
    /// How much it takes in, where that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<String>,
    pub(super) reason: Option<&'a str>,
    pub(super) by: Option<&'a str>,
    pub(super) until: Option<String>,
    pub(super) r#ref: Option<&'a str>,
    pub(super) in_force: bool,
    /// When it last matched a click, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_match: Option<Timestamp>,
}

impl<'a> ShownEntry<'a> {
    pub(super) fn new(list: &'a List, entry: &'a Entry, now: Timestamp) -> Self {
        Self::written((&list.name, &list.version, list.action.as_str()), entry.into(), now)
    }

    pub(super) fn of_hit(hit: &Hit<'a>, now: Timestamp) -> Self {
        let Head { name, version, action, .. } = hit.list;
        let width = Some(hit.width.to_string());
        Self { width, ..Self::written((name, version, action.as_str()), hit.entry, now) }
    }

    fn written((list, version, action): (&'a str, &'a str, &'static str), entry: Written<'a>, now: Timestamp) -> Self {
        Self {
            list,
            version,
            line: entry.line,
            entry: entry.text,
            action,
            width: None,
            reason: entry.reason,
            by: entry.by,
            until: entry.until.map(|day| day.to_string()),
            r#ref: entry.reference,
            in_force: entry.is_in_force(now),
            last_match: None,
        }
    }

    pub(super) fn matched(self, last: Option<Timestamp>) -> Self {
        Self { last_match: last, ..self }
    }

    pub(super) fn write(&self, out: &mut Stdout) -> Result<(), Failure> {
        let notes = [("reason", self.reason), ("by", self.by), ("until", self.until.as_deref()), ("ref", self.r#ref)];
        let notes: String = notes.iter().filter_map(|(name, value)| Some(format!("  {name}={}", (*value)?))).collect();
        let expired = if self.in_force { "" } else { "  (expired)" };
        let matched = self.last_match.map(|last| format!("  (last matched {})", moment(last))).unwrap_or_default();
        let Self { list, line, entry, action, .. } = self;
        out.line(format_args!("{list}.list:{line}: {entry}  [{action}]{notes}{expired}{matched}"))
    }
}
