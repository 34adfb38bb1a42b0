//! The admin listener's pages, in the languages of the others. Whatever a stranger chose (hosts, URLs) is escaped by the
//! templates and stands in an element of its own.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::{Changed, Found, FoundEntry, NewEntry, Overview, desk::Done, reading::Trouble};
use crate::{
    base::{ClickId, Timestamp},
    feed::{FileState, OF_OTHERS, Standing},
    http::pages::{Language, Locale, TemplateError, speak},
    judge::{ClickEvent, Outcome},
    store::Explanation,
    supply::{FeedStanding, FeedStatus, Refusal},
};

/// Sentences, by the tag of their language. A language without a file here is shown the first one.
const SENTENCES: [(&str, &str); 2] =
    [("en", include_str!("../../../locales/admin/en.ftl")), ("ja", include_str!("../../../locales/admin/ja.ftl"))];

const TEMPLATES: [(&str, &str); 5] = [
    ("admin/layout.html", include_str!("../../../templates/admin/layout.html")),
    ("admin/overview.html", include_str!("../../../templates/admin/overview.html")),
    ("admin/click.html", include_str!("../../../templates/admin/click.html")),
    ("admin/lists.html", include_str!("../../../templates/admin/lists.html")),
    ("admin/feeds.html", include_str!("../../../templates/admin/feeds.html")),
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

    /// No script, nothing from elsewhere, no frame: the style sheet in the page itself, forms to `forms` and nothing more.
    pub(super) fn policy(forms: &str) -> String {
        let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
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

    /// Entries that hold a text, and a form to add one where a `token` lets it through.
    pub(super) fn lists(
        &self,
        overview: &Overview,
        (wanted, found): (&str, &Result<Found, Trouble>),
        done: &Done,
        token: Option<&str>,
        language: Language,
    ) -> Result<String, minijinja::Error> {
        let problem = found.as_ref().err().map(ToString::to_string);
        let (more, found) = match found {
            Ok(found) => (found.more, found.entries.iter().map(of_found).collect()),
            Err(_) => (false, Vec::new()),
        };
        let lists = overview.lists.files.iter().map(|file| file.name.clone()).filter(|name| is_ours(name));
        let lists: Vec<String> = lists.collect();
        let new = match done {
            Done::Preview(new, _) => (**new).clone(),
            _ => NewEntry { list: "block".into(), ..NewEntry::default() },
        };
        let said = |text: Option<String>| text.unwrap_or_default();
        let new = context! {
            list => new.list, entry => new.entry, reason => said(new.reason), by => said(new.by), until => said(new.until),
            reference => said(new.reference), confirm => new.confirm.join(","),
        };
        let preview = matches!(done, Done::Preview(..));
        let values = context! {
            wanted, found, more, problem, lists, new, preview, token, done => of_done(done), ..of_frame(overview)
        };
        self.render("admin/lists.html", values, language)
    }

    /// How the feeds stand, and what can be done with them where a `token` lets it through.
    pub(super) fn feeds(
        &self,
        overview: &Overview,
        feeds: &[FeedStatus],
        done: &Done,
        token: Option<&str>,
        language: Language,
    ) -> Result<String, minijinja::Error> {
        let feeds: Vec<Value> = feeds.iter().map(of_feed).collect();
        self.render(
            "admin/feeds.html",
            context! { feeds, token, done => of_done(done), ..of_frame(overview) },
            language,
        )
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

/// Whether a list is one that admins edit.
fn is_ours(list: &str) -> bool {
    !list.starts_with(OF_OTHERS)
}

fn of_found(entry: &FoundEntry) -> Value {
    context! {
        entry => entry.entry.as_str(), list => entry.list.as_str(), line => entry.line, action => entry.action,
        reason => entry.reason.as_deref(), by => entry.by.as_deref(), until => entry.until.as_deref(),
        reference => entry.reference.as_deref(), in_force => entry.in_force, is_ours => is_ours(&entry.list),
    }
}

fn of_feed(feed: &FeedStatus) -> Value {
    let state = &feed.state;
    let current = state.current.as_ref();
    let tone = match feed.standing {
        FeedStanding::Current => "pass",
        FeedStanding::Failing | FeedStanding::Held => "ask",
        FeedStanding::Never | FeedStanding::Stale | FeedStanding::Refused => "stop",
    };
    let refusal = state.refused.as_ref().and_then(|refused| refused.refusal.as_ref());
    context! {
        name => feed.name.as_str(), standing => feed.standing.as_str(), tone, place => feed.place.as_str(),
        trust => feed.trust, entries => feed.entries(), version => current.map(|version| version.version.as_str()),
        since => current.map(|version| moment(version.at)), checked => state.checked.map(moment),
        due => state.due.filter(|_| state.held.is_none()).map(moment),
        left_out => current.map_or(0, |version| version.rows.refused),
        problem => state.told.as_ref().map(|told| told.says.as_str()),
        problem_since => state.told.as_ref().map(|told| moment(told.since)),
        can_accept => refusal.is_some_and(Refusal::can_be_overruled), can_roll_back => state.before.is_some(),
        before => state.before.as_ref().map(|version| version.version.as_str()),
    }
}

fn of_done(done: &Done) -> Value {
    let changed = |kind: &str, changed: &Changed| {
        let gone = changed.gone.iter().map(|(line, text)| format!("- {}.list:{line}: {text}", changed.list));
        let come = changed.come.iter().map(|(line, text)| format!("+ {}.list:{line}: {text}", changed.list));
        let relations = changed.relations.iter().map(|related| {
            context! {
                relation => related.relation.as_str(), list => related.list.as_str(), line => related.line,
                entry => related.entry.as_str(),
            }
        });
        let relations: Vec<Value> = relations.collect();
        let met = changed.met.as_ref();
        let met = met.map(|met| context! { clicks => met.clicks, of => met.of, hosts => met.hosts.clone() });
        context! {
            kind, written => changed.written, lines => gone.chain(come).collect::<Vec<_>>(), relations, met,
            breaks => changed.breaks.clone(),
        }
    };
    match done {
        Done::Nothing => context! { kind => "" },
        Done::Not(says) => context! { kind => "not", says },
        Done::Feed(changed) => {
            let asked = if changed.version.is_none() { "yes" } else { "no" };
            context! { kind => "feed", asked, version => changed.version.as_deref().unwrap_or_default() }
        }
        Done::Preview(_, shown) => changed("preview", shown),
        Done::Changed(made) => changed("changed", made),
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
            flips: Vec::new(),
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
