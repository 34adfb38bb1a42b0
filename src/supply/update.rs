use std::{fs::File, io::Read, path::Path, time::Duration};

use super::{
    Body, Draft, Failure, Feed, FeedState, Fetched, Grounds, Place, Refusal, Stock, StockError, Told, Version,
    clicked::Touched,
    draft::Undone,
    fetch,
    unpack::{too_large, unpack},
};
use crate::{
    base::Timestamp,
    list::{Context, read, version_of},
};

/// Clicks of the last hour that an update may stop whatever share of all that is.
const STOPPED_FREE: usize = 20;
/// The first wait after a failure; each further one is twice as long, up to the interval of the feed.
const FIRST_RETRY: Duration = Duration::from_secs(60);

/// What came of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is still what it was.
    Unchanged,
    /// This is in force now.
    Taken(Box<Version>),
    /// What came does not count; what was in force stays.
    Refused(Refusal),
    /// Nothing came; what was in force stays.
    Failed(Failure),
}

/// Brings one feed up to date.
pub struct Updater<'a> {
    /// Where its files are.
    pub stock: &'a Stock,
    /// What it is held against.
    pub grounds: Grounds<'a>,
    /// The moment.
    pub now: Timestamp,
    /// From 0 to 1: how far the next time is moved, so that not everybody asks at once.
    pub jitter: f64,
    /// Whether somebody asked for it; otherwise one that is held stays so.
    pub is_asked: bool,
}

impl Updater<'_> {
    /// Asks the place of a feed and takes what comes, if it may count. One that is held goes on by this.
    ///
    /// # Errors
    /// [`StockError`]: the files of the feed. What the feed itself does wrong is an [`Outcome`].
    pub async fn update(&self, feed: &Feed) -> Result<Outcome, StockError> {
        let known = self.known(feed);
        let fetched = match &feed.place {
            Place::Url(url) => fetch(feed, url, (known.0.as_deref(), known.1.as_deref())).await,
            Place::File(path) => read_file(path, feed.max_bytes),
        };
        self.take(feed, fetched)
    }

    /// `ETag` and `Last-Modified` of what was looked at last, where that still counts.
    fn known(&self, feed: &Feed) -> (Option<String>, Option<String>) {
        let state = self.stock.state_of(feed);
        let counts = !state.is_of_another(feed) && state.current.is_some() && self.stock.list_of(&feed.name).exists();
        if counts { (state.etag, state.last_modified) } else { (None, None) }
    }

    /// Takes what came, if it may count.
    ///
    /// # Errors
    /// [`StockError`].
    pub fn take(&self, feed: &Feed, fetched: Result<Fetched, Failure>) -> Result<Outcome, StockError> {
        let held = self.stock.hold(&feed.name)?;
        let mut state = self.stock.state_of(feed);
        if state.held.is_some() && !self.is_asked {
            // Rolled back while it was being fetched.
            return Ok(Outcome::Unchanged);
        }
        if state.is_of_another(feed) {
            // Another place, or read in another way: what it says is compared with nothing.
            state =
                FeedState { of: feed.identity(), current: state.current, before: state.before, ..FeedState::default() };
        }
        state.attempts += 1;
        state.attempted = Some(self.now);
        state.held = None;
        let outcome = match fetched {
            Ok(Fetched::Unchanged) => self.unchanged(&mut state),
            Ok(Fetched::Body(body)) => self.weigh(feed, &held, &mut state, body)?,
            Err(failure) => Outcome::Failed(failure),
        };
        self.note(feed, &mut state, &outcome);
        held.keep(&state)?;
        Ok(outcome)
    }

    fn unchanged(&self, state: &mut FeedState) -> Outcome {
        match state.refused.as_ref().and_then(|refused| refused.refusal.clone()) {
            // The server says that it is still what was refused.
            Some(refusal) => Outcome::Refused(refusal),
            None => Outcome::Unchanged,
        }
    }

    fn weigh(
        &self,
        feed: &Feed,
        held: &super::stock::Held<'_>,
        state: &mut FeedState,
        body: Body,
    ) -> Result<Outcome, StockError> {
        let sum = version_of(&body.bytes);
        let validators = (body.etag, body.last_modified);
        let has_list = self.stock.list_of(&feed.name).exists();
        if has_list && state.current.as_ref().is_some_and(|current| current.body == sum) {
            (state.etag, state.last_modified) = validators;
            state.refused = None;
            held.forget_refused();
            return Ok(Outcome::Unchanged);
        }
        let drafted =
            held.write("refused", |out| Draft::write(&body.bytes, feed, &self.grounds, out).map_err(Undo::Draft));
        let draft = match drafted {
            Ok(draft) => draft,
            Err(Undo::Stock(error)) => return Err(error),
            Err(Undo::Draft(Undone::Io(error))) => {
                return Err(StockError::File { path: self.stock.folder().to_owned(), error });
            }
            Err(Undo::Draft(Undone::Refused(refusal))) => {
                held.forget_refused();
                let version = Version { body: sum, at: self.now, refusal: Some(refusal.clone()), ..Version::default() };
                return Ok(self.refuse(state, version, validators, refusal));
            }
        };
        let current = state.current.as_ref().filter(|_| has_list);
        let before = current.map_or(0, |current| current.rows.entries);
        let was_ended = current.is_some_and(|current| current.rows.is_ended);
        let refusal = Refusal::of(&draft.rows, before, was_ended);
        let refusal = match refusal {
            None => self.stops(feed, &draft)?,
            some => some,
        };
        let version = Version {
            body: sum,
            at: self.now,
            format: draft.format.to_string(),
            rows: draft.rows,
            refusal: refusal.clone(),
            validators: validators.clone(),
            ..Version::default()
        };
        match refusal {
            Some(refusal) => Ok(self.refuse(state, version, validators, refusal)),
            None => Ok(Outcome::Taken(Box::new(held.put_in_force(feed, state, "refused", version)?))),
        }
    }

    fn refuse(
        &self,
        state: &mut FeedState,
        version: Version,
        validators: (Option<String>, Option<String>),
        refusal: Refusal,
    ) -> Outcome {
        // Asked for again only when it is another.
        (state.etag, state.last_modified) = validators;
        state.refused = Some(version);
        Outcome::Refused(refusal)
    }

    /// Whether too many of the last hour's clicks would be stopped that are not stopped now.
    fn stops(&self, feed: &Feed, draft: &Draft) -> Result<Option<Refusal>, StockError> {
        let clicked = self.grounds.clicked;
        if feed.trust == crate::list::Trust::Signal || feed.max_stopped >= 100 || clicked.len() <= STOPPED_FREE {
            return Ok(None);
        }
        let before = self.touched_now(feed)?;
        let (stopped, example) = clicked.newly(&before, &draft.touched);
        let too_many = stopped > STOPPED_FREE && stopped * 100 > clicked.len() * usize::from(feed.max_stopped);
        Ok(too_many.then(|| Refusal::Stops { stopped, clicks: clicked.len(), example }))
    }

    /// What the version in force touches of what people click.
    fn touched_now(&self, feed: &Feed) -> Result<Touched, StockError> {
        let path = self.stock.list_of(&feed.name);
        let mut touched = Touched::default();
        let file = match File::open(&path) {
            Ok(file) => std::io::BufReader::with_capacity(1 << 16, file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(touched),
            Err(error) => return Err(StockError::File { path, error }),
        };
        let Grounds { suffixes, own_hosts, never_block, clicked } = self.grounds;
        let context = Context { suffixes, own_hosts, never_block: Some(never_block) };
        let all = read(&feed.name, file, &context, |entry| {
            clicked.touch(&entry.scope, &mut touched);
            Ok(())
        });
        all.map(|_| touched).map_err(|error| StockError::File { path, error })
    }

    fn note(&self, feed: &Feed, state: &mut FeedState, outcome: &Outcome) {
        let told = |is_refusal: bool, says: String| {
            let since = state.told.as_ref().filter(|told| told.says == says).map_or(self.now, |told| told.since);
            Some(Told { is_refusal, says, since })
        };
        let interval = feed.interval.mul_f64(0.9 + 0.2 * self.jitter.clamp(0.0, 1.0));
        let wait = match outcome {
            Outcome::Unchanged | Outcome::Taken(_) => {
                state.checked = Some(self.now);
                (state.told, state.failures) = (None, 0);
                state.unchanged += u64::from(*outcome == Outcome::Unchanged);
                interval
            }
            Outcome::Refused(refusal) => {
                state.told = told(true, format!("{refusal}; {}", refusal.remedy()));
                state.failures = 0;
                state.refusals += 1;
                interval
            }
            Outcome::Failed(failure) => {
                // What was refused stays to be told: a failure behind it says less.
                if state.refused.is_none() {
                    state.told = told(false, failure.says.clone());
                }
                state.failures = state.failures.saturating_add(1);
                state.failed += 1;
                let doubled = FIRST_RETRY.saturating_mul(1 << (state.failures - 1).min(16));
                doubled
                    .mul_f64(0.9 + 0.2 * self.jitter.clamp(0.0, 1.0))
                    .min(interval)
                    .max(failure.retry_after.unwrap_or_default())
            }
        };
        state.due = Some(self.now.plus_millis(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
    }
}

/// What stops the writing of a draft.
enum Undo {
    Draft(Undone),
    Stock(StockError),
}

impl From<StockError> for Undo {
    fn from(error: StockError) -> Self {
        Self::Stock(error)
    }
}

/// A feed that is a file on this machine, with the same caps as one that is fetched.
///
/// # Errors
/// [`Failure`].
pub fn read_file(path: &Path, max: u64) -> Result<Fetched, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", path.display()));
    // Looked at before: opening a pipe waits for whoever writes into it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Failure::new(format!("{} is no file", path.display())));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > max {
        return Err(Failure::new(too_large(max)));
    }
    Ok(Fetched::Body(Body { bytes: unpack(bytes, max).map_err(Failure::new)?, ..Body::default() }))
}
