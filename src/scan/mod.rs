//! A visit of a destination, made at the click: where does it lead, and what stands there?
//!
//! A [`Scanner`] goes to a URL as one visitor would, hop by hop, and says what it saw as a finding among those of the other
//! sources. Promises that it never opens what looks as if it worked once ([`single_use`]), nor what its [`Door`] shuts:
//! that is told, and is an answer; that every hop is looked at anew before anything is sent there ([`crate::net`]); that a
//! page that only people are let through to is never called clean; and that it ends in time, with what it has seen by then.
//! It says who it is. Refuses to run scripts, to fill in forms and to bring along anything of whoever clicked.

mod finding;
mod journey;
mod refresh;
mod seen;
mod virus;

use std::{pin::Pin, sync::Arc, time::Duration};

pub use journey::{By, End, Journey, Step};

use crate::{
    clamd::Clamd,
    judge::Evidence,
    look::Lore,
    net::{Dialer, Page},
    sources::{Finding, Source, Unanswered},
    url::{Names, Suffixes, WebUrl, single_use},
};

/// Its name in events and policies.
pub const NAME: &str = "visit";
/// Redirects that are followed; browsers follow twice as many (attack row 131).
pub const MAX_HOPS: usize = 10;

/// Says which places are not visited.
pub trait Door: Send + Sync + 'static {
    /// Why `url` is not visited, in a clause; none where it may be.
    fn shuts(&self, url: &WebUrl) -> Option<String>;
}

/// How long a visit may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Of a person's time.
    pub patience: Duration,
    /// In all.
    pub limit: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { patience: Duration::from_secs(2), limit: Duration::from_secs(10) }
    }
}

/// Visits destinations.
pub struct Scanner {
    dialer: Arc<Dialer>,
    door: Arc<dyn Door>,
    eyes: seen::Eyes,
    virus: Option<Clamd>,
    times: Times,
}

impl Scanner {
    /// A scanner that goes out by `dialer`, stays away from where `door` is shut, and knows `names` that others borrow.
    pub fn new(
        dialer: Arc<Dialer>,
        door: Arc<dyn Door>,
        suffixes: Arc<Suffixes>,
        names: Arc<Names>,
        times: Times,
    ) -> Self {
        Self { dialer, door, eyes: seen::Eyes { suffixes, names, lore: Lore::builtin() }, virus: None, times }
    }

    /// The same, and files are shown to `clamd`.
    #[must_use]
    pub fn with_virus_scanner(self, clamd: Clamd) -> Self {
        Self { virus: Some(clamd), ..self }
    }

    /// Visits `url` and tells every step.
    pub async fn visit(&self, url: &WebUrl) -> Journey {
        let mut steps = vec![Step::to(url.clone(), By::Link)];
        let going = Box::pin(self.go(&mut steps));
        let end = tokio::time::timeout(self.times.limit, going).await;
        let end = end.unwrap_or_else(|_| End::Unclear(format!("it took more than {} s", self.times.limit.as_secs())));
        Journey { steps, end }
    }

    async fn go(&self, steps: &mut Vec<Step>) -> End {
        while let Some(here) = steps.last().map(|step| step.url.clone()) {
            let next = match self.step(&here, steps).await {
                Ok(next) => next,
                Err(end) => return end,
            };
            if steps.iter().any(|step| step.url == next.url) {
                return End::Unclear("it leads round in a circle".to_owned());
            }
            if steps.len() > MAX_HOPS {
                return End::Unclear(format!("it leads on more than {MAX_HOPS} times"));
            }
            steps.push(next);
        }
        End::Unclear("there is nowhere to go".to_owned())
    }

    /// One hop: where `here` leads on to, or how the journey ends there.
    async fn step(&self, here: &WebUrl, steps: &mut [Step]) -> Result<Step, End> {
        if let Some(why) = self.door.shuts(here) {
            return Err(End::Left(why));
        }
        if let Some(why) = single_use(here) {
            return Err(End::Left(format!("it looks as if it worked only once: {why}")));
        }
        // What can be read off a redirector or another's wrapper needs nobody to be asked.
        if let Some(next) = journey::read_off(here) {
            return Ok(next);
        }
        let page = match self.dialer.get(here).await {
            Ok(page) => page,
            Err(why) => return Err(journey::end_without(here, why, steps.len() == 1)),
        };
        if let Some(step) = steps.last_mut() {
            step.status = Some(page.status);
            step.certificate.clone_from(&page.certificate);
        }
        match journey::onward(here, &page) {
            Some(next) => next,
            None => Err(self.look(here, &page).await),
        }
    }

    async fn look(&self, here: &WebUrl, page: &Page) -> End {
        let (mut seen, is_file) = self.eyes.look(here, page);
        if let Some(clamd) = self.virus.as_ref().filter(|_| is_file) {
            virus::ask(clamd, page, &mut seen).await;
        }
        End::Seen(seen)
    }
}

impl Source for Scanner {
    fn name(&self) -> &str {
        NAME
    }

    fn evidence(&self) -> Evidence {
        Evidence::Scan
    }

    fn limit(&self) -> Duration {
        // It ends by itself before that.
        self.times.limit + Duration::from_secs(1)
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.times.patience)
    }

    fn ask(&self, url: WebUrl) -> Pin<Box<dyn Future<Output = Result<Finding, Unanswered>> + Send + '_>> {
        Box::pin(async move { Ok(self.visit(&url).await.finding()) })
    }
}
