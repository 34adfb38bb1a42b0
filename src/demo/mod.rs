//! The whole main job on one machine, with nothing to set up: letters to click.
//!
//! Opens a checkpoint as `sekisho serve` does, rewrites six letters as `sekisho rewrite` does, and serves an inbox with
//! them and the places that their links lead to, and visits them at the click. Everything is real but the letters; nothing leaves this machine. What
//! is kept lies in one folder.

mod letters;
mod pages;
mod places;
mod shown;
mod site;

use std::{
    fmt::Write as _,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::TcpListener;

use crate::{
    app::{
        self, Desk, DeskError, Listeners, ListsError, Made, Origin, RunError, StartError, Station, SystemClock,
        Transport,
    },
    base::Clock as _,
    config::{Config, ConfigError, Overrides, Place, Scanning, Source},
    http::{BindError, Limits, bind, pages::TemplateError, serve},
    net::{NotLoopback, Rehearsal},
    store::{Store, StoreError},
};
use letters::LETTERS;
use pages::Pages;
use places::Places;
use site::{Delivered, Site};

/// Where links live, where the inbox is, and where health is answered, if the ports are free.
const LINKS: u16 = 8480;
const INBOX: u16 = 8482;
const HEALTH: u16 = 8481;
/// Where no name server answers (RFC 863).
const DISCARD: u16 = 9;
/// The folder where none is named.
const FOLDER: &str = "sekisho-demo";
/// To whom the letters are.
const RECIPIENT: &str = "you@corp.example";

const BLOCKED: &str = "\
# A host that wants passwords. Remove the line, save, and click the letter again: it counts within a second.
mailbox-upgrade.localhost ; reason=\"Asks for the password of your mailbox\" by=demo
";
const INTERNAL: &str = "\
# The organisation's own hosts: lists apply to them, suspicion does not.
@action internal
wiki.localhost
shop.localhost
news.localhost
";

/// Options of the demonstration.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where clicks are answered [default: 127.0.0.1:8480, or any free port where that is taken].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

/// Why the demonstration cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The data folder's configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder of lists.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// What answers clicks.
    #[error(transparent)]
    Start(#[from] StartError),
    /// What rewrites letters.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A page.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The listeners.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A stage that is not on this machine.
    #[error(transparent)]
    Stage(#[from] NotLoopback),
    /// A click that could not be written down.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The operating system.
    #[error("{0}: {1}")]
    System(String, io::Error),
}

/// Runs the demonstration until it is interrupted. `data_dir` is where everything of it is kept; `say` takes what a
/// person should read.
pub fn run(args: &Args, data_dir: Option<PathBuf>, say: impl FnMut(&str)) -> Result<(), DemoError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DemoError::System("cannot start".into(), error))?;
    let shown = runtime.block_on(show(args, data_dir.unwrap_or_else(|| FOLDER.into()), say));
    runtime.shutdown_background();
    shown
}

async fn show(args: &Args, folder: PathBuf, mut say: impl FnMut(&str)) -> Result<(), DemoError> {
    let public = match args.listen {
        Some(address) => bind(address).await?,
        None => bind_near(LINKS).await?,
    };
    let (admin, inbox) = (bind_near(HEALTH).await?, bind_near(INBOX).await?);
    let port = |listener: &TcpListener| {
        listener
            .local_addr()
            .map(|address| address.port())
            .map_err(|error| DemoError::System("no address".into(), error))
    };
    let links = format!("http://localhost:{}", port(&public)?);
    let places = Places::of(port(&inbox)?);
    let overrides = Overrides { base_url: Some(links.clone()), ..Overrides::default() };
    let (mut loaded, _) = Source { place: Place::DataDir(folder.clone()), overrides }.load()?;
    // Names under `localhost` are this machine, and no other is ever asked for: nothing leaves it.
    let resolvers = vec![(Ipv4Addr::LOCALHOST, DISCARD).into()];
    loaded.config.scan = Some(Scanning { contact: places.inbox(), resolvers, ports: Vec::new(), never: Vec::new() });
    let stage = inbox.local_addr().map_err(|error| DemoError::System("no address".into(), error))?;
    let stage = Rehearsal::on(&[stage])?.naming("localhost");
    let config = loaded.config.clone();
    write_lists(&config)?;
    let (station, made) = Station::open_rehearsing(loaded, Origin::DataDir, stage)?;
    let delivered = deliver(&config, &places)?;
    let store = Store::open(&config.store)?;
    let commands = commands(&folder, &links);
    say(&welcome(&folder, &links, &places, made, &commands));
    let pages = Pages::load(&folder.display().to_string())?;
    let site = Arc::new(Site { places, links, delivered, store, pages, commands });
    let (stop, stopped) = tokio::sync::watch::channel(());
    let mut stopped = stopped;
    let beside = tokio::spawn(serve(inbox, site, Limits::default(), Arc::default(), async move {
        // The other end goes when the demonstration ends, and that is the word to stop.
        let _ = stopped.changed().await;
    }));
    let public = public.into_std().map_err(|error| DemoError::System("cannot listen".into(), error))?;
    let listeners = Listeners::of(public, admin, config.workers)?;
    let ended = station.run(listeners, interrupted()).await;
    drop(stop);
    beside.abort();
    Ok(ended?)
}

/// `port` of this machine, or any free one where somebody has it.
async fn bind_near(port: u16) -> Result<TcpListener, BindError> {
    match bind((Ipv4Addr::LOCALHOST, port).into()).await {
        Err(BindError::Refused { cause, .. }) if cause.kind() == io::ErrorKind::AddrInUse => {
            bind((Ipv4Addr::LOCALHOST, 0).into()).await
        }
        other => other,
    }
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// The demonstration's own lists stand beside the shipped ones. One that was edited stays as it is.
fn write_lists(config: &Config) -> Result<(), DemoError> {
    app::seed_lists(config)?;
    for (name, text) in [("demo-block.list", BLOCKED), ("demo-internal.list", INTERNAL)] {
        let path = config.blocklists.path().join(name);
        if !path.exists() {
            let written = fs::write(&path, text);
            written.map_err(|error| DemoError::System(format!("cannot write {}", path.display()), error))?;
        }
    }
    Ok(())
}

fn deliver(config: &Config, places: &Places) -> Result<Vec<Delivered>, DemoError> {
    let now = SystemClock.now();
    let Some(tenant) = config.tenants.first() else { return Ok(Vec::new()) };
    let (desk, _) = Desk::open(config, tenant, Origin::DataDir, now)?;
    let transport = Transport { recipient: Some(RECIPIENT), ..Transport::default() };
    let mut delivered = Vec::new();
    for letter in &LETTERS {
        let before = letter.write(places);
        let rewritten = desk.rewrite(&before, &transport, now)?;
        delivered.push(Delivered::new(letter.name, before, rewritten));
    }
    Ok(delivered)
}

fn commands(folder: &Path, links: &str) -> Vec<String> {
    let data = format!("--data-dir {}", folder.display());
    vec![
        format!("sekisho rewrite {data} --base-url {links} --recipient {RECIPIENT} < in.eml > out.eml"),
        format!("sekisho restore {data} < out.eml"),
        format!("sekisho decode {data} LINK"),
        format!("sekisho check {data} http://mailbox-upgrade.localhost/"),
        format!("sekisho list explain {data} http://mailbox-upgrade.localhost/"),
        format!("sekisho clicks {data}"),
        format!("sekisho explain {data} REFERENCE"),
        format!("sekisho serve {data} --base-url {links}"),
        format!("$EDITOR {}", folder.join("blocklists/demo-block.list").display()),
    ]
}

fn welcome(folder: &Path, links: &str, places: &Places, made: Made, commands: &[String]) -> String {
    let mut text = format!(
        "Sekisho, a checkpoint for links: a demonstration on this machine alone.\n\n\
         \x20 Inbox   {}/\n\
         \x20 Links   {links}/\n\
         \x20 Data    {}\n\n\
         Open the inbox in a browser and try:\n\
         \x20 1. Open each letter and click the links of the delivered side.\n\
         \x20 2. Click the changed link at the foot of a letter: it never redirects.\n\
         \x20 3. Put the path /~/preview before the rest of a link: it tells where the link goes and opens nothing.\n\
         \x20 4. Click the letter of the shared document: nobody knows its address, but what stands there is looked at.\n\
         \x20 5. Edit {} and click again: an edit counts within a second.\n\n\
         The same by hand, in a second terminal (`cargo run --release --` stands for sekisho):\n",
        places.inbox(),
        folder.display(),
        folder.join("blocklists/demo-block.list").display(),
    );
    for command in commands {
        // A String takes whatever is written to it.
        let _ = writeln!(text, "  {command}");
    }
    if made == Made::Now {
        text += &format!(
            "\nA keyring was made in {}. This one is for play; that of real mail must be backed up, for without it all \
             links die.\n",
            folder.display()
        );
    }
    text + "\nCtrl-C ends it.\n"
}
