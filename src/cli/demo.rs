use std::io::Write as _;

use super::{Exit, Failure, args::PlaceArguments, serve::log_to_stderr};
use crate::demo::{self, Args};

pub(super) fn run(place: &PlaceArguments, args: &Args) -> Result<(), Failure> {
    log_to_stderr("warn");
    // Whoever closed stdout does not want to read it.
    demo::run(args, place.data_dir.clone(), |text| drop(std::io::stdout().lock().write_all(text.as_bytes())))
        .map_err(|error| Failure::new(Exit::Unavailable, error))
}
