use std::{
    fmt::Display,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;

use super::{
    Environment, Settings,
    document::{Document, Problems, SectionId, Value},
};
use crate::{
    base::TenantId,
    click::{Brand, Color, Logo, MailAddress},
    http::{
        ForwardedHeader, Networks,
        pages::{Paper, legible},
    },
    link::LinkBase,
    policy::Policy,
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
    /// At least one; their ids and their base URLs differ.
    pub tenants: Vec<Tenant>,
    /// Caps.
    pub limits: Limits,
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

/// Caps on what grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message taken, in bytes.
    pub message_bytes: u64,
    /// Open connections at one time.
    pub connections: usize,
    /// Open connections at one time from one address.
    pub connections_per_address: usize,
    /// Openings of one link in a minute; 0 is no limit.
    pub link_openings: u32,
    /// Click events that wait for the store.
    pub queued_events: usize,
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
        let listen = self.address(top, "listen");
        let admin_listen = self.address(top, "admin_listen");
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
        let limits = self.limits();
        Some(Config {
            node: self.node(top),
            listen: overrides.listen.or(listen)?,
            admin_listen: overrides.admin_listen.or(admin_listen)?,
            blocklists: self.named(top, "blocklists", data_dir.join("blocklists")),
            templates: self.path(top, "templates"),
            keyring: self.named(top, "keyring", data_dir.join("keyring.toml")),
            store: self.named(top, "store", data_dir.join("sekisho.db")).path().to_owned(),
            workers,
            drain: Duration::from_secs(drain?),
            trusted_proxies: self.networks(top, "trusted_proxies"),
            forwarded_header: self
                .document
                .parse(top, "", "forwarded_header", |name| ForwardedHeader::named(name).ok_or("no such header"))?,
            proxy_protocol: self.networks(top, "proxy_protocol"),
            limits: limits?,
            tenants,
            data_dir,
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
        let sections = self.document.sections("tenant");
        if sections.is_empty() {
            self.document.missing("no tenant is configured: add a [[tenant]] with id, name and base_url");
        }
        let mut tenants: Vec<Tenant> = Vec::new();
        for section in sections {
            let Some(tenant) = self.tenant(section) else { continue };
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

    fn tenant(&mut self, id: SectionId) -> Option<Tenant> {
        const TABLE: &str = "tenant";
        let section = Some(id);
        let number = self.number(section, TABLE, "id");
        let name = self.text(section, TABLE, "name");
        let base = self.document.parse(section, TABLE, "base_url", LinkBase::parse);
        let policy = self.document.parse(section, TABLE, "policy", Policy::preset);
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
        })
    }

    /// Each text of a list, read further; complaints are told at the place of the list.
    fn parse_each<T, E: Display>(
        &mut self,
        section: Option<SectionId>,
        table: &'static str,
        name: &str,
        read: impl Fn(&str) -> Result<T, E>,
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
        let openings = self.number(section, "limits", "link_openings_per_minute");
        let events = self.number(section, "limits", "queued_events");
        Some(Limits {
            message_bytes: megabytes?.saturating_mul(1 << 20),
            connections: usize::try_from(connections?).ok()?,
            connections_per_address: usize::try_from(per_address?).ok()?,
            link_openings: u32::try_from(openings?).ok()?,
            queued_events: usize::try_from(events?).ok()?,
        })
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

    fn address(&mut self, top: Option<SectionId>, name: &str) -> Option<SocketAddr> {
        self.document.parse(top, "", name, |text| {
            text.parse::<SocketAddr>()
                .map_err(|_| format!("{text:?} is not an IP address and a port, such as 127.0.0.1:8480"))
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "[[tenant]]\nid = 7\nname = \"Example\"\nbase_url = \"https://go.corp.example\"\n";

    fn read(text: &str) -> Result<Config, String> {
        read_with(text, &Overrides::default())
    }

    fn read_with(text: &str, overrides: &Overrides) -> Result<Config, String> {
        Config::read(Path::new("/etc/sekisho/sekisho.toml"), text, overrides).map_err(|problems| problems.to_string())
    }

    #[test]
    fn what_is_not_written_has_its_default() {
        let config = read(ONE).unwrap();
        assert_eq!(config.data_dir, Path::new("/var/lib/sekisho"));
        assert_eq!(config.keyring, Named::ByDefault("/var/lib/sekisho/keyring.toml".into()));
        assert_eq!(config.blocklists, Named::ByDefault("/var/lib/sekisho/blocklists".into()));
        assert_eq!(config.store, Path::new("/var/lib/sekisho/sekisho.db"));
        assert_eq!(config.listen.to_string(), "127.0.0.1:8480");
        assert_eq!(config.drain, Duration::from_secs(10));
        assert_eq!(config.limits.message_bytes, 64 << 20);
        assert_eq!((config.tenants[0].id, &config.tenants[0].policy), (TenantId(7), &Policy::standard()));
        assert!(!config.node.is_empty());
    }

    #[test]
    fn relative_paths_start_at_the_folder_of_the_file() {
        let config = read(&format!("data_dir = \"data\"\nkeyring = \"/run/keys/ring\"\n{ONE}")).unwrap();
        assert_eq!(config.data_dir, Path::new("/etc/sekisho/data"));
        assert_eq!(config.keyring, Named::ByTheAdmin("/run/keys/ring".into()));
    }

    #[test]
    fn the_command_line_comes_first_and_links_of_the_file_go_on_opening() {
        let overrides = Overrides {
            data_dir: Some("/tmp/d".into()),
            base_url: Some("http://localhost:9000".into()),
            listen: Some("127.0.0.1:9000".parse().unwrap()),
            ..Overrides::default()
        };
        let config = read_with(&format!("listen = \"127.0.0.1:1\"\n{ONE}"), &overrides).unwrap();
        assert_eq!(config.store, Path::new("/tmp/d/sekisho.db"));
        assert_eq!(config.listen.port(), 9000);
        let hosts: Vec<&str> = config.tenants[0].bases().map(LinkBase::host_and_port).collect();
        assert_eq!(hosts, ["localhost:9000", "go.corp.example"]);
    }

    #[test]
    fn tenants_share_neither_id_nor_links() {
        let told = read(&format!("{ONE}\n{ONE}")).unwrap_err();
        assert!(told.contains("sekisho.toml:7:6: tenant.id: 7 is taken by \"Example\""), "{told}");
        assert!(told.contains("sekisho.toml:9:12: tenant.base_url: the links of \"Example\" live there"), "{told}");
    }

    #[test]
    fn what_is_missing_is_told_with_an_example() {
        assert!(read("").unwrap_err().contains("no tenant is configured"));
        let told = read("\n[[tenant]]\nid = 1\n").unwrap_err();
        assert!(told.contains("sekisho.toml:2:1: tenant.name is missing: name = "), "{told}");
        assert!(told.contains("sekisho.toml:2:1: tenant.base_url is missing: base_url = "), "{told}");
    }

    #[test]
    fn values_are_checked_beyond_their_kind() {
        let told = read(&format!("listen = \"localhost\"\n{ONE}contact = \"helpdesk\"\n")).unwrap_err();
        assert!(told.contains("sekisho.toml:1:10: listen: \"localhost\" is not an IP address and a port"), "{told}");
        assert!(told.contains("sekisho.toml:6:11: tenant.contact: write mailto: before"), "{told}");
        assert!(read(&format!("{ONE}contact = \"mailto:a@b.example?cc=x\"\n")).is_err());
        assert!(read(&format!("{ONE}security_contact = \"mailto:a@b.example\\nX: y\"\n")).is_err());
        assert!(read(&format!("{ONE}security_contact = \"abuse@b.example\"\n")).is_err());
        let told = read(&format!("admin_listen = \"0.0.0.0:8481\"\n{ONE}")).unwrap_err();
        assert!(
            told.contains("sekisho.toml:1:16: admin_listen: 0.0.0.0:8481 would be reachable from outside"),
            "{told}"
        );
        let told = read(&format!("trusted_proxies = [\"127.0.0.1\", \"localhost\"]\n{ONE}")).unwrap_err();
        assert!(told.contains("sekisho.toml:1:19: trusted_proxies: \"localhost\": "), "{told}");
        assert!(
            read(&ONE.replace("https://go", "ftp://go")).unwrap_err().contains("sekisho.toml:4:12: tenant.base_url")
        );
    }

    fn environment(variables: &[(&str, &str)]) -> Overrides {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Overrides { environment: Environment::of(variables), ..Overrides::default() }
    }

    #[test]
    fn variables_come_before_the_file_and_behind_the_command_line() {
        let file = format!("listen = \"127.0.0.1:1\"\nadmin_listen = \"127.0.0.1:2\"\nkeyring = \"ring\"\n{ONE}");
        let variables = [
            ("SEKISHO_ADMIN_LISTEN", "[::1]:4"),
            ("SEKISHO_LISTEN", "127.0.0.1:3"),
            ("SEKISHO_LIMITS__CONNECTIONS", "5"),
            ("SEKISHO_STORE", "db"),
            ("SEKISHO_TENANT__7__HELP", "= 1234 ="),
            ("SEKISHO_TENANT__8__BASE_URL", "https://b.example"),
            ("SEKISHO_TENANT__8__NAME", "8"),
            ("SEKISHO_TENANT__8__RETIRED_BASE_URLS", "https://c.example, https://d.example"),
            ("SEKISHO_TRUSTED_PROXIES", "[\"::1\"]"),
        ];
        let listen = Some("127.0.0.1:9".parse().unwrap());
        let config = read_with(&file, &Overrides { listen, ..environment(&variables) }).unwrap();
        assert_eq!((config.listen.port(), config.admin_listen.port(), config.limits.connections), (9, 4, 5));
        assert_eq!(config.keyring.path(), Path::new("/etc/sekisho/ring"));
        assert_eq!(config.store, Path::new("db"), "a variable knows no folder of a file");
        assert!(config.trusted_proxies.contains("::1".parse().unwrap()));
        let [one, two] = config.tenants.as_slice() else { panic!("{:?}", config.tenants) };
        assert_eq!((one.help.as_deref(), two.id, two.name.as_str()), (Some("= 1234 ="), TenantId(8), "8"));
        assert_eq!(two.retired.len(), 2);
    }

    #[test]
    fn what_is_wrong_with_a_variable_is_told_by_its_name() {
        let variables = [
            ("SEKISHO_ADMIN_LISTEN", "0.0.0.0:1"),
            ("SEKISHO_LISTEN", "localhost"),
            ("SEKISHO_LIMITS__CONNECTIONS", "many"),
            ("SEKISHO_LISTNE", "x"),
            ("SEKISHO_TENANT__9__NAME", "Nine"),
        ];
        let told = read_with(ONE, &environment(&variables)).unwrap_err();
        for line in [
            "SEKISHO_ADMIN_LISTEN: admin_listen: 0.0.0.0:1 would be reachable",
            "SEKISHO_LISTEN: listen: \"localhost\" is not an IP address",
            "SEKISHO_LIMITS__CONNECTIONS: limits.connections must be a whole number",
            "SEKISHO_LISTNE: no key has this variable; did you mean SEKISHO_LISTEN?",
            "SEKISHO_TENANT__9__NAME: tenant.base_url is missing",
        ] {
            assert!(told.lines().any(|told| told.starts_with(line)), "{line}: {told}");
        }
        assert_eq!(told.lines().count(), 5, "{told}");
    }

    #[test]
    fn what_counts_is_told_with_where_it_was_written_and_read_again_counts_the_same() {
        let overrides = Overrides { data_dir: Some("/d".into()), ..environment(&[("SEKISHO_NODE", "n1")]) };
        let path = Path::new("/etc/sekisho/sekisho.toml");
        let (_, settings) = Config::read_with_settings(path, ONE, &overrides).unwrap();
        let shown = settings.to_toml();
        for line in [
            "data_dir = \"/d\"  # --data-dir",
            "node = \"n1\"  # SEKISHO_NODE",
            "listen = \"127.0.0.1:8480\"  # default",
            "store = \"/d/sekisho.db\"  # default",
            "# templates is not set",
            "id = 7  # /etc/sekisho/sekisho.toml:2",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
        }
        for setting in &settings.0 {
            let worked_out = matches!(setting.key.preset, crate::config::Preset::Derived(_));
            assert!(!worked_out || setting.value.is_some(), "{}: nobody settled it", setting.key.path());
        }
        let (_, again) = Config::read_with_settings(path, &shown, &Overrides::default()).unwrap();
        assert_eq!(again, settings);
    }
}
