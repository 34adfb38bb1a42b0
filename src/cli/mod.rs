//! One file a subcommand; exit codes from sysexits.
