use std::time::Duration;

use super::{End, Journey, journey::Seen};
use crate::{
    judge::{Threat, Tier},
    sources::{Finding, Objection, Rest},
    url::WebUrl,
};

/// How long it counts that nothing was seen: phishing pages change their face within minutes (attack row 126).
const CLEAR: Duration = Duration::from_secs(5 * 60);
/// How long it counts that something was.
const OBJECTED: Duration = Duration::from_secs(30 * 60);
/// How long nobody goes there again where it could not be told, so that a place that does not answer is not asked by
/// every click.
const UNCLEAR: Duration = Duration::from_secs(30);
/// How long it counts that a place is not visited. What shuts the door can change.
const LEFT: Duration = Duration::from_secs(60);

impl Journey {
    /// Where it went after the URL itself.
    pub fn led_to(&self) -> impl Iterator<Item = &WebUrl> {
        self.steps.iter().skip(1).map(|step| &step.url)
    }

    /// What it amounts to among the findings of all sources.
    pub fn finding(&self) -> Finding {
        let led_to = self.led_to().cloned().collect();
        let (mut objections, rest, keep) = match &self.end {
            End::Seen(Seen { objections, unseen, note }) => {
                let objects = objections.iter().any(|objection| objection.tier >= Tier::Suspicious);
                let (rest, keep) = match (unseen, note) {
                    (Some(why), _) => (Rest::Unclear(why.clone()), UNCLEAR),
                    (None, Some(note)) => (Rest::Unlooked(note.clone()), CLEAR),
                    (None, None) => (Rest::Clear, CLEAR),
                };
                (objections.clone(), rest, if objects { OBJECTED } else { keep })
            }
            End::Lured(objection) => (vec![objection.clone()], Rest::Clear, OBJECTED),
            End::Left(why) => (Vec::new(), Rest::Unlooked(format!("not fetched: {why}")), LEFT),
            End::Unclear(why) => (Vec::new(), Rest::Unclear(why.clone()), UNCLEAR),
        };
        let faults = self.steps.iter().filter_map(|step| Some((step, step.certificate.as_ref()?)));
        objections.extend(faults.map(|(step, fault)| Objection {
            // Browsers speak of it themselves, and louder.
            tier: Tier::Clean,
            threat: Threat::None,
            evidence: format!("{}: {fault}", step.url.host_str()),
        }));
        Finding { objections, led_to, rest, keep }
    }
}
