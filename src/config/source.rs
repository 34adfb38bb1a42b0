use std::path::Path;

use super::{Config, ConfigError, FirstUse, Overrides, Place, Settings};

/// Where a configuration is read from, now and again.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub place: Place,
    /// What comes before it.
    pub overrides: Overrides,
}

/// A configuration that was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// The same, key by key.
    pub settings: Settings,
    /// The text of the file.
    pub text: String,
    /// How to read it again.
    pub source: Source,
}

impl Source {
    /// Reads it; a data folder gets one on first use, as [`Place::load`] says.
    pub fn load(self) -> Result<(Loaded, FirstUse), ConfigError> {
        let (_, first) = self.place.load(&self.overrides)?;
        let text = self.place.text()?;
        let (config, settings) = self.place.read(&text, &self.overrides)?;
        Ok((Loaded { config, settings, text, source: self }, first))
    }

    /// Reads what `text`, the file as it stands now, says to a program that keeps its things in `data_dir` and goes on
    /// doing so, whatever is written of that.
    pub fn again(&self, text: &str, data_dir: &Path) -> Result<(Config, Settings), ConfigError> {
        let (config, settings) = self.place.read(text, &self.overrides)?;
        if config.data_dir == data_dir {
            return Ok((config, settings));
        }
        let overrides = Overrides { data_dir: Some(data_dir.to_owned()), ..self.overrides.clone() };
        Ok((self.place.read(text, &overrides)?.0, settings))
    }
}
