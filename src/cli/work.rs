use std::path::PathBuf;

use super::{
    Exit, Failure,
    args::PlaceArguments,
    output::{count, people},
};
use crate::{
    app::{Origin, Shelf, SystemClock, own_hosts, seed_lists, stock},
    base::{Clock, TenantId, Timestamp},
    config::{Config, Place, Tenant},
    link,
    store::{Store, StoreError},
    url::{self, Suffixes, WebUrl},
};

/// What a command works with: the configuration, the lists, the moment.
pub(super) struct Work {
    pub(super) config: Config,
    pub(super) suffixes: Suffixes,
    pub(super) now: Timestamp,
}

impl Work {
    pub(super) fn open(place: &PlaceArguments) -> Result<Self, Failure> {
        let config = place.place().foresee(&place.overrides())?;
        seed_lists(&config)?;
        Ok(Self::of(config))
    }

    /// The same, and nothing is made.
    pub(super) fn of(config: Config) -> Self {
        Self { config, suffixes: Suffixes::builtin(), now: SystemClock.now() }
    }

    /// The lists of the configuration, and those of its feeds; what is wrong with them is said.
    pub(super) fn shelf(&self) -> Result<Shelf, Failure> {
        let stock = stock(&self.config);
        let feeds = self.config.feeds.iter().map(|feed| (feed.name.clone(), stock.list_of(&feed.name)));
        self.shelf_with(&feeds.filter(|(_, list)| list.exists()).collect::<Vec<_>>())
    }

    /// The lists of the configuration, which admins edit; what is wrong with them is said.
    pub(super) fn own_shelf(&self) -> Result<Shelf, Failure> {
        self.shelf_with(&[])
    }

    fn shelf_with(&self, feeds: &[(String, PathBuf)]) -> Result<Shelf, Failure> {
        let folder = self.config.blocklists.path().to_owned();
        let shelf = Shelf::read(&[folder], feeds, &self.suffixes, &own_hosts(&self.config))?;
        if !shelf.bad.is_empty() {
            people(&format!(
                "refused of the lists: {}; `sekisho list check` shows why",
                count(shelf.bad.len(), "line")
            ));
        }
        Ok(shelf)
    }

    pub(super) fn shelf_of(&self, paths: &[PathBuf]) -> Result<Shelf, Failure> {
        Ok(Shelf::read(paths, &[], &self.suffixes, &own_hosts(&self.config))?)
    }

    /// The store, where there is one: it knows which clicks there were. Where it cannot be read that is said, and nothing
    /// is known of clicks.
    pub(super) fn clicked(&self) -> Option<Store> {
        match Store::open_existing(&self.config.store) {
            Ok(store) => Some(store),
            Err(StoreError::Missing { .. }) => None,
            Err(error) => {
                people(&format!("when entries last matched is not told: {error}"));
                None
            }
        }
    }

    /// The URL that is asked about: of one of our links, its destination.
    pub(super) fn destination(&self, text: &str) -> Result<WebUrl, Failure> {
        let wrong = |error| Failure::new(Exit::Data, format_args!("{text:?} is no web address: {error}"));
        let url = url::parse(text.trim()).map_err(wrong)?;
        let ours = self.config.tenants.iter().flat_map(Tenant::bases).any(|base| base.strip_url(&url).is_some());
        let link = if ours { link::decode(url.as_str().as_bytes()).ok() } else { None };
        Ok(link.map_or(url, |link| link.destination))
    }
}

/// Whether what is missing may be made.
pub(super) fn origin(place: &PlaceArguments) -> Origin {
    match place.place() {
        Place::File(_) => Origin::Named,
        Place::DataDir(_) => Origin::DataDir,
    }
}

/// Says so where the command line names another base URL than the file: other commands do not know it.
pub(super) fn say_if_moved(place: &PlaceArguments, config: &Config) -> Result<(), Failure> {
    let written = place.place().foresee(&place.overrides())?;
    for (now, then) in config.tenants.iter().zip(&written.tenants).filter(|(now, then)| now.base != then.base) {
        people(&format!(
            "note: new links live at {}, and {} says {}; commands without --base-url do not know the new place",
            now.base,
            place.place().file().display(),
            then.base
        ));
    }
    Ok(())
}

/// The tenant that is asked for; the only one where none is named.
pub(super) fn tenant(config: &Config, id: Option<u16>) -> Result<&Tenant, Failure> {
    let ids: Vec<String> = config.tenants.iter().map(|tenant| tenant.id.to_string()).collect();
    let ids = ids.join(", ");
    match (id, config.tenants.as_slice()) {
        (Some(id), tenants) => tenants.iter().find(|tenant| tenant.id == TenantId(id)).ok_or_else(|| {
            Failure::new(Exit::Usage, format_args!("there is no tenant {id}; the configuration has {ids}"))
        }),
        (None, [only]) => Ok(only),
        (None, _) => {
            Err(Failure::new(Exit::Usage, format_args!("name the tenant with --tenant; the configuration has {ids}")))
        }
    }
}
