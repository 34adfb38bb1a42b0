use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{Config, Environment, Overrides, Problem, Problems, Settings, document::line_and_column, durable};
use crate::link::LinkBase;

/// The name of the configuration in a data folder.
pub const FILE_NAME: &str = "sekisho.toml";

/// The data folder where none is named.
const HERE: &str = "sekisho-data";

/// The largest configuration that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// Where the configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `--config`: a file that an admin wrote. Nothing that it names is ever made up.
    File(PathBuf),
    /// `--data-dir`, or the default one: a folder that is filled on first use.
    DataDir(PathBuf),
}

/// Whether the folder was empty-handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstUse {
    /// The configuration was just written.
    Yes,
    /// It was there.
    No,
}

/// There is no configuration to work by.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can be read and is wrong.
    #[error("{0}")]
    Wrong(#[from] Problems),
    /// The folder cannot be filled.
    #[error("cannot make {path}: {source}; name a folder that can be written with --data-dir", path = path.display())]
    CannotMake {
        /// What could not be made.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Place {
    /// From what the command line names.
    pub fn new(config: Option<PathBuf>, data_dir: Option<PathBuf>) -> Self {
        match (config, data_dir) {
            (Some(file), _) => Self::File(file),
            (None, Some(folder)) => Self::DataDir(folder),
            (None, None) => Self::DataDir(HERE.into()),
        }
    }

    /// From what the command line names, and where it names nothing, from `SEKISHO_CONFIG` or `SEKISHO_DATA_DIR`.
    pub fn of(config: Option<PathBuf>, data_dir: Option<PathBuf>, environment: &Environment) -> Self {
        let variable = |name| environment.get(name).map(PathBuf::from);
        match (&config, &data_dir) {
            (None, None) => Self::new(variable("SEKISHO_CONFIG"), variable("SEKISHO_DATA_DIR")),
            _ => Self::new(config, data_dir),
        }
    }

    /// The configuration file.
    pub fn file(&self) -> PathBuf {
        match self {
            Self::File(file) => file.clone(),
            Self::DataDir(folder) => folder.join(FILE_NAME),
        }
    }

    /// Reads what is there; None where a data folder has not been used yet. Makes nothing.
    pub fn look(&self, overrides: &Overrides) -> Result<Option<Config>, ConfigError> {
        match self.text() {
            Ok(text) => Ok(Some(self.read(&text, overrides)?.0)),
            Err(error) if self.is_unused(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads what is there, and beside it what counts key by key; what a data folder that has not been used would get.
    pub fn show(&self, overrides: &Overrides) -> Result<(Config, Settings), ConfigError> {
        match self.text() {
            Ok(text) => self.read(&text, overrides),
            Err(error) if self.is_unused(&error) => self.read(&first_text(overrides), overrides),
            Err(error) => Err(error),
        }
    }

    /// Reads what is there; what is not there any more is an error.
    pub fn again(&self, overrides: &Overrides) -> Result<(Config, Settings), ConfigError> {
        self.read(&self.text()?, overrides)
    }

    /// The text of the file. Errors: it cannot be read, is too large, or is no text.
    pub fn text(&self) -> Result<String, ConfigError> {
        let path = self.file();
        let wrong = |at, what: String| Problems(vec![Problem { file: path.display().to_string(), at: Some(at), what }]);
        let mut bytes = Vec::new();
        let read = fs::File::open(&path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
        read.map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
        if bytes.len() > LARGEST {
            return Err(wrong((1, 1), format!("the file is larger than {LARGEST} bytes; is it the right one?")).into());
        }
        String::from_utf8(bytes).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let good = good.and_then(|good| std::str::from_utf8(good).ok()).unwrap_or_default();
            let what = "a byte that is no UTF-8 text; save the file as UTF-8".to_owned();
            wrong(line_and_column(good, good.len()), what).into()
        })
    }

    fn is_unused(&self, error: &ConfigError) -> bool {
        let absent = |source: &io::Error| source.kind() == io::ErrorKind::NotFound;
        matches!((self, error), (Self::DataDir(_), ConfigError::Unreadable { source, .. }) if absent(source))
    }

    /// Reads the configuration, or what one would be that is made now. Makes nothing, so that the command which first
    /// names a base URL settles it.
    pub fn foresee(&self, overrides: &Overrides) -> Result<Config, ConfigError> {
        self.show(overrides).map(|(config, _)| config)
    }

    /// Reads the configuration; a data folder gets one on first use, with the base URL and the address that the
    /// command line names, so that later commands agree with this one.
    pub fn load(&self, overrides: &Overrides) -> Result<(Config, FirstUse), ConfigError> {
        let first = match self.look(overrides)? {
            Some(_) => FirstUse::No,
            None => self.begin(overrides)?,
        };
        Ok((self.again(overrides)?.0, first))
    }

    fn begin(&self, overrides: &Overrides) -> Result<FirstUse, ConfigError> {
        let path = self.file();
        let text = first_text(overrides);
        if let Some(Err(error)) = overrides.base_url.as_deref().map(LinkBase::parse) {
            let problem = Problem { file: "--base-url".into(), at: None, what: error.to_string() };
            return Err(Problems(vec![problem]).into());
        }
        // What would be wrong with the file is told before it is written.
        self.read(&text, overrides)?;
        let cannot = |path: &Path, source| ConfigError::CannotMake { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            durable::make_folder(folder).map_err(|source| cannot(folder, source))?;
        }
        match durable::create(&path, text.as_bytes(), 0o644) {
            Ok(()) => Ok(FirstUse::Yes),
            // Another process was quicker, and what it wrote counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(FirstUse::No),
            Err(error) => Err(cannot(&path, error)),
        }
    }

    /// What `text` says if it is the text of the file.
    pub(super) fn read(&self, text: &str, overrides: &Overrides) -> Result<(Config, Settings), ConfigError> {
        let mut overrides = overrides.clone();
        if let Self::DataDir(folder) = self
            && overrides.data_dir.is_none()
            && overrides.environment.get("SEKISHO_DATA_DIR").is_none()
        {
            overrides.data_dir = Some(folder.clone());
        }
        Ok(Config::read_with_settings(&self.file(), text, &overrides)?)
    }
}

fn first_text(overrides: &Overrides) -> String {
    // Port 0 is another port at each start, so nothing can be built on it.
    let listen = overrides.listen.filter(|address| address.port() != 0);
    let base_url = overrides.base_url.clone().unwrap_or_else(|| match listen {
        Some(address) if address.ip().is_loopback() || address.ip().is_unspecified() => {
            format!("http://localhost:{}", address.port())
        }
        Some(address) => format!("http://{address}"),
        None => "http://localhost:8480".into(),
    });
    let addresses: String = [("listen", listen), ("admin_listen", overrides.admin_listen.filter(|a| a.port() != 0))]
        .into_iter()
        .filter_map(|(name, address)| Some(format!("{name} = \"{}\"\n", address?)))
        .collect();
    format!(
        "# Made on first use. `sekisho config reference` tells every key, `sekisho config check` reads this file as a\n\
         # start would. Change name and base_url before real mail is rewritten: links live at base_url for years.\n\
         {addresses}\n[[tenant]]\nid = 1\nname = \"Your organisation\"\nbase_url = {}\n",
        toml::Value::String(base_url)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_filled_once_and_later_commands_agree() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(None, Some(folder.path().join("new")));
        assert!(place.look(&Overrides::default()).unwrap().is_none());
        let overrides = Overrides { base_url: Some("http://localhost:9000".into()), ..Overrides::default() };
        let (first, was_first) = place.load(&overrides).unwrap();
        let (second, was_second) = place.load(&Overrides::default()).unwrap();
        assert_eq!((was_first, was_second), (FirstUse::Yes, FirstUse::No));
        assert_eq!(first.tenants[0].base, second.tenants[0].base);
        assert_eq!(first.store, folder.path().join("new/sekisho.db"));
    }

    #[test]
    fn the_first_listen_address_gives_the_base_url() {
        let base = |listen: &str| {
            let folder = tempfile::tempdir().unwrap();
            let overrides = Overrides { listen: Some(listen.parse().unwrap()), ..Overrides::default() };
            let (config, _) = Place::DataDir(folder.path().into()).load(&overrides).unwrap();
            config.tenants[0].base.host_and_port().to_owned()
        };
        assert_eq!(base("0.0.0.0:9000"), "localhost:9000");
        assert_eq!(base("[::1]:9000"), "localhost:9000");
        assert_eq!(base("192.0.2.1:9000"), "192.0.2.1:9000");
        assert_eq!(base("127.0.0.1:0"), "localhost:8480");
    }

    #[test]
    fn a_wrong_base_url_leaves_no_file_behind() {
        let folder = tempfile::tempdir().unwrap();
        let overrides = Overrides { base_url: Some("ftp://x.example".into()), ..Overrides::default() };
        assert!(Place::DataDir(folder.path().into()).load(&overrides).is_err());
        assert!(!folder.path().join(FILE_NAME).exists());
    }

    #[test]
    fn a_named_file_has_to_be_there() {
        let place = Place::new(Some("/nowhere/sekisho.toml".into()), None);
        let told = place.load(&Overrides::default()).unwrap_err().to_string();
        assert!(told.starts_with("cannot read the configuration /nowhere/sekisho.toml: No such file"), "{told}");
    }
}
