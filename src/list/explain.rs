use super::{BadLine, Context, Head, Hit, Index, List, ListAction, Protected, action_of, parse};
use crate::{
    base::Timestamp,
    url::{Suffixes, WebUrl},
};

/// What a list comes to when it is read beside others.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The list with its good lines.
    pub list: List,
    /// Every line that was refused.
    pub bad: Vec<BadLine>,
}

/// Reads lists that belong together, each by its name (without `.list`) and text: the never-block lists first, so that
/// the others are read against them. What comes back is in the order given.
pub fn check(files: &[(&str, &[u8])], suffixes: &Suffixes, own_hosts: &[String]) -> Vec<Checked> {
    let read = |(name, text): &(&str, &[u8]), context: &Context<'_>| {
        let (list, bad) = parse(name, text, context);
        Checked { list, bad }
    };
    let alone = Context { suffixes, own_hosts, never_block: None };
    let is_never_block = |text: &[u8]| action_of(text) == ListAction::NeverBlock;
    let first: Vec<_> = files.iter().map(|file| is_never_block(file.1).then(|| read(file, &alone))).collect();
    let never_block = Protected::of_lists(first.iter().flatten().map(|checked| &checked.list));
    let against = Context { never_block: Some(&never_block), ..alone };
    let all = first.into_iter().zip(files);
    all.map(|(done, file)| done.unwrap_or_else(|| read(file, &against))).collect()
}

/// What lists say of a URL, and which entry has the last word among those that block or allow.
#[derive(Debug, Clone)]
pub struct Explanation<'a> {
    /// The key by which lists know the URL.
    pub key: String,
    /// Every entry in force that matches, narrowest first.
    pub hits: Vec<Hit<'a>>,
    /// Entries that would match if their last day had not passed.
    pub expired: Vec<Hit<'a>>,
    /// The place in `hits` of the entry that blocks or allows; none where no entry does either.
    pub winner: Option<usize>,
}

impl<'a> Explanation<'a> {
    /// The entry that blocks or allows.
    pub fn winner(&self) -> Option<&Hit<'a>> {
        self.hits.get(self.winner?)
    }
}

/// What the lists say of a URL at `now`.
pub fn explain<'a>(url: &WebUrl, index: &'a dyn Index, now: Timestamp) -> Explanation<'a> {
    let key = url.canonical();
    let mut all = Vec::new();
    // Before the first day there is, everything is in force.
    index.lookup(&key, Timestamp::from_millis(i64::MIN), &mut |hit: Hit<'a>| all.push(hit));
    all.sort_by(|one, other| order(one).cmp(&order(other)));
    let (hits, expired): (Vec<_>, Vec<_>) = all.into_iter().partition(|hit| hit.entry.is_in_force(now));
    let winner = winner(&hits);
    Explanation { key: key.as_str().to_owned(), hits, expired, winner }
}

fn order<'h>(hit: &'h Hit<'_>) -> (super::Width, &'h str, u32) {
    (hit.width, &hit.list.name, hit.entry.line)
}

/// The place of the hit that has the last word among those that block or allow.
///
/// Lists for the whole installation compete first, and a block that wins there is final: no tenant can lift it.
/// Otherwise all compete. The narrowest wins, and of equals the block.
pub fn winner(hits: &[Hit<'_>]) -> Option<usize> {
    let best = |wide: fn(&Head) -> bool| {
        let rivals = hits.iter().enumerate().filter(|(_, hit)| speaks(hit.list) && wide(hit.list));
        rivals.min_by_key(|(_, hit)| (hit.width, hit.list.action != ListAction::Block)).map(|(at, _)| at)
    };
    let blocks = |at: &usize| hits.get(*at).is_some_and(|hit| hit.list.action == ListAction::Block);
    best(Head::is_installation_wide).filter(blocks).or_else(|| best(|_| true))
}

/// Whether its entries compete: those of others speak behind admins' entries.
fn speaks(list: &Head) -> bool {
    matches!(list.action, ListAction::Block | ListAction::Allow) && !list.is_of_others()
}
