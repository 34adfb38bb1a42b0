use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;

use super::{Made, Origin, Sorter, SorterError, SystemClock};
use crate::{
    base::{Clock as _, TenantId},
    config::{Config, ConfigError, Source},
    mail::{Examined, Examiner, Failed, Letter},
};

/// Why the work was not taken over by what is written now.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It has no such tenant any more.
    #[error("the configuration has no tenant {0} any more, whose mail this is")]
    Gone(TenantId),
    /// What it names.
    #[error(transparent)]
    Sorter(#[from] SorterError),
}

/// Deals with mail by the keys, policy and lists that count now: what is saved while the program runs is taken over
/// whole, and where it is wrong what was in force stays.
pub struct Office {
    sorter: ArcSwap<Sorter>,
    source: Source,
    tenant: TenantId,
    origin: Origin,
    seen: Mutex<Vec<Stamp>>,
}

/// A file as it was when it was read.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(PathBuf, Option<(u64, u64, i64, i64)>);

impl Office {
    /// Opens all that is needed for the mail of `tenant`. `config` is what `source` says.
    pub fn open(
        config: &Config,
        source: Source,
        tenant: TenantId,
        origin: Origin,
    ) -> Result<(Self, Made), OfficeError> {
        // Before they are read, so that nothing that is saved in between is missed.
        let before = stamps(&source, config);
        let (sorter, made) = sorter(config, tenant, origin, None)?;
        let seen = if made == Made::Now { stamps(&source, config) } else { before };
        let sorter = ArcSwap::from_pointee(sorter);
        Ok((Self { sorter, source, tenant, origin, seen: Mutex::new(seen) }, made))
    }

    /// Takes over what is written now. Error: why not; what was in force stays.
    pub fn renew(&self) -> Result<(), OfficeError> {
        let (loaded, _) = self.source.clone().load()?;
        let (sorter, _) = sorter(&loaded.config, self.tenant, self.origin, Some(&*self.sorter.load()))?;
        self.sorter.store(Arc::new(sorter));
        Ok(())
    }

    /// The same where configuration or keyring are not as they were when this was asked last; whether they are not.
    pub fn renew_if_changed(&self) -> Result<bool, OfficeError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<Stamp> = seen.iter().map(|stamp| Stamp::of(&stamp.0)).collect();
        if *seen == now {
            return Ok(false);
        }
        *seen = now;
        drop(seen);
        self.renew().map(|()| true)
    }
}

impl Examiner for Office {
    fn examine(&self, letter: &Letter) -> Result<Examined, Failed> {
        self.sorter.load_full().examine(letter)
    }
}

fn sorter(
    config: &Config,
    id: TenantId,
    origin: Origin,
    before: Option<&Sorter>,
) -> Result<(Sorter, Made), OfficeError> {
    let tenant = config.tenants.iter().find(|tenant| tenant.id == id).ok_or(OfficeError::Gone(id))?;
    Ok(Sorter::open(config, tenant, origin, SystemClock.now(), before)?)
}

fn stamps(source: &Source, config: &Config) -> Vec<Stamp> {
    vec![Stamp::of(&source.place.file()), Stamp::of(config.keyring.path())]
}

impl Stamp {
    fn of(path: &Path) -> Self {
        let about = fs::metadata(path).ok();
        let about = about.map(|about| (about.ino(), about.len(), about.mtime(), about.mtime_nsec()));
        Self(path.to_owned(), about)
    }
}
