//! What each check weighs: `data/page_weights.toml`.

use serde::Deserialize;

use super::{BadLore, Check};
use crate::judge::Threat;

/// The weight and meaning of every check.
#[derive(Debug, Clone)]
pub struct Weights {
    /// From which score on a body is suspicious.
    pub suspicious: u32,
    /// From which score on it is malicious.
    pub malicious: u32,
    /// In the order of [`Check::ALL`].
    rows: Vec<Row>,
}

/// One check.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// [`Check::as_str`].
    pub name: String,
    /// What it adds to the score, 1 to 100.
    pub weight: u32,
    /// Which harm it speaks of.
    pub threat: Threat,
    /// What it sees.
    pub what: String,
    /// Why that weighs so much.
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    suspicious: u32,
    malicious: u32,
    check: Vec<Row>,
}

impl Weights {
    /// Reads them.
    ///
    /// # Errors
    /// [`BadLore`], where a check is missing, unknown or there twice, or a number is out of bounds.
    pub fn parse(text: &str) -> Result<Self, BadLore> {
        let file: File = toml::from_str(text).map_err(|error| BadLore(error.to_string()))?;
        if file.suspicious == 0 || file.malicious <= file.suspicious {
            return Err(BadLore("`suspicious` has to be over 0 and below `malicious`".into()));
        }
        for row in &file.check {
            if !Check::ALL.iter().any(|check| check.as_str() == row.name) {
                return Err(BadLore(format!("there is no check {:?}", row.name)));
            }
            if !(1..=100).contains(&row.weight) {
                return Err(BadLore(format!("the weight of {} has to be 1 to 100", row.name)));
            }
        }
        let mut rows = Vec::with_capacity(Check::ALL.len());
        for check in Check::ALL {
            let mut named = file.check.iter().filter(|row| row.name == check.as_str());
            match (named.next(), named.next()) {
                (Some(row), None) => rows.push(row.clone()),
                (None, _) => return Err(BadLore(format!("the check {check} has no weight"))),
                (_, Some(_)) => return Err(BadLore(format!("the check {check} has two weights"))),
            }
        }
        Ok(Self { suspicious: file.suspicious, malicious: file.malicious, rows })
    }

    /// What is known of a check.
    #[expect(clippy::indexing_slicing, reason = "there is a row for every check, or it would not have been read")]
    pub fn row(&self, check: Check) -> &Row {
        &self.rows[check as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILTIN: &str = include_str!("../../data/page_weights.toml");

    #[test]
    fn every_check_has_its_row() {
        let weights = Weights::parse(BUILTIN).unwrap();
        for check in Check::ALL {
            assert_eq!(weights.row(*check).name, check.as_str());
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        let refused = |from: &str, to: &str| {
            assert!(BUILTIN.contains(from), "{from}");
            Weights::parse(&BUILTIN.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(refused("\"form_mail\"", "\"form_mial\"").contains("no check \"form_mial\""));
        assert!(refused("weight = 70", "weight = 0").contains("1 to 100"));
        assert!(refused("malicious = 100", "malicious = 50").contains("below `malicious`"));
    }
}
