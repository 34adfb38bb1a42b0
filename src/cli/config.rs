use super::{
    Failure,
    args::{ConfigCommand, PlaceArguments},
    output::{Stdout, people},
};
use crate::{
    app::metrics,
    config::{example, reference},
};

pub(super) fn run(place: &PlaceArguments, command: &ConfigCommand, out: &mut Stdout) -> Result<(), Failure> {
    match command {
        ConfigCommand::Example => out.bytes(example().as_bytes()),
        ConfigCommand::Metrics => out.bytes(metrics::reference().as_bytes()),
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
                Some(_) => people(&format!("{} is in order", file.display())),
                None => people(&format!("{} is not there yet; it is made on first use", file.display())),
            }
            Ok(())
        }
    }
}
