//! The `sekisho` command: one file a subcommand.
//!
//! Data goes to stdout, words for people to stderr. Every failure is one sentence that says what is wrong, where, and
//! what to do, with a code of sysexits.h (`exit`). `sekisho rewrite` stands in the mail path: it writes a whole message
//! or none, and whatever fails on our side ends in code 75, so that the mail system keeps the message.

mod api;
mod args;
mod bulk;
mod check;
mod clicks;
mod config;
mod decode;
mod demo;
mod doctor;
mod exit;
mod feed;
mod keys;
mod list;
mod mail;
mod manager;
mod named;
mod notice;
mod output;
mod reports;
mod revoke;
mod rewrite;
mod serve;
mod signals;
mod tokens;
mod when;
mod work;

use std::{
    ffi::OsString,
    io,
    io::Write as _,
    panic::{UnwindSafe, catch_unwind},
    process::ExitCode,
};

use clap::{Parser as _, error::ErrorKind};

use args::{Arguments, Command};
pub use exit::{Exit, Failure};
use output::{Stdout, people};

/// Runs the command that `arguments` name (the first is the program's own name) to its end.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match outcome(&arguments, || run(&arguments)) {
        Ok(code) => code,
        Err(failure) => {
            people(&failure.what);
            failure.exit.into()
        }
    }
}

/// What came of a command, a panic included. In the mail path even a mistake of the command line or a fault of ours
/// must not make the mail system give the message back.
fn outcome(
    arguments: &[OsString],
    run: impl FnOnce() -> Result<ExitCode, Failure> + UnwindSafe,
) -> Result<ExitCode, Failure> {
    let in_mail_path = arguments.iter().any(|word| word == "rewrite" || word == "restore");
    let outcome = catch_unwind(run).unwrap_or_else(|_| Err(Failure::bug()));
    outcome.map_err(|failure| if in_mail_path { failure.for_mail() } else { failure })
}

fn run(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let Arguments { place, command } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return not_a_command(&error),
    };
    let mut out = Stdout::new();
    match command {
        Command::Demo(args) => demo::run(&place, &args)?,
        Command::Serve(args) => serve::run(&place, args)?,
        Command::Api(args) => api::run(&place, args)?,
        Command::Tokens(command) => tokens::run(&place, command, &mut out)?,
        Command::Rewrite(args) => rewrite::run(&place, &args, &mut out)?,
        Command::Restore(args) => rewrite::run_restore(&place, &args, &mut out)?,
        Command::Milter(args) => mail::run_milter(&place, args)?,
        Command::Filter(args) => mail::run_filter(&place, args)?,
        Command::Decode(args) => decode::run(&place, &args, &mut out)?,
        Command::Check(args) => check::run(&place, &args, &mut out)?,
        Command::Doctor => doctor::run(&place, &mut out)?,
        Command::List(command) => list::run(&place, command, &mut out)?,
        Command::Feed(command) => feed::run(&place, command, &mut out)?,
        Command::Clicks(args) => clicks::run(&place, &args, &mut out)?,
        Command::Explain(args) => clicks::run_explain(&place, &args, &mut out)?,
        Command::Revoke(command) => revoke::run(&place, command, &mut out)?,
        Command::Notice(command) => notice::run(&place, command, &mut out)?,
        Command::Reports(command) => reports::run(&place, command, &mut out)?,
        Command::Release(args) => revoke::run_release(&place, &args, &mut out)?,
        Command::Keys(command) => keys::run(&place, command, &mut out)?,
        Command::Config(command) => config::run(&place, &command, &mut out)?,
    }
    // A command has done what it was asked only when its last byte is out.
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// `--help` and `--version` are data; anything else that clap says is a mistake of the command line.
fn not_a_command(error: &clap::Error) -> Result<ExitCode, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let mut stdout = io::stdout().lock();
            let written = write!(stdout, "{error}").and_then(|()| stdout.flush());
            written.map(|()| ExitCode::SUCCESS).map_err(output::unwritten)
        }
        _ => Err(Failure::new(Exit::Usage, error.to_string().trim_end().trim_start_matches("error: "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(words: &[&str], run: impl FnOnce() -> Result<ExitCode, Failure> + UnwindSafe) -> Exit {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        outcome(&words, run).unwrap_err().exit
    }

    #[test]
    fn a_panic_is_a_bug_and_in_the_mail_path_a_reason_to_try_again() {
        assert_eq!(exit(&["sekisho", "clicks"], || panic!("on purpose")), Exit::Bug);
        assert_eq!(exit(&["sekisho", "rewrite"], || panic!("on purpose")), Exit::TryAgain);
        assert_eq!(exit(&["sekisho", "--data-dir", "d", "restore"], || panic!("on purpose")), Exit::TryAgain);
    }

    #[test]
    fn in_the_mail_path_only_the_message_itself_is_refused_for_good() {
        for (failed, ends) in [(Exit::Usage, Exit::TryAgain), (Exit::Config, Exit::TryAgain), (Exit::Data, Exit::Data)]
        {
            assert_eq!(exit(&["sekisho", "rewrite"], move || Err(Failure::new(failed, "x"))), ends);
        }
        assert_eq!(exit(&["sekisho", "serve"], || Err(Failure::new(Exit::Config, "x"))), Exit::Config);
    }

    #[test]
    fn the_command_line_is_sound() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
