use std::collections::{HashMap, HashSet};

use super::{Format, How, NoList, Refused, Row, Taken, Tally, import};
use crate::{
    list::{Entry, Reach, Scope},
    url,
};

/// A foreign list, read and kept: what there is to look at before it counts.
#[derive(Debug, Clone, Default)]
pub struct Haul {
    /// What was taken, each once, in the order of the rows.
    pub taken: Vec<Taken>,
    /// What was refused.
    pub refused: Vec<Refused>,
    /// Entries that stood there before.
    pub duplicates: usize,
    /// How many rows came to what, before duplicates went.
    pub tally: Tally,
}

impl Haul {
    /// Reads all of a list.
    ///
    /// # Errors
    /// The bytes are no list of this format.
    pub fn read(bytes: &[u8], format: Format, how: &How<'_>) -> Result<Self, NoList> {
        let mut haul = Self::default();
        let mut seen: HashSet<Box<str>> = HashSet::new();
        let tally = import(bytes, format, how, &mut |row| match row {
            Row::Taken(taken) if seen.insert(taken.entry.text.clone()) => haul.taken.push(taken),
            Row::Taken(_) => haul.duplicates += 1,
            Row::Refused(refused) => haul.refused.push(refused),
        })?;
        haul.tally = tally;
        Ok(haul)
    }

    /// Takes out what a wider entry says already, and makes one entry of a host and its subdomains; answers how many
    /// went. Two lists that say the same are the same list afterwards, whatever their formats had to spell out.
    pub fn narrow(&mut self) -> usize {
        let before = self.taken.len();
        // Whether the name itself is there, and whether all below it is.
        let mut names: HashMap<Box<str>, (bool, bool)> = HashMap::new();
        for taken in &self.taken {
            if let Scope::Hosts { reach, name } = &taken.entry.scope {
                let said = names.entry(name.clone()).or_default();
                said.0 |= *reach != Reach::Subdomains;
                said.1 |= *reach != Reach::Host;
            }
        }
        let mut merged: HashSet<Box<str>> = HashSet::new();
        self.taken.retain_mut(|taken| match &mut taken.entry.scope {
            Scope::Hosts { reach, name } => {
                if is_below(name, &names) {
                    return false;
                }
                if names.get(name) == Some(&(true, true)) {
                    *reach = Reach::Domain;
                    taken.entry.text = name.clone();
                    return merged.insert(name.clone());
                }
                true
            }
            Scope::Paths { reach, name, .. } => {
                let said = names.get(name).copied().unwrap_or_default();
                !is_below(name, &names) && !(said.0 && (said.1 || *reach == Reach::Host))
            }
            Scope::Url(text) => {
                let Ok(url) = url::parse(text) else { return true };
                let key = url.canonical();
                !is_below(key.host(), &names) && !names.get(key.host()).is_some_and(|said| said.0)
            }
            _ => true,
        });
        before - self.taken.len()
    }

    /// The entries, as they would stand in a list.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.taken.iter().map(|taken| &taken.entry)
    }

    /// How the entries differ from what the rows meant there, each remark with how many it is about.
    pub fn remarks(&self) -> Vec<(&'static str, usize)> {
        let mut remarks: Vec<(&'static str, usize)> = Vec::new();
        for remark in self.taken.iter().filter_map(|taken| taken.remark) {
            match remarks.iter_mut().find(|(known, _)| *known == remark) {
                Some((_, count)) => *count += 1,
                None => remarks.push((remark, 1)),
            }
        }
        remarks
    }
}

/// Whether a domain above the name is there with all below it.
fn is_below(name: &str, names: &HashMap<Box<str>, (bool, bool)>) -> bool {
    let above = name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
    above.filter_map(|parent| names.get(parent)).any(|said| said.1)
}
