use std::{io, path::PathBuf, sync::Arc};

use super::{SystemClock, feeds::feeds_folder};
use crate::{
    config::{Config, Named, durable},
    feed::{self, CompileError, LiveLists, Long, Progress, Settings},
    list::{BadLine, List, Tables},
    url::Suffixes,
};

/// Lists as they lie on the disk now, read as a start would read them.
#[derive(Debug)]
pub struct Shelf {
    /// Finds entries.
    pub index: Tables,
    lists: Vec<Arc<List>>,
    /// Lines that were refused, by the path of their file.
    pub bad: Vec<BadLine>,
}

/// A list or a folder of lists that cannot be read, or made; the error names it.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the lists: {0}")]
pub struct ListsError(pub io::Error);

impl Shelf {
    /// Reads list files, every `*.list` file in folders, and beside them the lists of feeds, each by the feed's name.
    pub fn read(
        paths: &[PathBuf],
        feeds: &[(String, PathBuf)],
        suffixes: &Suffixes,
        own_hosts: &[String],
    ) -> Result<Self, ListsError> {
        let (mut lists, mut bad) = (Vec::new(), Vec::new());
        for checked in feed::check(paths, feeds, suffixes, own_hosts).map_err(ListsError)? {
            let is_of_feed = checked.list.name.starts_with(feed::OF_OTHERS);
            lists.push(Arc::new(checked.list));
            // What of a feed does not count was told when it came.
            bad.extend(checked.bad.into_iter().filter(|_| !is_of_feed));
        }
        let index = feed::index_of(&lists).map_err(|error| ListsError(io::Error::other(error)))?;
        Ok(Self { index, lists, bad })
    }

    /// Its lists, in the order of their files.
    pub fn lists(&self) -> &[Arc<List>] {
        &self.lists
    }
}

/// Fills the default folder of lists with the shipped ones where there is none yet. A folder that an admin named has to
/// be there.
pub fn seed_lists(config: &Config) -> Result<(), ListsError> {
    match &config.blocklists {
        Named::ByDefault(path) if !path.exists() => {
            match durable::make_folder(&config.data_dir).and_then(|()| feed::seed(path)) {
                // Another process was quicker, and its lists count.
                Err(_) if path.exists() => Ok(()),
                seeded => seeded.map(drop).map_err(ListsError),
            }
        }
        _ => Ok(()),
    }
}

/// Where long lists are compiled to. Where that cannot be they are held in memory, and the log says so.
pub fn long_lists(config: &Config) -> Option<Long> {
    compiled(config)
        .inspect_err(|error| {
            tracing::error!("long lists are held in memory, for they cannot be compiled to disk: {error}")
        })
        .ok()
}

fn compiled(config: &Config) -> Result<Long, CompileError> {
    Long::within(&config.data_dir.join("compiled"), config.blocklists.path())
}

/// Compiles every long list that is not compiled yet as it stands now, those of feeds too, and waits for them; `listener`
/// hears how far each is. The next start has them at once. What is in force in a service that runs stays with that.
///
/// # Errors
/// [`ListsError`], where the lists cannot be read, or there is no place for what is compiled.
pub fn compile_lists(
    config: &Config,
    listener: impl Fn(&str, Progress) + Send + Sync + 'static,
) -> Result<LiveLists, ListsError> {
    let failed = |error| ListsError(io::Error::other(error));
    let long = compiled(config).map_err(|error| failed(error.to_string()))?;
    let settings = Settings {
        suffixes: Arc::new(Suffixes::builtin()),
        own_hosts: own_hosts(config),
        long: Some(Long { compiled: long.compiled.heard_by(listener), ..long }),
        feeds: Some(feeds_folder(config)),
    };
    let lists = LiveLists::open(config.blocklists.path().to_owned(), settings, Arc::new(SystemClock));
    let lists = lists.map_err(|error| failed(error.to_string()))?;
    lists.reload_now();
    Ok(lists)
}

/// The hosts on which links of ours live: no list may block them.
pub fn own_hosts(config: &Config) -> Vec<String> {
    let bases = config.tenants.iter().flat_map(|tenant| tenant.bases());
    let mut hosts: Vec<String> = bases
        .map(|base| match base.host_and_port().rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
            _ => base.host_and_port().to_owned(),
        })
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}
