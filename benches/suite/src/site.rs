//! Sekisho as it is served, and links to it.

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use sekisho::{
    base::{MessageHash, RecipientHash, TenantId, Timestamp},
    link::{Facts, Keyring, Minter, Place},
    url,
};

use crate::{
    process::{Server, free_address, on_server_cpu},
    tls::Certificate,
};

/// Who may speak HTTP/2 without TLS: nobody who is measured, so that it is bare frames that are sent by whoever abuses it.
pub const FRONT_END: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
pub const HOST: &str = "go.perf.example";
pub const TENANT: TenantId = TenantId(1);
/// Entries of the lists that a click is looked up in.
pub const LISTED: usize = 100_000;

/// A folder with keys and lists.
pub struct Site {
    folder: tempfile::TempDir,
    ring: Keyring,
    now: Timestamp,
}

impl Site {
    pub fn make() -> Result<Self> {
        let folder = tempfile::tempdir_in("target")?;
        let seconds = Command::new("date").arg("+%s").output()?.stdout;
        let now = Timestamp::from_secs(String::from_utf8(seconds)?.trim().parse()?);
        let ring = Keyring::generate([42; 32], now.plus_millis(-3_600_000));
        let mut file = fs::OpenOptions::new();
        let mut file = file.write(true).create_new(true).mode(0o600).open(folder.path().join("keyring.toml"))?;
        file.write_all(ring.to_text().as_bytes())?;
        fs::create_dir(folder.path().join("blocklists"))?;
        let list = (0..LISTED).fold(String::new(), |mut list, at| {
            let _ = writeln!(list, "listed-{at}.example");
            list
        });
        fs::write(folder.path().join("blocklists/perf.list"), list)?;
        Ok(Self { folder, ring, now })
    }

    /// `sekisho serve` with one worker, and room for the events of all slices.
    pub fn serve(&self, name: &'static str) -> Result<(Server, SocketAddr)> {
        self.serve_with(name, None)
    }

    /// The same with TLS of its own, where there is a certificate.
    pub fn serve_with(&self, name: &'static str, certificate: Option<&Certificate>) -> Result<(Server, SocketAddr)> {
        let tls = certificate.map_or_else(String::new, |Certificate { chain, key }| {
            format!("\n[tls]\ncertificate = {chain:?}\nkey = {key:?}\n")
        });
        self.serve_as(name, &tls)
    }

    /// The same under a policy that records no click which is let through.
    pub fn serve_quietly(&self, name: &'static str) -> Result<(Server, SocketAddr)> {
        self.serve_as(name, "policy = \"quiet\"\n\n[[policy]]\nname = \"quiet\"\nlog = \"stops\"\n")
    }

    fn serve_as(&self, name: &'static str, more: &str) -> Result<(Server, SocketAddr)> {
        let (listen, admin) = (free_address()?, free_address()?);
        let file = self.write_config(&listen.port().to_string(), listen, admin, more)?;
        let mut command = on_server_cpu("target/release/sekisho");
        command.arg("serve").arg("--config").arg(&file).env("TOKIO_WORKER_THREADS", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok((Server::start(name, command, listen)?, admin))
    }

    /// A configuration under this name, with a store of its own, that ends in its tenant; where it lies.
    pub fn write_config(&self, name: &str, listen: SocketAddr, admin: SocketAddr, more: &str) -> Result<PathBuf> {
        let folder = self.folder.path().canonicalize()?;
        let file = folder.join(format!("{name}.toml"));
        let config = format!(
            "data_dir = {folder:?}\nlisten = \"{listen}\"\nadmin_listen = \"{admin}\"\nstore = {:?}\nspool = {:?}\n\
             workers = 1\ntrusted_proxies = [\"{FRONT_END}\"]\n\n[limits]\nspool_megabytes = 1024\n\n\
             [[tenant]]\nid = 1\nname = \"Perf\"\nbase_url = \"http://{HOST}\"\n",
            folder.join(format!("{name}.db")),
            folder.join(format!("{name}.spool")),
        );
        fs::write(&file, config + more)?;
        Ok(file)
    }

    /// Where its data lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn minter(&self) -> Result<Minter> {
        Ok(self.ring.minter(TENANT, self.now)?)
    }

    /// Paths of `count` links to what `destination` says.
    pub fn links(&self, count: usize, destination: impl Fn(usize) -> String) -> Result<Vec<String>> {
        let minter = self.minter()?;
        let recipient = RecipientHash([2; 8]);
        let facts =
            Facts { tenant: TENANT, place: Place::Html, issued: self.now, message: MessageHash([1; 8]), recipient };
        (0..count)
            .map(|at| {
                let url = url::parse(&destination(at)).map_err(|error| anyhow::anyhow!("{error}"))?;
                Ok(minter.mint(&url, &facts)?.to_string())
            })
            .collect()
    }

    pub fn ring(&self) -> &Keyring {
        &self.ring
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }
}

/// A destination of about 90 bytes that nobody objects to.
pub fn clean(at: usize) -> String {
    format!("https://www.shop{at}.example.com/autumn/item-{at:06}?utm_source=mail;utm_medium=letter;id={at:08}")
}

/// Writes paths where a generator finds them.
pub fn write_paths(folder: &Path, name: &str, paths: &[String]) -> Result<PathBuf> {
    let file = folder.join(name);
    fs::write(&file, paths.join("\n") + "\n")?;
    Ok(file)
}

/// What a browser sends with a path, about 600 bytes with it. `connection`: `keep-alive` or `close`.
pub fn headers(connection: &str) -> String {
    format!(
        "Host: {HOST}\r\nConnection: {connection}\r\nUpgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux \
         x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,\
         */*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: \
         document\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.5\r\nPriority: u=0, i\r\n\r\n"
    )
}

/// Asks for `path` once, and returns the head and body of the answer.
pub fn ask(address: SocketAddr, path: &str) -> Result<String> {
    ask_of(HOST, address, path)
}

/// As [`ask`], by another name of the server: the admin listener answers to its address alone.
pub fn ask_of(host: &str, address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\n{}", headers("close").replacen(HOST, host, 1)).as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    String::from_utf8(answer).context("an answer that is no text")
}

/// The server answers `path` with `status`: what is measured must be what is meant.
pub fn expect(address: SocketAddr, path: &str, status: u16) -> Result<()> {
    let answer = ask(address, path)?;
    let line = answer.lines().next().unwrap_or_default();
    ensure!(line.split(' ').nth(1) == Some(&status.to_string()), "{path} at {address} gets {line:?}, not {status}");
    Ok(())
}
