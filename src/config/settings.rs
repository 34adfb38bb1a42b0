use std::{
    fmt::Display,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use super::document::{Document, Problems, SectionId, Value};
use crate::{base::TenantId, click::MailAddress, link::LinkBase, policy::Policy, url::Names};

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
    pub trusted_proxies: Vec<IpAddr>,
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
    /// Names that others borrow: those that are built in, and its own.
    pub names: Arc<Names>,
    /// What a person who was stopped can do.
    pub help: Option<String>,
    /// Where a mistake is reported.
    pub contact: Option<MailAddress>,
    /// Where abuse is reported.
    pub security_contact: Option<String>,
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
    /// Click events that wait for the store.
    pub queued_events: usize,
}

/// What the command line says; it comes before the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
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
        let name = path.display().to_string();
        let mut reader =
            Reader { folder: path.parent().unwrap_or(Path::new("")), document: Document::read(&name, text) };
        let config = reader.config(overrides);
        reader.document.finish()?;
        config.ok_or_else(|| Problems(Vec::new()))
    }
}

struct Reader<'a> {
    folder: &'a Path,
    document: Document,
}

impl Reader<'_> {
    fn config(&mut self, overrides: &Overrides) -> Option<Config> {
        let top = self.document.sections("").first().copied();
        let data_dir = self.path(top, "data_dir").unwrap_or_else(|| DATA_DIR.into());
        let data_dir = overrides.data_dir.clone().unwrap_or(data_dir);
        let in_data_dir = |name: &str| Named::ByDefault(data_dir.join(name));
        let tenants = self.tenants(overrides);
        let listen = self.address(top, "listen");
        let admin_listen = self.address(top, "admin_listen");
        self.refuse_public(top, overrides.admin_listen, admin_listen);
        let drain = self.number(top, "", "drain_seconds");
        let limits = self.limits();
        Some(Config {
            node: self.text(top, "", "node").unwrap_or_else(host_name),
            listen: overrides.listen.or(listen)?,
            admin_listen: overrides.admin_listen.or(admin_listen)?,
            blocklists: self.path(top, "blocklists").map_or_else(|| in_data_dir("blocklists"), Named::ByTheAdmin),
            templates: self.path(top, "templates"),
            keyring: self.path(top, "keyring").map_or_else(|| in_data_dir("keyring.toml"), Named::ByTheAdmin),
            store: self.path(top, "store").unwrap_or_else(|| data_dir.join("sekisho.db")),
            drain: Duration::from_secs(drain?),
            trusted_proxies: self.parse_each(top, "", "trusted_proxies", IpAddr::from_str),
            limits: limits?,
            tenants,
            data_dir,
        })
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
        Some(Tenant {
            retired: self.parse_each(section, TABLE, "retired_base_urls", LinkBase::parse),
            help: self.text(section, TABLE, "help"),
            contact: self.document.parse(section, TABLE, "contact", mail_address),
            security_contact: self.document.parse(section, TABLE, "security_contact", contact),
            id: TenantId(u16::try_from(number?).ok()?),
            name: name?,
            base: base?,
            policy: policy?,
            names: Arc::new(self.names(section)),
        })
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
                self.document.missing("--base-url needs a file with one tenant, because it cannot say whose it is");
            }
            return;
        };
        match LinkBase::parse(url) {
            Ok(base) if base != tenant.base => {
                let former = std::mem::replace(&mut tenant.base, base);
                tenant.retired.insert(0, former);
            }
            Ok(_) => {}
            Err(error) => self.document.missing(&format!("--base-url: {error}")),
        }
    }

    /// The admin listener answers whoever reaches it.
    fn refuse_public(&mut self, top: Option<SectionId>, named: Option<SocketAddr>, written: Option<SocketAddr>) {
        let public = |address: &SocketAddr| !address.ip().is_loopback();
        let told = |address: SocketAddr| format!("{address} would be reachable from outside; write 127.0.0.1 or [::1]");
        match (named.filter(public), named.or(written).filter(public)) {
            (Some(address), _) => self.document.missing(&format!("--admin-listen: {}", told(address))),
            (None, Some(address)) => self.document.complain(top, "admin_listen", &told(address)),
            (None, None) => {}
        }
    }

    fn limits(&mut self) -> Option<Limits> {
        let section = self.document.sections("limits").first().copied();
        let megabytes = self.number(section, "limits", "message_megabytes");
        let connections = self.number(section, "limits", "connections");
        let per_address = self.number(section, "limits", "connections_per_address");
        let events = self.number(section, "limits", "queued_events");
        Some(Limits {
            message_bytes: megabytes?.saturating_mul(1 << 20),
            connections: usize::try_from(connections?).ok()?,
            connections_per_address: usize::try_from(per_address?).ok()?,
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

    fn path(&mut self, top: Option<SectionId>, name: &str) -> Option<PathBuf> {
        Some(self.folder.join(self.text(top, "", name)?))
    }

    fn address(&mut self, top: Option<SectionId>, name: &str) -> Option<SocketAddr> {
        self.document.parse(top, "", name, |text| {
            text.parse::<SocketAddr>()
                .map_err(|_| format!("{text:?} is not an IP address and a port, such as 127.0.0.1:8480"))
        })
    }
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
            admin_listen: None,
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
}
