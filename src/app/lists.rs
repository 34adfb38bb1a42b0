use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    config::{Config, Named, durable},
    list::{BadLine, List, MemoryIndex, check},
    url::Suffixes,
};

/// Lists as they lie on the disk now, read as a start would read them.
#[derive(Debug)]
pub struct Shelf {
    /// Finds entries.
    pub index: MemoryIndex,
    /// Lines that were refused, by the path of their file.
    pub bad: Vec<BadLine>,
}

/// A list or a folder of lists that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the lists at {path}: {source}", path = path.display())]
pub struct ListsError {
    /// Which file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl Shelf {
    /// Reads list files, and every `*.list` file in folders.
    pub fn read(paths: &[PathBuf], suffixes: &Suffixes, own_hosts: &[String]) -> Result<Self, ListsError> {
        let mut files = Vec::new();
        for path in paths {
            files.extend(list_files(path).map_err(|source| ListsError { path: path.clone(), source })?);
        }
        let mut texts = Vec::new();
        for path in &files {
            texts.push(fs::read(path).map_err(|source| ListsError { path: path.clone(), source })?);
        }
        let names: Vec<&str> = files.iter().map(|path| name_of(path)).collect();
        let named: Vec<(&str, &[u8])> = names.iter().copied().zip(texts.iter().map(Vec::as_slice)).collect();
        let mut checked = check(&named, suffixes, own_hosts);
        for bad in &mut checked.bad {
            let file = files.iter().find(|path| path.file_name().is_some_and(|name| name == bad.file.as_str()));
            if let Some(path) = file {
                bad.file = path.display().to_string();
            }
        }
        Ok(Self { index: MemoryIndex::build(checked.lists.into_iter().map(Arc::new).collect()), bad: checked.bad })
    }

    /// Its lists, in the order of their files.
    pub fn lists(&self) -> &[Arc<List>] {
        self.index.lists()
    }
}

/// Fills the default folder of lists with the shipped ones where there is none yet. A folder that an admin named has to
/// be there.
pub fn seed_lists(config: &Config) -> Result<(), ListsError> {
    match &config.blocklists {
        Named::ByDefault(path) if !path.exists() => {
            let seeded = durable::make_folder(path);
            seeded.map_err(|source| ListsError { path: path.clone(), source })
        }
        _ => Ok(()),
    }
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

fn list_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "list") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).unwrap_or("unnamed")
}
