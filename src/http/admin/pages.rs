//! The admin listener's pages, in the languages of the others. Whatever a stranger chose (hosts, URLs) is escaped by the
//! templates and stands in an element of its own.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::{Overview, reading::Trouble};
use crate::{
    base::{ClickId, Timestamp},
    feed::{FileState, Standing},
    http::pages::{Language, Locale, TemplateError, speak},
    judge::{ClickEvent, Outcome},
    store::Explanation,
};

/// Sentences, by the tag of their language. A language without a file here is shown the first one.
const SENTENCES: [(&str, &str); 2] =
    [("en", include_str!("../../../locales/admin/en.ftl")), ("ja", include_str!("../../../locales/admin/ja.ftl"))];

const TEMPLATES: [(&str, &str); 3] = [
    ("admin/layout.html", include_str!("../../../templates/admin/layout.html")),
    ("admin/overview.html", include_str!("../../../templates/admin/overview.html")),
    ("admin/click.html", include_str!("../../../templates/admin/click.html")),
];

const STYLE: &str = include_str!("../../../templates/admin/admin.css");

/// The pages, ready to be filled in.
pub(super) struct Pages {
    languages: Vec<(&'static str, Environment<'static>)>,
}

impl Pages {
    /// Reads what was built in.
    pub(super) fn load() -> Result<Self, TemplateError> {
        let mut languages = Vec::new();
        for (tag, text) in SENTENCES {
            let locale = Locale::load(tag, text)
                .map_err(|(line, cause)| TemplateError::in_locale(&format!("admin/{tag}"), line, cause))?;
            let mut environment = Environment::new();
            environment.set_undefined_behavior(UndefinedBehavior::Strict);
            environment.add_global("style", Value::from_safe_string(STYLE.to_owned()));
            environment.add_global("version", env!("CARGO_PKG_VERSION"));
            speak(&mut environment, Arc::new(locale));
            for (name, source) in TEMPLATES {
                environment.add_template(name, source).map_err(|error| TemplateError::shipped(name, &error))?;
            }
            languages.push((tag, environment));
        }
        Ok(Self { languages })
    }

    /// No script, nothing from elsewhere, no frame, no form: the style sheet in the page itself and nothing more.
    pub(super) fn policy() -> String {
        let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
        )
    }

    /// How everything stands, with the last clicks.
    pub(super) fn overview(
        &self,
        overview: &Overview,
        clicks: &Result<Vec<ClickEvent>, Trouble>,
        language: Language,
    ) -> Result<String, minijinja::Error> {
        let events: Vec<Value> = clicks.iter().flatten().map(of_event).collect();
        let problem = clicks.as_ref().err().map(ToString::to_string);
        let values = context! { overview => of_overview(overview), clicks => events, problem, ..of_frame(overview) };
        self.render("admin/overview.html", values, language)
    }

    /// What is known of one click.
    pub(super) fn click(
        &self,
        overview: &Overview,
        reference: ClickId,
        explained: &Result<Option<Explanation>, Trouble>,
        language: Language,
    ) -> Result<String, minijinja::Error> {
        let lines = explained.as_ref().ok().and_then(|known| known.as_ref().map(|known| known.lines.clone()));
        let problem = explained.as_ref().err().map(ToString::to_string);
        let reference = reference.to_string();
        self.render("admin/click.html", context! { reference, lines, problem, ..of_frame(overview) }, language)
    }

    fn render(&self, name: &str, values: Value, language: Language) -> Result<String, minijinja::Error> {
        let found = self.languages.iter().find(|(tag, _)| *tag == language.tag()).or(self.languages.first());
        let missing = || minijinja::Error::new(minijinja::ErrorKind::TemplateNotFound, "no language");
        let (_, environment) = found.ok_or_else(missing)?;
        environment.get_template(name)?.render(values)
    }
}

fn of_frame(overview: &Overview) -> Value {
    context! { node => overview.node.as_str(), now => format!("{} UTC", moment(overview.now)) }
}

fn of_overview(overview: &Overview) -> Value {
    let Overview { started, state, vitals, lists, reload, keys, now, .. } = overview;
    let parts = reload.parts.iter().map(|part| {
        context! {
            part => part.part, last => moment(part.last), last_taken => moment(part.last_taken), problem => part.problem.as_deref(),
        }
    });
    let keys = keys.iter().map(|key| {
        context! {
            id => key.id.to_string(), state => key.state, from => moment(key.from), until => key.until.map(moment),
            days => now.millis_since(key.from).max(0) / 86_400_000,
        }
    });
    let vitals = vitals.iter().map(|vital| {
        context! { part => vital.part.replace(' ', "-"), state => vital.state.as_str(), says => vital.says.as_str() }
    });
    context! {
        state => state.as_str(),
        started => format!("{} UTC", moment(*started)),
        vitals => vitals.collect::<Vec<_>>(),
        generation => lists.generation,
        lists => lists.files.iter().map(of_list).collect::<Vec<_>>(),
        reload => parts.collect::<Vec<_>>(),
        waiting => reload.waiting.clone(),
        keys => keys.collect::<Vec<_>>(),
    }
}

fn of_list(file: &FileState) -> Value {
    context! {
        name => file.name.as_str(),
        action => file.action.as_str(),
        entries => file.entries,
        version => file.version.as_deref(),
        since => file.since.map(moment),
        state => if file.standing == Standing::Current { "ready" } else { "degraded" },
        problem => file.problem.as_ref().map(ToString::to_string),
    }
}

fn of_event(event: &ClickEvent) -> Value {
    context! {
        time => moment(event.time),
        outcome => event.outcome.as_str(),
        tone => tone(event.outcome),
        host => event.host.as_deref(),
        url => event.url.as_deref(),
        actor => event.actor.as_str(),
        reference => event.click_id.to_string(),
    }
}

fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed | Outcome::AllowedByAdmin => "pass",
        Outcome::Noticed | Outcome::Warned | Outcome::WarnedProceeded | Outcome::ErrorFailedOpen => "ask",
        _ => "stop",
    }
}

/// To the second, in UTC.
fn moment(time: Timestamp) -> String {
    let text =
        jiff::Timestamp::from_second(time.secs()).map_or_else(|_| time.secs().to_string(), |time| time.to_string());
    text.replace('T', " ").trim_end_matches('Z').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Fitness, Vital};
    use std::collections::BTreeSet;

    #[test]
    fn every_language_has_every_sentence() {
        let ids = |text: &str| -> BTreeSet<String> {
            let messages = text.lines().filter(|line| line.starts_with("admin-"));
            messages.filter_map(|line| Some(line.split_once(" =")?.0.to_owned())).collect()
        };
        let [(_, english), (_, japanese)] = SENTENCES;
        assert!(ids(english).len() > 40);
        assert_eq!(ids(english), ids(japanese));
    }

    #[test]
    fn a_moment_is_told_to_the_second() {
        assert_eq!(moment(Timestamp::from_millis(1_795_492_800_999)), "2026-11-24 04:00:00");
    }

    /// What a stranger may have chosen, wherever it could stand.
    const HOSTILE: &str = "\"><script>alert('1')</script>\u{202e}{{ 7*7 }}<img src=x onerror=y>";

    fn overview() -> Overview {
        let now = Timestamp::from_secs(1_795_492_800);
        let file = FileState {
            name: HOSTILE.into(),
            standing: Standing::LastGood,
            action: crate::list::ListAction::Block,
            version: Some(HOSTILE.into()),
            entries: 3,
            since: Some(now),
            problem: Some(crate::feed::Problem::Unreadable { error: HOSTILE.into() }),
        };
        let lists = crate::feed::State { generation: 7, degraded: true, folder_problem: None, files: vec![file] };
        let mut part = crate::http::RenewedPart::new("configuration", now);
        part.note(now, Some(HOSTILE.into()));
        let reload =
            crate::http::Renewal { readings: 1, generation: 2, parts: vec![part], waiting: vec!["listen".into()] };
        Overview {
            version: "0",
            node: HOSTILE.into(),
            started: now,
            now,
            state: Fitness::Degraded,
            vitals: vec![Vital { part: "click log", state: Fitness::NotReady, says: HOSTILE.into() }],
            lists,
            reload,
            keys: vec![],
            log: crate::store::LogStats::default(),
        }
    }

    fn event() -> ClickEvent {
        let text = serde_json::json!({
            "time": 1_795_492_800_000_i64, "event_id": crate::base::EventId([1; 16]), "click_id": ClickId([1; 10]),
            "tenant": 1, "outcome": "blocked", "tier": null, "threat": "none", "signals": [], "decisive": null,
            "policy": null, "why": HOSTILE, "url": HOSTILE, "host": HOSTILE, "domain": HOSTILE, "message": null,
            "recipient": null, "link_issued": null, "client": HOSTILE, "user_agent": HOSTILE, "actor": "human",
            "decision_micros": 1, "node": HOSTILE,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn what_a_stranger_chose_never_becomes_markup() {
        let pages = Pages::load().unwrap();
        let known = Explanation {
            click_id: ClickId([1; 10]),
            url: Some(HOSTILE.into()),
            minted_for: None,
            steps: vec![event()],
            lines: vec![HOSTILE.into()],
        };
        for language in Language::all() {
            let clicks = pages.overview(&overview(), &Ok(vec![event()]), language).unwrap();
            let late = pages.overview(&overview(), &Err(Trouble::Late), language).unwrap();
            let click = pages.click(&overview(), ClickId([1; 10]), &Ok(Some(known.clone())), language).unwrap();
            let none = pages.click(&overview(), ClickId([1; 10]), &Ok(None), language).unwrap();
            for html in [&clicks, &late, &click, &none] {
                assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("49"), "{html}");
                assert!(html.contains("&lt;script&gt;") && !html.contains("onerror=y>"), "{html}");
                assert!(html.len() < 50_000);
                assert!(html.contains(&format!("<html lang=\"{}\"", language.tag())));
            }
            assert_eq!(clicks.matches("<bdi>&quot;&gt;&lt;script").count(), 6, "each in an element of its own");
        }
    }
}
