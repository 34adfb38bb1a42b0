pub(super) use crate::app::Draft;
use crate::{cli::output::people, list::Checked};

/// Says which lists would not take their new version, by the first line that is bad in each.
pub(super) fn say_what_is_bad(checked: &[Checked]) {
    for bad in checked.iter().filter_map(|checked| checked.bad.first()) {
        people(&format!("while {bad} — this list keeps its last good version"));
    }
}

/// A line that comes or goes.
#[derive(serde::Serialize)]
pub(super) struct Change<'t> {
    /// `+` or `-`.
    pub(super) sign: char,
    pub(super) line: u32,
    pub(super) text: &'t str,
}

impl Change<'_> {
    pub(super) fn shown(&self, name: &str) -> String {
        format!("{} {name}.list:{}: {}", self.sign, self.line, self.text)
    }
}
