use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::list::ListAction;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ListCommand {
    /// Read the lists as a start would and tell every mistake with file, line and column.
    Check {
        /// Files or folders [default: the lists in force].
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write an entry at the end of a list. In force within a second.
    Add(AddArguments),
    /// Take an entry out of a list. In force within a second.
    Remove(RemoveArguments),
    /// Which entries match a URL, and which one wins.
    Explain {
        /// The URL, or one of our links.
        #[arg(value_name = "URL")]
        url: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Entries whose text, reason or reference contains a text.
    Search {
        /// Looked for in any case.
        #[arg(value_name = "TEXT")]
        text: String,
        /// One JSON object an entry.
        #[arg(long)]
        json: bool,
    },
    /// All lists, or the entries of one.
    Show {
        /// The list's name: its file name without `.list`.
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// How many entries each list has: in force, run out, by kind.
    Stat {
        /// One JSON object a list.
        #[arg(long)]
        json: bool,
    },
    /// Compile the long lists to the disk now, with those of feeds, so that the next start has them at once.
    Compile {
        /// One JSON object a list.
        #[arg(long)]
        json: bool,
    },
    /// Read a list in another format and show what comes of it; written with --yes, or where a terminal says so.
    Import(ImportArguments),
    /// Write a list in another format to stdout, and say what the format cannot hold.
    Export(ExportArguments),
}

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct AddArguments {
    /// The entry, as it would stand in the list: `example.com`, `=example.com`, `*.example.com`, `example.com/login/*`,
    /// `=https://example.com/a`, `203.0.113.0/24` …
    #[arg(value_name = "ENTRY")]
    pub(super) entry: String,
    /// The list.
    #[arg(long, value_name = "NAME", default_value = "block")]
    pub(super) to: String,
    /// What the list does, where it is not there yet and is to be made.
    #[arg(long, value_name = "ACTION")]
    pub(super) action: Option<ActionName>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Who decided it.
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
    /// The last day on which it counts, in UTC: 2026-12-31.
    #[arg(long, value_name = "DAY")]
    pub(super) until: Option<String>,
    /// A ticket or a case.
    #[arg(long = "ref", value_name = "TEXT")]
    pub(super) reference: Option<String>,
    /// A refusal that is overruled for this entry: `suffix`, `never-block`.
    #[arg(long, value_name = "WHAT")]
    pub(super) confirm: Vec<String>,
    /// Show what would change, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// As JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RemoveArguments {
    /// The entry, in any spelling that means the same.
    #[arg(value_name = "ENTRY")]
    pub(super) entry: String,
    /// The list, where several have it.
    #[arg(long, value_name = "NAME")]
    pub(super) from: Option<String>,
    /// Show what would change, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// As JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArguments {
    /// The file; `-` is stdin.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The list that takes the entries.
    #[arg(long, value_name = "NAME")]
    pub(super) to: String,
    /// How the file is written (docs/LISTS.md), or `auto`.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(super) format: String,
    /// What the list does, where it is not there yet [default: block].
    #[arg(long, value_name = "ACTION")]
    pub(super) action: Option<ActionName>,
    /// What a plain name stands for.
    #[arg(long, value_name = "WHAT", default_value = "domains")]
    pub(super) names: NamesName,
    /// The array that is meant, where the JSON has several.
    #[arg(long, value_name = "NAME")]
    pub(super) key: Option<String>,
    /// Leave out what a wider entry of the file says already.
    #[arg(long)]
    pub(super) narrow: bool,
    /// Write it without a question.
    #[arg(long)]
    pub(super) yes: bool,
    /// As JSON, with every row that is refused.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArguments {
    /// The list's name: its file name without `.list`.
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// How to write it: list, hosts, domains, wildcard, adblock, dnsmasq, unbound, rpz, urls.
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: String,
    /// Entries that have run out as well.
    #[arg(long)]
    pub(super) expired: bool,
    /// One JSON object: the lines, and what is left out.
    #[arg(long)]
    pub(super) json: bool,
}

/// What a list does, by its name.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum ActionName {
    Block,
    Allow,
    NeverBlock,
    Internal,
}

impl From<ActionName> for ListAction {
    fn from(name: ActionName) -> Self {
        match name {
            ActionName::Block => Self::Block,
            ActionName::Allow => Self::Allow,
            ActionName::NeverBlock => Self::NeverBlock,
            ActionName::Internal => Self::Internal,
        }
    }
}

/// What a plain name of a foreign list stands for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum NamesName {
    /// The domain, with every host below.
    Domains,
    /// The one host.
    Hosts,
}
