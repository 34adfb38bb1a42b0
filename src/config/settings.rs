use std::{
    fmt::Display,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;

pub use mail::Mail;

use super::{
    Environment, Settings,
    document::{Document, Problems, SectionId, Value},
};
use crate::{
    auth,
    base::TenantId,
    clamd::{self, Socket},
    click::{Brand, Color, Logo, MailAddress},
    hook,
    http::{
        CertificateFiles, ForwardedHeader, Networks,
        pages::{Paper, legible},
    },
    judge::Tier,
    link::LinkBase,
    list::nearest,
    policy::{Actions, Checking, Log, Need, Needs, Override, Policy, Scan},
    sources::{dns::Zone, policy_zone, safe_browsing},
    supply::Feed,
    url::{self, Names},
};

/// What a configuration says, whole and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where what is kept is kept.
    pub data_dir: PathBuf,
    /// The name of this node in events.
    pub node: String,
    /// Where clicks are answered.
    pub listen: SocketAddr,
    /// Where health and readiness are answered.
    pub admin_listen: SocketAddr,
    /// The folder of list files.
    pub blocklists: Named,
    /// The folder of templates that stand in for the built-in ones.
    pub templates: Option<PathBuf>,
    /// The keyring.
    pub keyring: Named,
    /// The SQLite database.
    pub store: PathBuf,
    /// The folder where clicks wait for it.
    pub spool: PathBuf,
    /// Front ends that may speak for others.
    pub trusted_proxies: Networks,
    /// Where they say for whom they speak.
    pub forwarded_header: ForwardedHeader,
    /// Load balancers that begin each connection with a PROXY header.
    pub proxy_protocol: Networks,
    /// Threads that answer clicks.
    pub workers: usize,
    /// How long requests may take to end after SIGTERM.
    pub drain: Duration,
    /// Certificates of the public listener; without any, TLS is ended in front of it.
    pub tls: Vec<CertificateFiles>,
    /// At least one; their ids and their base URLs differ.
    pub tenants: Vec<Tenant>,
    /// How destinations are visited; none where they are not.
    pub scan: Option<Scanning>,
    /// Lists that others keep; their names differ.
    pub feeds: Vec<Feed>,
    /// Lists that are asked by DNS; their names differ.
    pub dns_lists: Vec<DnsListSetting>,
    /// Response policy zones; their names differ, and from those of the lists above.
    pub policy_zones: Vec<policy_zone::Settings>,
    /// Hash-prefix lists.
    pub safe_browsing: Option<safe_browsing::Settings>,
    /// In the path of mail.
    pub mail: Mail,
    /// How messages are looked at before; none: they are not.
    pub authentication: Option<auth::Settings>,
    /// Caps.
    pub limits: Limits,
    /// The virus scanner that is asked, if any.
    pub clamav: Option<(Socket, clamd::Limits)>,
    /// Who is told of clicks that were judged again.
    pub alerts: Option<hook::Settings>,
    /// How many days clicks are kept at least.
    pub click_days: u32,
    /// The API for programs.
    pub api: Api,
}

/// What `sekisho api` works by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The file of tokens.
    pub tokens: PathBuf,
    /// Requests that are worked on at one time.
    pub at_once: usize,
}

/// A list that is asked by DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsListSetting {
    /// What is asked, and what answers mean.
    pub zone: Zone,
    /// Who is asked; the system's resolvers where nobody is named.
    pub resolver: Option<SocketAddr>,
}

/// A place that the program may fill on first use only if nobody named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Written in the configuration: it has to be there.
    ByTheAdmin(PathBuf),
    /// In the data folder by default.
    ByDefault(PathBuf),
}

impl Named {
    /// The place.
    pub fn path(&self) -> &Path {
        match self {
            Self::ByTheAdmin(path) | Self::ByDefault(path) => path,
        }
    }
}

/// One organisation.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Stands in every link.
    pub id: TenantId,
    /// As pages show it.
    pub name: String,
    /// Where its links live.
    pub base: LinkBase,
    /// Where they lived before.
    pub retired: Vec<LinkBase>,
    /// What is done with what is found.
    pub policy: Policy,
    /// Names that others borrow: those that are built in, and its own.
    pub names: Arc<Names>,
    /// Those of its own.
    pub protected: Vec<String>,
    /// What a person who was stopped can do.
    pub help: Option<String>,
    /// Where a mistake is reported.
    pub contact: Option<MailAddress>,
    /// Where abuse is reported.
    pub security_contact: Option<String>,
    /// Colours and logo of its pages.
    pub brand: Brand,
    /// Within how many days a report is answered.
    pub report_days: u32,
    /// Where its people click from.
    pub networks: Vec<IpNet>,
}

impl Tenant {
    /// Every place where links of this tenant open: the present one, then the retired.
    pub fn bases(&self) -> impl Iterator<Item = &LinkBase> {
        std::iter::once(&self.base).chain(&self.retired)
    }
}

/// How destinations are visited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanning {
    /// Where owners of visited pages ask who visits.
    pub contact: String,
    /// DNS servers; none: those of this machine.
    pub resolvers: Vec<SocketAddr>,
    /// Ports beside 80 and 443.
    pub ports: Vec<u16>,
    /// Networks that are never visited.
    pub never: Vec<IpNet>,
}

/// Caps on what grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message taken, in bytes.
    pub message_bytes: u64,
    /// Open connections at one time.
    pub connections: usize,
    /// Open connections at one time from one address.
    pub connections_per_address: usize,
    /// Room for clicks that wait for the store.
    pub spool_bytes: u64,
    /// Openings of one link in a minute; 0 is no limit.
    pub link_openings: u32,
}

/// What comes before the file: the command line, and behind it the environment.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `SEKISHO_…` variables.
    pub environment: Environment,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--base-url`: where new links live; the one of the file counts as retired.
    pub base_url: Option<String>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--admin-listen`.
    pub admin_listen: Option<SocketAddr>,
    /// `--listen` of `sekisho api`.
    pub api_listen: Option<SocketAddr>,
}

/// Where a service keeps its things unless it is told otherwise (FHS 3.0 section 5.8).
const DATA_DIR: &str = "/var/lib/sekisho";

impl Config {
    /// Reads the text of the file at `path`. Errors: everything that is wrong with it.
    pub fn read(path: &Path, text: &str, overrides: &Overrides) -> Result<Self, Problems> {
        Self::read_with_settings(path, text, overrides).map(|(config, _)| config)
    }

    /// The same, and beside it what counts key by key and where that was written.
    pub(super) fn read_with_settings(
        path: &Path,
        text: &str,
        overrides: &Overrides,
    ) -> Result<(Self, Settings), Problems> {
        let name = path.display().to_string();
        let mut document = Document::read(&name, text);
        document.overlay(&overrides.environment);
        let mut reader = Reader { folder: path.parent().unwrap_or(Path::new("")), document };
        let config = reader.config(overrides);
        let settings = reader.document.settings();
        reader.document.finish()?;
        config.map(|config| (config, settings)).ok_or_else(|| Problems(Vec::new()))
    }
}

struct Reader<'a> {
    folder: &'a Path,
    document: Document,
}

impl Reader<'_> {
    fn config(&mut self, overrides: &Overrides) -> Option<Config> {
        let top = self.document.sections("").first().copied();
        let data_dir = self.data_dir(top, overrides);
        let tenants = self.tenants(overrides);
        let listen = self.address(top, "", "listen");
        let admin_listen = self.address(top, "", "admin_listen");
        self.refuse_public(top, overrides.admin_listen, admin_listen);
        let options =
            [("listen", "--listen", overrides.listen), ("admin_listen", "--admin-listen", overrides.admin_listen)];
        for (name, option, address) in options {
            if let Some(address) = address {
                self.document.overrule(name, option, address.to_string());
            }
        }
        let drain = self.number(top, "", "drain_seconds");
        let workers = self.workers(top);
        let tls = self.certificates();
        let dns_lists = self.dns_lists();
        let policy_zones = self.policy_zones(&data_dir, &dns_lists);
        let safe_browsing = self.safe_browsing(&data_dir);
        self.check_optional_sources();
        let limits = self.limits();
        let scan = self.scan(&tenants);
        let clamav = self.clamav();
        let mail = self.mail(limits);
        let alerts = self.alerts();
        let node = self.node(top);
        let authentication = self.authentication(&node);
        let retention = self.document.sections("retention").first().copied();
        let click_days = self.number(retention, "retention", "click_days");
        let api = self.api(&data_dir, !tls.is_empty(), overrides.api_listen);
        Some(Config {
            node,
            listen: overrides.listen.or(listen)?,
            admin_listen: overrides.admin_listen.or(admin_listen)?,
            blocklists: self.named(top, "blocklists", data_dir.join("blocklists")),
            templates: self.path(top, "templates"),
            keyring: self.named(top, "keyring", data_dir.join("keyring.toml")),
            store: self.named(top, "store", data_dir.join("sekisho.db")).path().to_owned(),
            spool: self.named(top, "spool", data_dir.join("spool")).path().to_owned(),
            workers,
            drain: Duration::from_secs(drain?),
            trusted_proxies: self.networks(top, "trusted_proxies"),
            forwarded_header: self
                .document
                .parse(top, "", "forwarded_header", |name| ForwardedHeader::named(name).ok_or("no such header"))?,
            proxy_protocol: self.networks(top, "proxy_protocol"),
            dns_lists,
            policy_zones,
            safe_browsing,
            mail: mail?,
            authentication,
            limits: limits?,
            scan,
            clamav,
            alerts,
            tls,
            click_days: u32::try_from(click_days?).ok()?,
            feeds: self.feeds(),
            tenants,
            data_dir,
            api: api?,
        })
    }

    fn data_dir(&mut self, top: Option<SectionId>, overrides: &Overrides) -> PathBuf {
        if let Some(folder) = &overrides.data_dir {
            self.document.overrule("data_dir", "--data-dir", folder.display().to_string());
            return folder.clone();
        }
        self.named(top, "data_dir", DATA_DIR.into()).path().to_owned()
    }

    fn node(&mut self, top: Option<SectionId>) -> String {
        self.text(top, "", "node").unwrap_or_else(|| {
            let name = host_name();
            self.document.settle("node", Value::Text(name.clone()));
            name
        })
    }

    fn certificates(&mut self) -> Vec<CertificateFiles> {
        let section = self.document.sections("tls").first().copied();
        let (certificates, keys) = (self.paths(section, "certificate"), self.paths(section, "key"));
        if certificates.len() != keys.len() {
            let what = format!(
                "{} certificates and {} keys; each certificate needs its key, in the same order",
                certificates.len(),
                keys.len()
            );
            self.document.complain(section, if keys.is_empty() { "certificate" } else { "key" }, &what);
        }
        let pairs = certificates.into_iter().zip(keys);
        pairs.map(|(certificate, key)| CertificateFiles { certificate, key }).collect()
    }

    fn paths(&mut self, section: Option<SectionId>, name: &str) -> Vec<PathBuf> {
        let Some(Value::Texts(texts)) = self.document.value(section, "tls", name) else { return Vec::new() };
        let in_file = self.document.stands_in_file(section, name);
        texts.into_iter().map(|path| if in_file { self.folder.join(path) } else { path.into() }).collect()
    }

    fn networks(&mut self, top: Option<SectionId>, name: &str) -> Networks {
        self.parse_each(top, "", name, Networks::parse).into_iter().collect()
    }

    fn workers(&mut self, top: Option<SectionId>) -> usize {
        let written = self.number(top, "", "workers").and_then(|workers| u16::try_from(workers).ok());
        usize::from(written.unwrap_or_else(|| {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get).min(512) as u16;
            self.document.settle("workers", Value::Number(cores.into()));
            cores
        }))
    }

    /// The place that is written, or the one that counts by default.
    fn named(&mut self, top: Option<SectionId>, name: &'static str, default: PathBuf) -> Named {
        if let Some(path) = self.path(top, name) {
            return Named::ByTheAdmin(path);
        }
        self.document.settle(name, Value::Text(default.display().to_string()));
        Named::ByDefault(default)
    }

    fn tenants(&mut self, overrides: &Overrides) -> Vec<Tenant> {
        let policies = self.policies();
        let sections = self.document.sections("tenant");
        if sections.is_empty() {
            self.document.missing("no tenant is configured: add a [[tenant]] with id, name and base_url");
        }
        let mut tenants: Vec<Tenant> = Vec::new();
        for section in sections {
            let Some(tenant) = self.tenant(section, &policies) else { continue };
            if let Some(other) = tenants.iter().find(|other| other.id == tenant.id) {
                let what = format!("{} is taken by {:?}; an id is never used twice", tenant.id, other.name);
                self.document.complain(Some(section), "id", &what);
            }
            let taken = tenants.iter().find(|other| other.bases().any(|base| tenant.bases().any(|own| own == base)));
            if let Some(other) = taken {
                let what = format!("the links of {:?} live there already; give each tenant its own", other.name);
                self.document.complain(Some(section), "base_url", &what);
            }
            tenants.push(tenant);
        }
        if let Some(url) = &overrides.base_url {
            self.move_links(&mut tenants, url);
        }
        tenants
    }

    fn tenant(&mut self, id: SectionId, policies: &[Policy]) -> Option<Tenant> {
        const TABLE: &str = "tenant";
        let section = Some(id);
        let number = self.number(section, TABLE, "id");
        let name = self.text(section, TABLE, "name");
        let base = self.document.parse(section, TABLE, "base_url", LinkBase::parse);
        let policy = self.document.parse(section, TABLE, "policy", |name| policy_named(name, policies));
        let days = self.number(section, TABLE, "report_days");
        let color = |paper| move |text: &str| legible(Color::parse(text)?, paper);
        let light = self.document.parse(section, TABLE, "color", color(Paper::Light));
        let dark = self.document.parse(section, TABLE, "color_dark", color(Paper::Dark));
        let folder = self.folder.to_owned();
        let logo = self.document.parse(section, TABLE, "logo", |path| logo(&folder.join(path)));
        Some(Tenant {
            retired: self.parse_each(section, TABLE, "retired_base_urls", LinkBase::parse),
            help: self.text(section, TABLE, "help"),
            contact: self.document.parse(section, TABLE, "contact", mail_address),
            security_contact: self.document.parse(section, TABLE, "security_contact", contact),
            networks: self.parse_each(section, TABLE, "networks", Networks::parse),
            brand: Brand { light, dark, logo },
            report_days: u32::try_from(days?).ok()?,
            id: TenantId(u16::try_from(number?).ok()?),
            name: name?,
            base: base?,
            policy: policy?,
            names: Arc::new(self.names(section)),
            protected: self.parse_each(section, TABLE, "protected", |domain| Ok::<_, String>(domain.to_owned())),
        })
    }

    /// Policies of one's own. One that is wrong is left out, and told.
    fn policies(&mut self) -> Vec<Policy> {
        let mut policies: Vec<Policy> = Vec::new();
        for section in self.document.sections("policy") {
            let Some(policy) = self.policy(section) else { continue };
            if policies.iter().any(|other| other.name == policy.name) {
                let what = format!("there is a policy {:?} already; give each a name of its own", policy.name);
                self.document.complain(Some(section), "name", &what);
            }
            policies.push(policy);
        }
        policies
    }

    fn policy(&mut self, id: SectionId) -> Option<Policy> {
        const TABLE: &str = "policy";
        let section = Some(id);
        if self.document.value(section, TABLE, "name").is_none() {
            self.document.complain(section, "name", "a policy needs one, such as name = \"finance\"");
        }
        let name = self.document.parse(section, TABLE, "name", policy_name);
        let base = self.document.parse(section, TABLE, "based_on", Policy::preset)?;
        let tiers = [Tier::Clean, Tier::Unknown, Tier::Suspicious, Tier::Malicious];
        let [clean, unknown, suspicious, malicious] = tiers.map(|tier| {
            let written = self.document.parse(section, TABLE, tier.as_str(), str::parse);
            written.unwrap_or(base.actions.of(tier))
        });
        let actions = Actions::new(clean, unknown, suspicious, malicious);
        let actions =
            actions.map_err(|error| self.document.complain(section, error.worse.as_str(), &error.to_string()));
        let is = |this: &mut Self, key, word: &str| this.text(section, TABLE, key).map(|written| written == word);
        let refused = is(self, "overrides", "refused");
        let lists_only = is(self, "scan", "lists_only");
        let stops = is(self, "log", "stops");
        let waits = is(self, "checking", "wait");
        let never_visit = self.parse_each(section, TABLE, "never_visit", domain);
        let optional = self.parse_each(section, TABLE, "optional_sources", |name| Ok::<_, String>(name.to_owned()));
        let needs = Needs {
            by_source: optional.into_iter().map(|name| (name, Need::Optional)).collect(),
            ..base.needs.clone()
        };
        let policy = Policy {
            actions: actions.ok()?,
            needs,
            overrides: refused.map_or(base.overrides, |is| if is { Override::Refused } else { Override::Allowed }),
            scan: lists_only.map_or(base.scan, |is| if is { Scan::ListsOnly } else { Scan::All }),
            checking: waits.map_or(base.checking, |is| if is { Checking::Wait } else { Checking::MayContinue }),
            never_visit,
            log: stops.map_or(base.log, |is| if is { Log::Stops } else { Log::Every }),
            ..base
        };
        Some(policy.named(&name?))
    }

    /// Whose names others borrow: the tenant's own beside the built-in ones.
    fn names(&mut self, section: Option<SectionId>) -> Names {
        let mut names = Names::builtin();
        self.parse_each(section, "tenant", "protected", |domain| names.protect(domain));
        names
    }

    /// Each text of a list, read further; complaints are told at the place of the list.
    fn parse_each<T, E: Display>(
        &mut self,
        section: Option<SectionId>,
        table: &'static str,
        name: &str,
        mut read: impl FnMut(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let Some(Value::Texts(texts)) = self.document.value(section, table, name) else { return Vec::new() };
        let mut values = Vec::new();
        for text in texts {
            match read(&text) {
                Ok(value) => values.push(value),
                Err(error) => self.document.complain(section, name, &format!("{text:?}: {error}")),
            }
        }
        values
    }

    /// `--base-url`: new links live there, and those of the file go on opening.
    fn move_links(&mut self, tenants: &mut [Tenant], url: &str) {
        let [tenant] = tenants else {
            if tenants.len() > 1 {
                self.document
                    .refuse_option("--base-url", "it cannot say whose it is where there are several tenants".into());
            }
            return;
        };
        match LinkBase::parse(url) {
            Ok(base) if base != tenant.base => {
                let former = std::mem::replace(&mut tenant.base, base);
                tenant.retired.insert(0, former);
            }
            Ok(_) => {}
            Err(error) => self.document.refuse_option("--base-url", error.to_string()),
        }
    }

    /// The admin listener answers whoever reaches it.
    fn refuse_public(&mut self, top: Option<SectionId>, named: Option<SocketAddr>, written: Option<SocketAddr>) {
        let public = |address: &SocketAddr| !address.ip().is_loopback();
        let told = |address: SocketAddr| format!("{address} would be reachable from outside; write 127.0.0.1 or [::1]");
        match (named.filter(public), named.or(written).filter(public)) {
            (Some(address), _) => self.document.refuse_option("--admin-listen", told(address)),
            (None, Some(address)) => self.document.complain(top, "admin_listen", &told(address)),
            (None, None) => {}
        }
    }

    fn limits(&mut self) -> Option<Limits> {
        let section = self.document.sections("limits").first().copied();
        let megabytes = self.number(section, "limits", "message_megabytes");
        let connections = self.number(section, "limits", "connections");
        let per_address = self.number(section, "limits", "connections_per_address");
        let spool = self.number(section, "limits", "spool_megabytes");
        let openings = self.number(section, "limits", "link_openings_per_minute");
        Some(Limits {
            message_bytes: megabytes?.saturating_mul(1 << 20),
            connections: usize::try_from(connections?).ok()?,
            connections_per_address: usize::try_from(per_address?).ok()?,
            spool_bytes: spool?.saturating_mul(1 << 20),
            link_openings: u32::try_from(openings?).ok()?,
        })
    }

    fn scan(&mut self, tenants: &[Tenant]) -> Option<Scanning> {
        const TABLE: &str = "scan";
        let section = self.document.sections(TABLE).first().copied();
        // All of it is looked at, whether or not it counts.
        let contact = self.document.parse(section, TABLE, "contact", contact);
        let resolvers = self.parse_each(section, TABLE, "resolvers", |text| {
            text.parse().map_err(|_| "write an IP address and a port, such as 127.0.0.1:53")
        });
        let ports = self.parse_each(section, TABLE, "ports", |text| match text.parse::<u16>() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err("this is no port; write a number from 1 to 65535"),
        });
        let never = self.parse_each(section, TABLE, "never_networks", Networks::parse);
        let visits = self.text(section, TABLE, "visit").is_some_and(|word| word == "on");
        let contact = contact.or_else(|| Some(tenants.first()?.base.to_string()))?;
        visits.then_some(Scanning { contact, resolvers, ports, never })
    }

    fn clamav(&mut self) -> Option<(Socket, clamd::Limits)> {
        const TABLE: &str = "clamav";
        let section = self.document.sections(TABLE).first().copied();
        let socket = self.document.parse(section, TABLE, "socket", Socket::parse);
        let seconds = self.number(section, TABLE, "timeout_seconds")?;
        let megabytes = self.number(section, TABLE, "megabytes")?;
        let bytes = usize::try_from(megabytes.saturating_mul(1 << 20)).ok()?;
        Some((socket?, clamd::Limits { deadline: Duration::from_secs(seconds), bytes }))
    }

    fn api(&mut self, data_dir: &Path, has_tls: bool, named: Option<SocketAddr>) -> Option<Api> {
        const TABLE: &str = "api";
        let section = self.document.sections(TABLE).first().copied();
        let written = self.address(section, TABLE, "listen");
        let open = |address: &SocketAddr| !address.ip().is_loopback() && !has_tls;
        let told = |address: SocketAddr| {
            format!(
                "tokens and messages would cross the network in the clear on {address}; give a certificate in [tls], or \
                 write 127.0.0.1 and end TLS in front of it"
            )
        };
        match (named.filter(open), named.or(written).filter(open)) {
            (Some(address), _) => self.document.refuse_option("--listen", told(address)),
            (None, Some(address)) => self.document.complain(section, "listen", &told(address)),
            (None, None) => {}
        }
        let tokens = self.text(section, TABLE, "tokens").map(|path| {
            if self.document.stands_in_file(section, "tokens") { self.folder.join(path) } else { path.into() }
        });
        let tokens = tokens.unwrap_or_else(|| {
            let tokens = data_dir.join("tokens.toml");
            self.document.settle_in(TABLE, "tokens", Value::Text(tokens.display().to_string()));
            tokens
        });
        let at_once = self.number(section, TABLE, "at_once");
        Some(Api { listen: named.or(written)?, tokens, at_once: usize::try_from(at_once?).ok()? })
    }

    fn text(&mut self, section: Option<SectionId>, table: &'static str, name: &str) -> Option<String> {
        match self.document.value(section, table, name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn number(&mut self, section: Option<SectionId>, table: &'static str, name: &str) -> Option<u64> {
        match self.document.value(section, table, name)? {
            Value::Number(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    /// A path in the file starts at its folder, one of a variable where the program was started.
    fn path(&mut self, top: Option<SectionId>, name: &str) -> Option<PathBuf> {
        let path = self.text(top, "", name)?;
        if self.document.stands_in_file(top, name) { Some(self.folder.join(path)) } else { Some(path.into()) }
    }

    fn address(&mut self, section: Option<SectionId>, table: &'static str, name: &str) -> Option<SocketAddr> {
        self.document.parse(section, table, name, |text| {
            text.parse::<SocketAddr>()
                .map_err(|_| format!("{text:?} is not an IP address and a port, such as 127.0.0.1:8480"))
        })
    }
}

/// A domain as URLs have it: A-labels, lower case.
fn domain(text: &str) -> Result<String, String> {
    let url = url::parse(&format!("https://{text}/")).ok();
    let plain = !text.contains(['/', ':', '@', '?', '#', '*', ' ']);
    match url.filter(|url| plain && !url.is_address()) {
        Some(url) => Ok(url.host_str().to_owned()),
        None => Err("write a domain alone, such as payroll.example".to_owned()),
    }
}

/// The name of a policy of one's own: what a list may name, and none of the presets'.
fn policy_name(name: &str) -> Result<String, &'static str> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    match Policy::preset(name) {
        Ok(_) => Err("that is the name of a preset, which cannot be changed; take another name"),
        Err(_) if letters => Ok(name.to_owned()),
        Err(_) => Err("write letters, digits, `.`, `_` and `-` alone"),
    }
}

fn policy_named(name: &str, policies: &[Policy]) -> Result<Policy, String> {
    let own = policies.iter().find(|policy| policy.name == name).cloned();
    own.or_else(|| Policy::preset(name).ok()).ok_or_else(|| {
        let known: Vec<&str> =
            ["standard", "strict"].into_iter().chain(policies.iter().map(|own| &*own.name)).collect();
        let near = nearest(name, &known).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        format!("no policy is called {name:?}: write standard, strict, or the name of a [[policy]]{near}")
    })
}

fn logo(path: &Path) -> Result<Logo, String> {
    let unreadable = |error| format!("cannot read {}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than any logo may have, whatever lies there.
    std::io::Read::read_to_end(&mut std::io::Read::take(file, (1 << 20) + 1), &mut bytes).map_err(unreadable)?;
    Logo::of(bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn mail_address(text: &str) -> Result<MailAddress, String> {
    let address = text.strip_prefix("mailto:").ok_or_else(|| format!("write mailto: before {text:?}"))?;
    MailAddress::parse(address).map_err(|error| error.to_string())
}

fn contact(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("mailto:").is_some_and(|address| address.contains('@'));
    let page = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
    // It goes into a header-like file and into pages: no line may be smuggled in.
    let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if plain && (address || page) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is neither a mailto: nor an https: URL; write it such as \"mailto:helpdesk@corp.example\""))
}

fn host_name() -> String {
    let read = |path| std::fs::read_to_string(path).ok().map(|name| name.trim().to_owned());
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .into_iter()
        .find_map(|path| read(path).filter(|name| !name.is_empty()))
        .unwrap_or_else(|| "sekisho".into())
}

mod alerts;
mod asked;
mod authentication;
mod feeds;
mod mail;
#[cfg(test)]
mod tests;
