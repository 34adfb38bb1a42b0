use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{
    Attempts, Count, Counts, Examined, Examiner, Failed, Letter, OnFailure, OnLarge, OnMalicious, OnPoison,
    OnSuspicious, OnUnproven, Rules, Way,
};
use crate::{
    judge::{Tier, Wish},
    message::{Limits, fields, split},
};

/// Says what our own examination found; rules of mailboxes sort by it. Whoever else writes it is not believed.
const VERDICT: &str = "X-Sekisho-Verdict";

/// Says that a message was not examined, and why not.
const UNEXAMINED: &str = "X-Sekisho-Unexamined";

/// Why a message is not simply delivered that its domain does not stand behind.
const UNPROVEN: &str = "nothing proves that it comes from the domain in From, which asks for this (DMARC)";

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposal {
    /// It goes on.
    Deliver {
        /// Like this.
        message: Vec<u8>,
        /// With these fields before it, the uppermost first.
        top: Vec<(String, String)>,
        /// Not to the mailbox, but aside, for this reason.
        aside: Option<String>,
        /// It was examined; otherwise the operator chose that it goes on all the same.
        examined: bool,
    },
    /// The mail system keeps it, and brings it again. For a person: why.
    TryAgain(String),
    /// It is refused for good. For a person: why.
    Reject(String),
}

/// Has messages examined: so many at a time, each within its time, a panic included, and what fails as [`Rules`] say.
pub struct Inspection {
    examiner: Arc<dyn Examiner>,
    rules: Rules,
    attempts: Arc<Attempts>,
    room: Arc<Semaphore>,
    counts: Arc<Counts>,
}

impl Inspection {
    /// Examines at most `at_once` messages at one time.
    pub fn new(examiner: Arc<dyn Examiner>, rules: Rules, attempts: Attempts, at_once: usize) -> Self {
        let room = Arc::new(Semaphore::new(at_once.max(1)));
        Self { examiner, rules, attempts: Arc::new(attempts), room, counts: Arc::default() }
    }

    /// The operator's choices.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What happened so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What becomes of a message that came whole.
    pub async fn of(&self, letter: &Arc<Letter>) -> Disposal {
        self.counts.add(Count::Messages);
        let disposal = match self.examined(letter).await {
            Ok(examined) => {
                if examined.message != letter.raw {
                    self.counts.add(Count::Changed);
                }
                self.by_tier(letter, examined)
            }
            Err(Stop::Failed(why)) => self.failed(letter, &why),
            Err(Stop::Poison(times)) => self.poisoned(letter, times),
        };
        self.count(&disposal);
        disposal
    }

    /// What becomes of a message that is larger than any may be; `head` is as much of it as was kept.
    pub fn of_large(&self, head: &Letter) -> Disposal {
        self.counts.add(Count::Messages);
        let what = format!("the message has more than {} MB", self.rules.message_bytes >> 20);
        tracing::warn!(queue = head.name(), "{what} (limits.message_megabytes)");
        let disposal = match self.rules.large {
            OnLarge::Reject => Disposal::Reject(what),
            OnLarge::TryAgain => Disposal::TryAgain(what),
            OnLarge::Accept => self.unexamined(&head.raw, &what),
        };
        self.count(&disposal);
        disposal
    }

    async fn examined(&self, letter: &Arc<Letter>) -> Result<Examined, Stop> {
        let end = Instant::now() + self.rules.patience;
        let permit = timeout_at(end, Arc::clone(&self.room).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            self.counts.add(Count::Late);
            return Err(Stop::Failed("too many messages are being examined".into()));
        };
        let (examiner, attempts, most) = (Arc::clone(&self.examiner), Arc::clone(&self.attempts), self.rules.attempts);
        let subject = Arc::clone(letter);
        let work = tokio::task::spawn_blocking(move || {
            // Held until the work ends, also when nobody waits for it any more.
            let _permit = permit;
            let imprint = subject.imprint();
            let before = attempts
                .begin(&imprint)
                .map_err(|error| Stop::Failed(format!("cannot write down that it was begun: {error}")))?;
            if before >= most {
                // It comes to its end now; should it come again, it has as many attempts once more.
                attempts.forget(&imprint);
                return Err(Stop::Poison(before));
            }
            let outcome = examiner.examine(&subject);
            // A panic comes by no such place, and what is the message's own fault is remembered.
            if !matches!(outcome, Err(Failed::Message(_))) {
                attempts.forget(&imprint);
            }
            outcome.map_err(|failed| Stop::Failed(failed.to_string()))
        });
        match timeout_at(end, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => {
                Err(Stop::Failed("it met a fault of Sekisho itself; please report what the log shows".into()))
            }
            Err(_) => {
                self.counts.add(Count::Late);
                let seconds = self.rules.patience.as_secs();
                Err(Stop::Failed(format!("it was not examined within {seconds} seconds (mail.seconds)")))
            }
        }
    }

    fn by_tier(&self, letter: &Letter, examined: Examined) -> Disposal {
        let Examined { message, mut top, tier, why, asked } = examined;
        if tier >= Tier::Suspicious {
            tracing::warn!(queue = letter.name(), "{tier}: {why}");
        }
        let mut marked = tier >= Tier::Suspicious;
        let mut aside = match tier {
            Tier::Clean | Tier::Unknown => None,
            Tier::Suspicious => match self.rules.suspicious {
                OnSuspicious::Pass => {
                    marked = false;
                    None
                }
                OnSuspicious::Mark => None,
                OnSuspicious::Quarantine => Some(why.clone()),
            },
            Tier::Malicious => match self.rules.malicious {
                OnMalicious::Reject => return Disposal::Reject("it holds a link that is known as bad".into()),
                OnMalicious::Mark => None,
                OnMalicious::Quarantine => Some(why.clone()),
            },
        };
        if marked {
            top.push((VERDICT.into(), format!("{tier}; {}", one_line(&why))));
        }
        match (self.rules.unproven, asked) {
            (OnUnproven::Tell, _) | (_, None | Some(Wish::Nothing)) => {}
            (OnUnproven::Follow, Some(Wish::Reject)) => {
                tracing::warn!(queue = letter.name(), "refused: {UNPROVEN}");
                return Disposal::Reject(UNPROVEN.into());
            }
            (OnUnproven::Follow, Some(Wish::Quarantine)) => aside = aside.or_else(|| Some(UNPROVEN.into())),
            (OnUnproven::Mark, _) if marked => {}
            (OnUnproven::Mark, _) => top.push((VERDICT.into(), format!("{}; {UNPROVEN}", Tier::Suspicious))),
        }
        Disposal::Deliver { message, top, aside: aside.map(|why| one_line(&why)), examined: true }
    }

    fn failed(&self, letter: &Letter, why: &str) -> Disposal {
        let (rule, key) = match letter.way {
            Way::Inbound => (self.rules.inbound, "mail.failure_inbound"),
            Way::Outgoing => (self.rules.outgoing, "mail.failure_outgoing"),
        };
        tracing::error!(queue = letter.name(), "a message was not examined ({key} says what becomes of it): {why}");
        match rule {
            OnFailure::TryAgain => Disposal::TryAgain("the message cannot be examined now, try again later".into()),
            OnFailure::Reject => Disposal::Reject("the message cannot be examined".into()),
            OnFailure::Accept => self.unexamined(&letter.raw, why),
        }
    }

    fn poisoned(&self, letter: &Letter, times: u64) -> Disposal {
        self.counts.add(Count::Poison);
        let what = format!("the message could not be examined {times} times");
        tracing::error!(queue = letter.name(), "{what} (mail.poison says what becomes of it)");
        match self.rules.poison {
            OnPoison::Reject => Disposal::Reject(what),
            OnPoison::Accept => self.unexamined(&letter.raw, &what),
            OnPoison::Quarantine => {
                let top = vec![(UNEXAMINED.into(), what.clone())];
                let message = without_ours(&self.examiner.unexamined(&letter.raw));
                Disposal::Deliver { message, top, aside: Some(what), examined: false }
            }
        }
    }

    fn unexamined(&self, raw: &[u8], why: &str) -> Disposal {
        self.counts.add(Count::Unexamined);
        let top = vec![(UNEXAMINED.into(), one_line(why))];
        let message = without_ours(&self.examiner.unexamined(raw));
        Disposal::Deliver { message, top, aside: None, examined: false }
    }

    fn count(&self, disposal: &Disposal) {
        self.counts.add(match disposal {
            Disposal::Deliver { aside: Some(_), .. } => Count::Quarantined,
            Disposal::Deliver { .. } => Count::Passed,
            Disposal::TryAgain(_) => Count::TriedAgain,
            Disposal::Reject(_) => Count::Rejected,
        });
    }
}

enum Stop {
    Failed(String),
    Poison(u64),
}

/// A message without the fields that only we write; whoever sent them forged them.
fn without_ours(raw: &[u8]) -> Vec<u8> {
    let limits = Limits { depth: 0, parts: 1, ..Limits::default() };
    let header = split(raw, &limits).header;
    let mut left = Vec::with_capacity(raw.len());
    let mut done = 0;
    for field in fields(raw, header) {
        if field.name.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"x-sekisho")) {
            left.extend_from_slice(raw.get(done..field.span.start()).unwrap_or_default());
            done = field.span.end();
        }
    }
    left.extend_from_slice(raw.get(done..).unwrap_or_default());
    left
}

/// Fit for the value of a field and for a reply: printable ASCII, one line, not long. `%` means something in replies of
/// milters, and in those of Sendmail.
pub(super) fn one_line(text: &str) -> String {
    const MOST: usize = 300;
    let plain = |c: char| if c.is_ascii_graphic() && c != '%' || c == ' ' { c } else { '_' };
    text.chars().take(MOST).map(plain).collect()
}

/// How often an answer that takes its time is announced.
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
