use super::{
    Exit, Failure,
    args::{ConfigCommand, PlaceArguments},
    output::{Stdout, people},
};
use crate::{
    app::{SystemClock, metrics},
    base::Clock as _,
    config::{example, reference},
    http::api::describe,
};

pub(super) fn run(place: &PlaceArguments, command: &ConfigCommand, out: &mut Stdout) -> Result<(), Failure> {
    match command {
        ConfigCommand::Example => out.bytes(example().as_bytes()),
        ConfigCommand::Metrics => out.bytes(metrics::reference().as_bytes()),
        ConfigCommand::Openapi => out.bytes(describe().as_bytes()),
        ConfigCommand::Reference => out.bytes(reference().as_bytes()),
        ConfigCommand::Show { json } => {
            let (_, settings) = place.place().show(&place.overrides())?;
            if !json {
                return out.bytes(settings.to_toml().as_bytes());
            }
            settings.0.iter().try_for_each(|setting| out.json(setting))
        }
        ConfigCommand::Check => {
            let file = place.place().file();
            match place.place().look(&place.overrides())? {
                Some(config) => {
                    for files in &config.tls {
                        files.read(SystemClock.now()).map_err(|error| Failure::new(Exit::Config, error))?;
                    }
                    people(&format!("{} is in order", file.display()));
                }
                None => people(&format!("{} is not there yet; it is made on first use", file.display())),
            }
            Ok(())
        }
    }
}
