use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand};

use super::{feed::FeedCommand, list::ListCommand};
use crate::{
    base::{ClickId, MessageHash},
    config::{Environment, Overrides, Place},
    http::api::Scope,
    judge::Outcome,
    link::KeyId,
    mail::{Place as MailPlace, filter::Next as MailHop},
};

/// A checkpoint for links: rewrites the URLs of mail into signed links and judges each one when it is clicked.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version, propagate_version = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) place: PlaceArguments,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Clone, Args)]
pub(super) struct PlaceArguments {
    /// Folder of keyring, store and lists; made on first use where no configuration is named [default: ./sekisho-data].
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Configuration file; then nothing is made by itself.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Send letters to yourself and click them: a checkpoint, an inbox and their destinations on this machine.
    Demo(crate::demo::Args),
    /// Answer clicks.
    Serve(ServeArguments),
    /// Rewrite, restore and decode for programs that speak HTTP.
    Api(ApiArguments),
    /// Make and take back the tokens of the API.
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// Read a message on stdin, write it with signed links to stdout. Exit code 75: try again.
    Rewrite(RewriteArguments),
    /// Read a message on stdin, write it with the original links to stdout. Exit code 75: try again.
    Restore(RestoreArguments),
    /// Stand beside Postfix or Sendmail as a milter: incoming messages get signed links, outgoing ones their original links.
    Milter(MilterArguments),
    /// Stand between two hops as a content filter: take messages by LMTP or SMTP, and hand each recipient's copy on with links
    /// of its own.
    Filter(FilterArguments),
    /// Tell what a link holds, offline; with a keyring at hand also whether it is ours.
    Decode(DecodeArguments),
    /// Judge a URL as a click on it would be judged now, with a visit where the configuration has visits on.
    Check(CheckArguments),
    /// Look at the lists, and change them.
    #[command(subcommand)]
    List(ListCommand),
    /// Look at feeds, ask them, accept or take back their updates.
    #[command(subcommand)]
    Feed(FeedCommand),
    /// Make and change the keys that sign links.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Check and explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Is everything in order, and if not: what, where, and what to do.
    Doctor,
    /// Show the click log.
    Clicks(ClicksArguments),
    /// Why one click was answered as it was.
    Explain(ExplainArguments),
    /// Take links back: in force on every node within a second, whatever lists and policies say.
    #[command(subcommand)]
    Revoke(RevokeCommand),
    /// End a revocation. Nothing is forgotten.
    Release(ReleaseArguments),
    /// Messages that went to many on purpose: however often their links are opened, nobody is asked to wait.
    #[command(subcommand)]
    Notice(NoticeCommand),
    /// Mistakes that people reported on a page.
    #[command(subcommand)]
    Reports(ReportsCommand),
}

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// Where links live, such as https://go.corp.example.
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
    /// Where clicks are answered.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<SocketAddr>,
    /// Where health and readiness are answered.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) admin_listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(super) struct ApiArguments {
    /// Where links live, such as https://go.corp.example.
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
    /// Where programs are answered.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
pub(super) enum TokensCommand {
    /// Make a token. It is written to stdout once, and kept nowhere.
    Add {
        /// Who will use it.
        #[arg(value_name = "NAME")]
        name: String,
        /// What it is good for: rewrite, restore, decode; may be given several times.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<Scope>,
        /// The one tenant that it is good for [default: all].
        #[arg(long, value_name = "ID")]
        tenant: Option<u16>,
        /// Until when it counts: 2027-11-24, 2027-11-24T09:00:00Z [default: for ever].
        #[arg(long, value_name = "WHEN")]
        until: Option<String>,
    },
    /// The tokens, without themselves.
    List {
        /// One JSON object a token.
        #[arg(long)]
        json: bool,
    },
    /// Take a token back; it counts no longer at the next request.
    Remove {
        /// Its name, as `tokens list` shows it.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct RewriteArguments {
    /// Where links live, such as https://go.corp.example.
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
    /// The one recipient of this copy; without it the links name none.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) recipient: Option<String>,
    /// The sender of the envelope.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) sender: Option<String>,
    /// Who brought the message to the mail system, for SPF; without it, its topmost field Received says so.
    #[arg(long, value_name = "IP")]
    pub(super) client_address: Option<IpAddr>,
    /// How that client called itself.
    #[arg(long, value_name = "NAME")]
    pub(super) helo: Option<String>,
    /// The tenant, where the configuration has several.
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<u16>,
    /// Write what was done with each link, as JSON, to this file (`-`: to stderr, because stdout is the message's).
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Instead of one message: all of a Maildir, an mbox or a folder, to a place of the same kind. Nothing is overwritten;
    /// a run that was broken off goes on where it was. The report has one line a message then.
    #[arg(long, num_args = 2, value_names = ["IN", "OUT"])]
    pub(super) bulk: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// Where the links live, beside the places that the configuration names.
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MilterArguments {
    /// Where links live, such as https://go.corp.example.
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
    /// Where the mail system finds it: ADDRESS:PORT or unix:/PATH [default: mail.milter_listen].
    #[arg(long, value_name = "PLACE")]
    pub(super) listen: Option<MailPlace>,
    /// The tenant, where the configuration has several.
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct FilterArguments {
    /// Where links live, such as https://go.corp.example.
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
    /// Where messages come in: ADDRESS:PORT or unix:/PATH [default: mail.filter_listen].
    #[arg(long, value_name = "PLACE")]
    pub(super) listen: Option<MailPlace>,
    /// Where they go on to: lmtp: or smtp: and a place, such as smtp:127.0.0.1:10026 [default: mail.next].
    #[arg(long, value_name = "HOP")]
    pub(super) next: Option<MailHop>,
    /// The tenant, where the configuration has several.
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<u16>,
    /// All that comes here is sent by people of ours: links become what they were, and none are made.
    #[arg(long)]
    pub(super) outgoing: bool,
}

#[derive(Debug, Args)]
pub(super) struct DecodeArguments {
    /// The link, whole; `-` reads one a line from stdin.
    #[arg(value_name = "LINK")]
    pub(super) link: String,
    /// One JSON object a link.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The URL, or one of our links.
    #[arg(value_name = "URL")]
    pub(super) url: String,
    /// The tenant whose policy decides, where the configuration has several.
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<u16>,
    /// Fetch nothing, whatever the configuration says.
    #[arg(long)]
    pub(super) no_fetch: bool,
    /// As JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make a keyring where there is none.
    Init,
    /// The keys, without their secrets.
    List {
        /// One JSON object a key.
        #[arg(long)]
        json: bool,
    },
    /// Let a new key sign; links of the old one open for ever.
    Rotate,
    /// Declare a key sound again that was declared compromised.
    VerifyOnly {
        /// Its id, as `keys list` shows it.
        #[arg(value_name = "ID")]
        id: KeyId,
    },
    /// Declare a key compromised: a link under it opens only if the wrap log holds it.
    Compromise {
        /// Its id, as `keys list` shows it.
        #[arg(value_name = "ID")]
        id: KeyId,
    },
    /// Take over all keys of another keyring, so that its links open here.
    Import {
        /// The other keyring.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Read the configuration as a start would and tell every mistake with line and column.
    Check,
    /// Write what counts, key by key, and where each value was written: file and line, variable, option or nowhere.
    Show {
        /// One JSON object a key.
        #[arg(long)]
        json: bool,
    },
    /// Write a configuration to begin with.
    Example,
    /// Write the reference of all keys, in Markdown.
    Reference,
    /// Write the reference of all metrics, in Markdown.
    Metrics,
    /// Write the document of the API (OpenAPI 3.1), as JSON.
    Openapi,
}

#[derive(Debug, Args)]
pub(super) struct ClicksArguments {
    /// Not before: 2026-11-24, 2026-11-24T09:00:00Z, or how long ago: 30m, 24h, 7d.
    #[arg(long, value_name = "WHEN")]
    pub(super) since: Option<String>,
    /// Before.
    #[arg(long, value_name = "WHEN")]
    pub(super) until: Option<String>,
    /// With this outcome, such as `blocked`.
    #[arg(long, value_name = "OUTCOME")]
    pub(super) outcome: Option<Outcome>,
    /// On this URL.
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// On this host.
    #[arg(long, value_name = "HOST")]
    pub(super) host: Option<String>,
    /// On this registrable domain and everything under it.
    #[arg(long, value_name = "DOMAIN")]
    pub(super) domain: Option<String>,
    /// On links of this message.
    #[arg(long, value_name = "HASH")]
    pub(super) message: Option<MessageHash>,
    /// With this reference.
    #[arg(long, value_name = "REFERENCE")]
    pub(super) click: Option<ClickId>,
    /// What turned out to be bad after people had clicked, with their clicks, instead of the clicks.
    #[arg(long, conflicts_with_all = ["since", "until", "outcome", "url", "host", "domain", "message", "click"])]
    pub(super) flips: bool,
    /// At most so many, the newest.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(super) limit: usize,
    /// Show URLs whole instead of masked.
    #[arg(long)]
    pub(super) reveal: bool,
    /// One JSON object an event.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The reference that the page shows, such as 01JD-8Q2W-7M4K-X3ZT.
    #[arg(value_name = "REFERENCE")]
    pub(super) reference: ClickId,
    /// Show the URL whole instead of masked.
    #[arg(long)]
    pub(super) reveal: bool,
    /// As JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum RevokeCommand {
    /// One link.
    Link {
        /// The link, whole; its id; or the reference of a click on it.
        #[arg(value_name = "LINK|ID|REFERENCE")]
        link: String,
        #[command(flatten)]
        with: RevokeArguments,
    },
    /// The links minted for a message, or found in it: it was harmful.
    Message {
        /// The hash of the message; its Message-ID; a link of it, whole; or the reference of a click on one.
        #[arg(value_name = "HASH|MESSAGE-ID|LINK|REFERENCE")]
        message: String,
        #[command(flatten)]
        with: RevokeArguments,
    },
    /// The links of every message from a sender, recorded already or still to come.
    Sender {
        /// The sender of the envelope, as the wrap log has it.
        #[arg(value_name = "ADDRESS")]
        sender: String,
        #[command(flatten)]
        with: RevokeArguments,
    },
    /// The links of a tenant.
    Tenant {
        /// Its id.
        #[arg(value_name = "ID")]
        id: u16,
        #[command(flatten)]
        with: RevokeArguments,
    },
    /// The links signed with a key.
    Key {
        /// Its id, as `keys list` shows it.
        #[arg(value_name = "ID")]
        id: KeyId,
        #[command(flatten)]
        with: RevokeArguments,
    },
    /// The links made in a time: name it with --from and --until.
    Window {
        #[command(flatten)]
        with: RevokeArguments,
    },
    /// What is taken back, the oldest first.
    List {
        /// What was released or has expired as well.
        #[arg(long)]
        all: bool,
        /// One JSON object a revocation.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct RevokeArguments {
    /// Why, for those who look it up; no page shows it.
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    /// Who decided it.
    #[arg(long, value_name = "NAME")]
    pub(super) by: String,
    /// Only links made at this time or later: 2026-11-24, 2026-11-24T09:00:00Z, or how long ago: 30m, 24h, 7d.
    #[arg(long, value_name = "WHEN")]
    pub(super) from: Option<String>,
    /// Only links made before this time.
    #[arg(long, value_name = "WHEN")]
    pub(super) until: Option<String>,
    /// Only links of this tenant.
    #[arg(long = "tenant", value_name = "ID")]
    pub(super) of_tenant: Option<u16>,
    /// When the links may open again: 2026-12-24, 2026-12-24T09:00:00Z [default: never].
    #[arg(long, value_name = "WHEN")]
    pub(super) expires: Option<String>,
    /// Say how many links and recipients it would touch, and do nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// As JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum NoticeCommand {
    /// Register a message. In force on every node within a second.
    Add {
        /// The hash of the message; its Message-ID; a link of it, whole; or the reference of a click on one.
        #[arg(value_name = "HASH|MESSAGE-ID|LINK|REFERENCE")]
        message: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who decided it.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Let a notice count no longer. Nothing is forgotten.
    End {
        /// Its number, as `notice list` shows it.
        #[arg(value_name = "NUMBER")]
        id: i64,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who decided it.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// The notices, the oldest first.
    List {
        /// Those that count no longer as well.
        #[arg(long)]
        all: bool,
        /// One JSON object a notice.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ReportsCommand {
    /// Those without an answer; what is due first stands first.
    List {
        /// Those that were answered as well.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 1000)]
        limit: usize,
        /// Show URLs whole instead of masked.
        #[arg(long)]
        reveal: bool,
        /// One JSON object a report.
        #[arg(long)]
        json: bool,
    },
    /// Write down what was found, and done.
    Answer {
        /// Its number, as `reports list` shows it.
        #[arg(value_name = "NUMBER")]
        id: i64,
        /// What was found, and done.
        #[arg(long, value_name = "TEXT")]
        text: String,
        /// Who answers.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct ReleaseArguments {
    /// The number of the revocation, as `revoke list` shows it.
    #[arg(value_name = "NUMBER")]
    pub(super) id: i64,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    /// Who decided it.
    #[arg(long, value_name = "NAME")]
    pub(super) by: String,
}

impl PlaceArguments {
    pub(super) fn place(&self) -> Place {
        Place::of(self.config.clone(), self.data_dir.clone(), &Environment::of_process())
    }

    pub(super) fn overrides(&self) -> Overrides {
        let environment = Environment::of_process();
        Overrides { environment, data_dir: self.data_dir.clone(), ..Overrides::default() }
    }
}
