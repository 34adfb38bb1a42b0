use crate::http::ForwardedHeader;

/// One key of the configuration. What is written here is all that is known of it: the reader checks against it, the
/// reference page and the example are made from it.
#[derive(Debug)]
pub struct Key {
    /// The table it stands in: empty for the top, `tenant` for each `[[tenant]]`, else `[table]`.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What may stand there.
    pub kind: Kind,
    /// What counts where it is not written.
    pub preset: Preset,
    /// When a change counts.
    pub reload: Reload,
    /// What it does, in sentences for an admin.
    pub doc: &'static str,
    /// How it may look in a file, as TOML.
    pub example: &'static str,
}

/// What may stand in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text that is not empty.
    Text,
    /// A file or folder; a relative one starts at the folder of the configuration file.
    Path,
    /// A file, or several.
    Paths,
    /// An IP address and a port.
    Address,
    /// Where links live: scheme, host, optional port, optional path.
    BaseUrl,
    /// Several of them.
    BaseUrls,
    /// A `mailto:` URL, for people who were stopped.
    Mailto,
    /// `mailto:` or `https:`, for people.
    Contact,
    /// Several domains.
    Domains,
    /// Several IP addresses or networks.
    Networks,
    /// Several IP addresses, each with a port.
    Sockets,
    /// Several ports.
    Ports,
    /// Several texts.
    Texts,
    /// A whole number in these bounds, both included.
    Number(i64, i64),
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What counts where a key is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// It has to be written.
    Required,
    /// Nothing.
    Unset,
    /// This, as TOML.
    Value(&'static str),
    /// What these words say; the program works it out.
    Derived(&'static str),
}

/// When a change counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// At the next start.
    Restart,
    /// Within a second of a save of the configuration, and on SIGHUP.
    OnSave,
    /// The same, and what the folder holds within a second of being saved itself.
    AtOnce,
    /// The same, and what the file or folder holds on SIGHUP.
    Hangup,
    /// At the next start, but what the file holds within seconds of being written, and on SIGHUP.
    Files,
}

/// What a policy can do, mildest first.
const ACTIONS: &[&str] = &["redirect", "notice", "warn", "warn_with_reason", "block"];

/// How a feed may be written.
const FEED_FORMATS: &[&str] = &[
    "auto",
    "list",
    "hosts",
    "domains",
    "wildcard",
    "adblock",
    "dnsmasq",
    "unbound",
    "rpz",
    "urls",
    "openphish",
    "phishing-database",
    "urlhaus-csv",
    "phishtank-csv",
    "jpcert-csv",
    "json",
    "phishtank-json",
    "misp",
];

/// Every key, in the order of the reference page.
pub const KEYS: &[Key] = &[
    Key {
        table: "",
        name: "data_dir",
        kind: Kind::Path,
        preset: Preset::Derived("`/var/lib/sekisho`; with `--data-dir` the folder named there"),
        reload: Reload::Restart,
        doc: "The folder that holds what the program keeps: keyring, store and lists, where no other place is named \
              for them.",
        example: "\"/var/lib/sekisho\"",
    },
    Key {
        table: "",
        name: "node",
        kind: Kind::Text,
        preset: Preset::Derived("the name of the host"),
        reload: Reload::OnSave,
        doc: "The name under which this node stands in click events.",
        example: "\"click-1\"",
    },
    Key {
        table: "",
        name: "listen",
        kind: Kind::Address,
        preset: Preset::Value("\"127.0.0.1:8480\""),
        reload: Reload::Restart,
        doc: "Where clicks are answered. TLS is ended in front of it, or here where `[tls]` names a certificate.",
        example: "\"0.0.0.0:8480\"",
    },
    Key {
        table: "",
        name: "admin_listen",
        kind: Kind::Address,
        preset: Preset::Value("\"127.0.0.1:8481\""),
        reload: Reload::Restart,
        doc: "Where health (`/healthz`) and readiness (`/readyz`) are answered, to this machine alone.",
        example: "\"127.0.0.1:8481\"",
    },
    Key {
        table: "",
        name: "blocklists",
        kind: Kind::Path,
        preset: Preset::Derived("`blocklists` in `data_dir`, filled with the shipped lists on first use"),
        reload: Reload::AtOnce,
        doc: "The folder of list files. Every `*.list` file in it counts within a second of being saved.",
        example: "\"/etc/sekisho/blocklists\"",
    },
    Key {
        table: "",
        name: "templates",
        kind: Kind::Path,
        preset: Preset::Unset,
        reload: Reload::Hangup,
        doc: "A folder of page templates that stand in for the built-in ones of the same name. They are checked when \
              the program starts, and one that is wrong stops the start; when they are read again the old ones stay in \
              its place.",
        example: "\"/etc/sekisho/templates\"",
    },
    Key {
        table: "",
        name: "keyring",
        kind: Kind::Path,
        preset: Preset::Derived("`keyring.toml` in `data_dir`"),
        reload: Reload::Hangup,
        doc: "The file with the keys that sign links: the one thing that has to be backed up, because without it every \
              link ever made is dead. Readable by its owner alone (mode 0600). `sekisho keys init` makes it.",
        example: "\"/etc/sekisho/keyring.toml\"",
    },
    Key {
        table: "",
        name: "store",
        kind: Kind::Path,
        preset: Preset::Derived("`sekisho.db` in `data_dir`"),
        reload: Reload::Restart,
        doc: "The SQLite database that holds which link went into which message, and every click.",
        example: "\"/var/lib/sekisho/sekisho.db\"",
    },
    Key {
        table: "",
        name: "spool",
        kind: Kind::Path,
        preset: Preset::Derived("`spool` in `data_dir`"),
        reload: Reload::Restart,
        doc: "The folder where clicks are put on the disk at once and wait to be brought into the store. It has to be on a \
              local disk; several processes may share it.",
        example: "\"/var/lib/sekisho/spool\"",
    },
    Key {
        table: "",
        name: "trusted_proxies",
        kind: Kind::Networks,
        preset: Preset::Value("[]"),
        reload: Reload::Restart,
        doc: "Addresses and networks of the front ends that end TLS. They have no cap of connections of their own, the \
              address of a client is read from the header below where one of them says it, and from nobody else, and \
              they may speak HTTP/2 without TLS.",
        example: "[\"127.0.0.1\", \"10.0.0.0/24\"]",
    },
    Key {
        table: "",
        name: "forwarded_header",
        kind: Kind::Choice(ForwardedHeader::NAMES),
        preset: Preset::Value("\"x-forwarded-for\""),
        reload: Reload::Restart,
        doc: "The header in which trusted proxies say for whom they speak. It is read from its end, up to the first \
              address that is no trusted proxy. Name the one that they write themselves: the other comes from strangers.",
        example: "\"forwarded\"",
    },
    Key {
        table: "",
        name: "proxy_protocol",
        kind: Kind::Networks,
        preset: Preset::Value("[]"),
        reload: Reload::Restart,
        doc: "Addresses and networks of the load balancers that begin each connection with a PROXY header (version 1 or \
              2), which names the client. From them it is required, and nobody else may send one.",
        example: "[\"10.0.0.0/24\"]",
    },
    Key {
        table: "",
        name: "workers",
        kind: Kind::Number(1, 512),
        preset: Preset::Derived("the number of cores that the program may use"),
        reload: Reload::Restart,
        doc: "How many threads answer clicks, each with a listener of its own.",
        example: "4",
    },
    Key {
        table: "",
        name: "drain_seconds",
        kind: Kind::Number(0, 600),
        preset: Preset::Value("10"),
        reload: Reload::Restart,
        doc: "How long after SIGTERM a request that has begun may take to end.",
        example: "10",
    },
    Key {
        table: "tls",
        name: "certificate",
        kind: Kind::Paths,
        preset: Preset::Unset,
        reload: Reload::Files,
        doc: "The certificate chain in PEM, the certificate of the link host first. Of several files, each is for the \
              names that stand in it, and the first also for whoever asks for none of them. New ones count within \
              seconds of being written, without a connection being dropped; what cannot be used is told, and the former \
              stay.",
        example: "\"/etc/sekisho/tls/fullchain.pem\"",
    },
    Key {
        table: "tls",
        name: "key",
        kind: Kind::Paths,
        preset: Preset::Unset,
        reload: Reload::Files,
        doc: "Its private key in PEM, without a passphrase; of several, in the order of the certificates.",
        example: "\"/etc/sekisho/tls/privkey.pem\"",
    },
    Key {
        table: "tenant",
        name: "id",
        kind: Kind::Number(1, 65535),
        preset: Preset::Required,
        reload: Reload::OnSave,
        doc: "The number of the tenant. It stands in every link, so it is never changed and never given to another.",
        example: "1",
    },
    Key {
        table: "tenant",
        name: "name",
        kind: Kind::Text,
        preset: Preset::Required,
        reload: Reload::OnSave,
        doc: "The name of the organisation, as its pages show it.",
        example: "\"Example Corporation\"",
    },
    Key {
        table: "tenant",
        name: "base_url",
        kind: Kind::BaseUrl,
        preset: Preset::Required,
        reload: Reload::OnSave,
        doc: "Where the links of this tenant live: scheme, host, optional port, optional path. Two tenants cannot \
              share one.",
        example: "\"https://go.corp.example\"",
    },
    Key {
        table: "tenant",
        name: "retired_base_urls",
        kind: Kind::BaseUrls,
        preset: Preset::Value("[]"),
        reload: Reload::OnSave,
        doc: "Where its links lived before. They still open there; no new ones are made.",
        example: "[\"https://links.corp.example\"]",
    },
    Key {
        table: "tenant",
        name: "policy",
        kind: Kind::Text,
        preset: Preset::Value("\"standard\""),
        reload: Reload::OnSave,
        doc: "What is done with what is found: `standard` warns of the suspicious and stops the malicious; `strict` \
              lets through only what nothing speaks against; or the name of a `[[policy]]`.",
        example: "\"strict\"",
    },
    Key {
        table: "tenant",
        name: "protected",
        kind: Kind::Domains,
        preset: Preset::Value("[]"),
        reload: Reload::OnSave,
        doc: "Domains of its own that others may imitate. A host that can be taken for one of them, or for one of the \
              well-known names that are built in, is suspicious.",
        example: "[\"corp.example\", \"corp-mail.example\"]",
    },
    Key {
        table: "tenant",
        name: "help",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "What a person who was stopped can do; shown on every page.",
        example: "\"Call the service desk: 1234.\"",
    },
    Key {
        table: "tenant",
        name: "contact",
        kind: Kind::Mailto,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "Where a person who was stopped reports a mistake.",
        example: "\"mailto:helpdesk@corp.example\"",
    },
    Key {
        table: "tenant",
        name: "security_contact",
        kind: Kind::Contact,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "Where abuse of the link host is reported; published in `/.well-known/security.txt`.",
        example: "\"mailto:abuse@corp.example\"",
    },
    Key {
        table: "tenant",
        name: "logo",
        kind: Kind::Path,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "A picture that stands before the name on its pages: SVG or PNG, at most 64 kB. It is served from the link host \
              as a picture alone. The file is read with the configuration, so a changed one counts on SIGHUP.",
        example: "\"logo.svg\"",
    },
    Key {
        table: "tenant",
        name: "color",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "The colour of buttons and links on its pages. One that cannot be read on their paper (contrast below 4.5 to 1) \
              is refused with the ratio.",
        example: "\"#7a1f3d\"",
    },
    Key {
        table: "tenant",
        name: "color_dark",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "The same where the reader's device is set to dark.",
        example: "\"#f0a3bb\"",
    },
    Key {
        table: "tenant",
        name: "report_days",
        kind: Kind::Number(1, 90),
        preset: Preset::Value("3"),
        reload: Reload::OnSave,
        doc: "Within how many days a mistake that a person reports on a page is answered (`sekisho reports`); the page \
              says so.",
        example: "3",
    },
    Key {
        table: "tenant",
        name: "networks",
        kind: Kind::Networks,
        preset: Preset::Value("[]"),
        reload: Reload::OnSave,
        doc: "Where the people of this tenant click from. A click from anywhere else is shown first where the link goes, and \
              asks before it goes on. Empty: no click is from outside, which suits people with telephones.",
        example: "[\"192.0.2.0/24\", \"2001:db8::/32\"]",
    },
    Key {
        table: "policy",
        name: "name",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "Has to be written. Its name, for tenants, lists (`@policy`) and events: letters, digits, `.`, `_` and `-`. Its version is made of \
              what it does.",
        example: "\"finance\"",
    },
    Key {
        table: "policy",
        name: "based_on",
        kind: Kind::Choice(&["standard", "strict"]),
        preset: Preset::Value("\"standard\""),
        reload: Reload::OnSave,
        doc: "The preset that it changes. Messages are rewritten as under that preset.",
        example: "\"strict\"",
    },
    Key {
        table: "policy",
        name: "clean",
        kind: Kind::Choice(ACTIONS),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::OnSave,
        doc: "What happens to a URL that nothing speaks against.",
        example: "\"redirect\"",
    },
    Key {
        table: "policy",
        name: "unknown",
        kind: Kind::Choice(ACTIONS),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::OnSave,
        doc: "What happens where a source that has to be asked is silent.",
        example: "\"warn\"",
    },
    Key {
        table: "policy",
        name: "suspicious",
        kind: Kind::Choice(ACTIONS),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::OnSave,
        doc: "What happens to what is suspicious; never milder than `unknown`.",
        example: "\"warn_with_reason\"",
    },
    Key {
        table: "policy",
        name: "malicious",
        kind: Kind::Choice(ACTIONS),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::OnSave,
        doc: "What happens to what is known as bad; never milder than `suspicious`.",
        example: "\"block\"",
    },
    Key {
        table: "policy",
        name: "overrides",
        kind: Kind::Choice(&["allowed", "refused"]),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::OnSave,
        doc: "Whether a person may go on past a warning. `refused`: what would be warned of is blocked.",
        example: "\"refused\"",
    },
    Key {
        table: "policy",
        name: "scan",
        kind: Kind::Choice(&["all", "lists_only"]),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::OnSave,
        doc: "Whether sources are asked that take their time. `lists_only`: the lists, and what can be read off the URL.",
        example: "\"all\"",
    },
    Key {
        table: "policy",
        name: "checking",
        kind: Kind::Choice(&["may_continue", "wait"]),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::OnSave,
        doc: "What a person can do while a destination is still being visited. `wait`: nothing else; `may_continue`: also go \
              on without waiting.",
        example: "\"wait\"",
    },
    Key {
        table: "policy",
        name: "never_visit",
        kind: Kind::Domains,
        preset: Preset::Value("[]"),
        reload: Reload::OnSave,
        doc: "Domains that are never visited, themselves and all below: those where opening a page does something, or whose \
              owner does not want it. Lists go on to apply to them.",
        example: "[\"payroll.example\"]",
    },
    Key {
        table: "policy",
        name: "log",
        kind: Kind::Choice(&["every", "stops"]),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::OnSave,
        doc: "Which clicks are recorded. `stops`: only those to which a page was shown.",
        example: "\"every\"",
    },
    Key {
        table: "scan",
        name: "visit",
        kind: Kind::Choice(&["off", "on"]),
        preset: Preset::Value("\"off\""),
        reload: Reload::Restart,
        doc: "Whether destinations are visited when they are clicked. `off`: nothing is ever fetched, and clicks are decided \
              by what is known already.",
        example: "\"on\"",
    },
    Key {
        table: "scan",
        name: "contact",
        kind: Kind::Contact,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "Where owners of visited pages can ask who visits; it stands in the `User-Agent` of every visit. Without it, \
              `base_url` of the first tenant does.",
        example: "\"https://www.corp.example/link-check\"",
    },
    Key {
        table: "scan",
        name: "resolvers",
        kind: Kind::Sockets,
        preset: Preset::Value("[]"),
        reload: Reload::Restart,
        doc: "DNS servers that are asked for the addresses of what is visited. Empty: those that this machine asks.",
        example: "[\"127.0.0.1:53\"]",
    },
    Key {
        table: "scan",
        name: "ports",
        kind: Kind::Ports,
        preset: Preset::Value("[]"),
        reload: Reload::Restart,
        doc: "Ports that are visited beside 80 and 443.",
        example: "[8080, 8443]",
    },
    Key {
        table: "scan",
        name: "never_networks",
        kind: Kind::Networks,
        preset: Preset::Value("[]"),
        reload: Reload::Restart,
        doc: "Networks that are never visited, beside all that are not on the internet: public addresses of your own.",
        example: "[\"192.0.2.0/24\"]",
    },
    Key {
        table: "policy",
        name: "optional_sources",
        kind: Kind::Texts,
        preset: Preset::Value("[]"),
        reload: Reload::OnSave,
        doc: "Names of sources (of `[[dns_list]]`, `[[rpz]]`, `safe_browsing` or `visit`) whose silence means nothing here. \
              Where any other is silent, the URL is unknown.",
        example: "[\"surbl\"]",
    },
    Key {
        table: "dns_list",
        name: "name",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "Has to be written. Its name in events, policies and metrics: letters, digits, `.`, `_` and `-`.",
        example: "\"surbl\"",
    },
    Key {
        table: "dns_list",
        name: "preset",
        kind: Kind::Choice(crate::sources::dns::Preset::NAMES),
        preset: Preset::Value("\"plain\""),
        reload: Reload::Restart,
        doc: "Whose rules it follows: what it is asked, and what its codes mean. `plain`: hosts and addresses, and 127.0.0.2 \
              means listed.",
        example: "\"surbl\"",
    },
    Key {
        table: "dns_list",
        name: "zone",
        kind: Kind::Text,
        preset: Preset::Derived("the public zone of the preset, where it has one"),
        reload: Reload::Restart,
        doc: "The zone that is asked. A subscriber's zone with a key in it makes this file a secret.",
        example: "\"multi.surbl.org\"",
    },
    Key {
        table: "dns_list",
        name: "resolver",
        kind: Kind::Address,
        preset: Preset::Derived("the resolvers of the system"),
        reload: Reload::Restart,
        doc: "The resolver, or the server of the zone itself, that is asked. Most public lists do not serve public \
              resolvers.",
        example: "\"127.0.0.1:53\"",
    },
    Key {
        table: "dns_list",
        name: "asks",
        kind: Kind::Choice(&["domain", "hosts"]),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::Restart,
        doc: "`domain`: the registered domain alone. `hosts`: the host and the domains above it, down to that one.",
        example: "\"domain\"",
    },
    Key {
        table: "dns_list",
        name: "addresses",
        kind: Kind::Choice(&["asked", "never"]),
        preset: Preset::Derived("what the preset does"),
        reload: Reload::Restart,
        doc: "Whether it is asked about addresses that stand as a host.",
        example: "\"never\"",
    },
    Key {
        table: "dns_list",
        name: "codes",
        kind: Kind::Texts,
        preset: Preset::Derived("the table of the preset"),
        reload: Reload::Restart,
        doc: "What its answers mean, in place of the table of the preset; answers that say that a list does not serve the \
              resolver stay what they are. An address or a bit of the last number, a threat (`phishing`, `malware`, `scam`, \
              `none`) or `ignored`, and `suspicious` where it is not `malicious`.",
        example: "[\"127.0.0.2 phishing\", \"bit 8 malware suspicious\"]",
    },
    Key {
        table: "dns_list",
        name: "per_second",
        kind: Kind::Number(0, 1_000_000),
        preset: Preset::Value("50"),
        reload: Reload::Restart,
        doc: "How many questions it is asked in a second at most; more are not asked, and it is silent for them. 0: no limit.",
        example: "50",
    },
    Key {
        table: "dns_list",
        name: "per_day",
        kind: Kind::Number(0, 1_000_000_000),
        preset: Preset::Value("100000"),
        reload: Reload::Restart,
        doc: "The same in a day (UTC). Public lists serve a small house free of charge, and no more than their terms say.",
        example: "100000",
    },
    Key {
        table: "rpz",
        name: "name",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "Has to be written. Its name in events, policies and metrics: letters, digits, `.`, `_` and `-`.",
        example: "\"own-rpz\"",
    },
    Key {
        table: "rpz",
        name: "zone",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "Has to be written. The name of the zone.",
        example: "\"rpz.corp.example\"",
    },
    Key {
        table: "rpz",
        name: "file",
        kind: Kind::Path,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "The file that holds the zone. It is read again within seconds of being written; one that cannot be read changes \
              nothing. With a `primary`, the file where what it sent is kept instead of `rpz` in `data_dir`.",
        example: "\"rpz.zone\"",
    },
    Key {
        table: "rpz",
        name: "primary",
        kind: Kind::Address,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "The server that the zone is transferred from (AXFR over TCP), where it does not lie in a file. The timers of its \
              SOA record say how often it is asked.",
        example: "\"192.0.2.53:53\"",
    },
    Key {
        table: "rpz",
        name: "key_name",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "The name of the key with which transfers are signed (TSIG, hmac-sha256). With one, nothing counts that is not \
              signed.",
        example: "\"sekisho-transfer\"",
    },
    Key {
        table: "rpz",
        name: "key_file",
        kind: Kind::Path,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "The file with that key: one line in base64.",
        example: "\"transfer.key\"",
    },
    Key {
        table: "rpz",
        name: "tier",
        kind: Kind::Choice(&["malicious", "suspicious"]),
        preset: Preset::Value("\"malicious\""),
        reload: Reload::Restart,
        doc: "What a host amounts to that the zone does not let pass.",
        example: "\"suspicious\"",
    },
    Key {
        table: "safe_browsing",
        name: "url",
        kind: Kind::BaseUrl,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "The server of hash-prefix lists (Safe Browsing, version 5), without a path. Unset: there is none.",
        example: "\"https://safebrowsing.googleapis.com\"",
    },
    Key {
        table: "safe_browsing",
        name: "key_file",
        kind: Kind::Path,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "The file with the key for that server: one line.",
        example: "\"safe-browsing.key\"",
    },
    Key {
        table: "safe_browsing",
        name: "lists",
        kind: Kind::Texts,
        preset: Preset::Value("[\"se-4b\", \"mw-4b\", \"uws-4b\"]"),
        reload: Reload::Restart,
        doc: "The names of the lists that are kept: those with prefixes of four bytes (`-4b`).",
        example: "[\"se-4b\", \"mw-4b\"]",
    },
    Key {
        table: "feed",
        name: "name",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "Has to be written. Its name, for commands and events: letters, digits, `_` and `-`. Its list is called `feeds/NAME`.",
        example: "\"phishing\"",
    },
    Key {
        table: "feed",
        name: "from",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "Has to be written. Where it is: an https or http URL, or a file on this machine that something else brings. Where a \
              secret belongs into the URL, `{secret}` stands there. No proxy of the environment is used.",
        example: "\"https://feed.example/list.txt\"",
    },
    Key {
        table: "feed",
        name: "format",
        kind: Kind::Choice(FEED_FORMATS),
        preset: Preset::Value("\"auto\""),
        reload: Reload::OnSave,
        doc: "How it is written (docs/LISTS.md says what each format becomes). `auto`: told by its first lines; an update of \
              which that cannot be told is refused.",
        example: "\"urlhaus-csv\"",
    },
    Key {
        table: "feed",
        name: "names",
        kind: Kind::Choice(&["domains", "hosts"]),
        preset: Preset::Value("\"domains\""),
        reload: Reload::OnSave,
        doc: "What a plain name in it stands for: the domain with every host below, or the one host.",
        example: "\"hosts\"",
    },
    Key {
        table: "feed",
        name: "key",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "The array that is meant, where its JSON has several.",
        example: "\"deny\"",
    },
    Key {
        table: "feed",
        name: "trust",
        kind: Kind::Choice(&["block", "warn", "signal"]),
        preset: Preset::Value("\"block\""),
        reload: Reload::OnSave,
        doc: "What its word amounts to. `block`: malicious; `warn`: suspicious; `signal`: told in the event and nothing more, \
              which is how a new feed is tried out. Admins' entries come before it.",
        example: "\"signal\"",
    },
    Key {
        table: "feed",
        name: "threat",
        kind: Kind::Choice(&["phishing", "malware", "scam"]),
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "In which way what it names is bad, where all of it is so in one.",
        example: "\"phishing\"",
    },
    Key {
        table: "feed",
        name: "interval_minutes",
        kind: Kind::Number(1, 10_080),
        preset: Preset::Value("60"),
        reload: Reload::OnSave,
        doc: "How often it is asked, a tenth sooner or later. After a failure it is asked again in a minute, then in two, four and \
              so on. One that could not be asked for three of these is stale, which readiness tells.",
        example: "60",
    },
    Key {
        table: "feed",
        name: "timeout_seconds",
        kind: Kind::Number(1, 3600),
        preset: Preset::Value("60"),
        reload: Reload::OnSave,
        doc: "How long one fetch may take in all.",
        example: "60",
    },
    Key {
        table: "feed",
        name: "max_megabytes",
        kind: Kind::Number(1, 256),
        preset: Preset::Value("64"),
        reload: Reload::OnSave,
        doc: "How large it may be, unpacked. So much is held in memory while an update is read.",
        example: "64",
    },
    Key {
        table: "feed",
        name: "max_entries",
        kind: Kind::Number(1, 20_000_000),
        preset: Preset::Value("2000000"),
        reload: Reload::OnSave,
        doc: "How many entries it may have. An update with more is refused.",
        example: "2000000",
    },
    Key {
        table: "feed",
        name: "max_stopped_percent",
        kind: Kind::Number(0, 100),
        preset: Preset::Value("2"),
        reload: Reload::OnSave,
        doc: "An update that would stop more than this part of the last hour's clicks, and more than 20 of them, is refused. 100: \
              none is refused for that.",
        example: "2",
    },
    Key {
        table: "feed",
        name: "header",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "A header that goes with each request to the host of the URL, and to no other that it leads to. The secret stands in it as \
              `{secret}`.",
        example: "\"Auth-Key: {secret}\"",
    },
    Key {
        table: "feed",
        name: "secret_file",
        kind: Kind::Path,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "The file that holds the secret for `from` or `header`. It is read at each fetch and never shown.",
        example: "\"/etc/sekisho/feed.secret\"",
    },
    Key {
        table: "mail",
        name: "milter_listen",
        kind: Kind::Text,
        preset: Preset::Value("\"127.0.0.1:8484\""),
        reload: Reload::Restart,
        doc: "Where `sekisho milter` waits for the mail system: an IP address and a port, or `unix:` and the whole path of a \
              socket.",
        example: "\"unix:/run/sekisho/milter.sock\"",
    },
    Key {
        table: "mail",
        name: "filter_listen",
        kind: Kind::Text,
        preset: Preset::Value("\"127.0.0.1:8485\""),
        reload: Reload::Restart,
        doc: "Where `sekisho filter` takes messages in, by LMTP or SMTP: an IP address and a port, or `unix:` and the whole path of a \
              socket.",
        example: "\"127.0.0.1:8485\"",
    },
    Key {
        table: "mail",
        name: "next",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "Where `sekisho filter` hands them on: `lmtp:` or `smtp:` and a place, such as `smtp:127.0.0.1:10026` or \
              `lmtp:unix:/run/dovecot/lmtp`.",
        example: "\"smtp:127.0.0.1:10026\"",
    },
    Key {
        table: "mail",
        name: "socket_mode",
        kind: Kind::Text,
        preset: Preset::Value("\"0660\""),
        reload: Reload::Restart,
        doc: "The permissions of a socket in the file system, in octal. The user of the mail system has to be able to read and \
              write it.",
        example: "\"0660\"",
    },
    Key {
        table: "mail",
        name: "outgoing_networks",
        kind: Kind::Networks,
        preset: Preset::Value("[]"),
        reload: Reload::Restart,
        doc: "Whose mail goes out: addresses and networks of clients that submit the mail of your people, beside those that logged \
              in. In it links of ours become what they were, and none are made. All other mail comes in.",
        example: "[\"192.0.2.0/24\"]",
    },
    Key {
        table: "mail",
        name: "failure_inbound",
        kind: Kind::Choice(&["tempfail", "accept", "reject"]),
        preset: Preset::Value("\"tempfail\""),
        reload: Reload::Restart,
        doc: "What becomes of a message to your people that could not be examined. `tempfail`: the mail system keeps it and tries \
              again; `accept`: it goes on as it came, with a field `X-Sekisho-Unexamined`; `reject`: it is refused for good.",
        example: "\"tempfail\"",
    },
    Key {
        table: "mail",
        name: "failure_outgoing",
        kind: Kind::Choice(&["tempfail", "accept", "reject"]),
        preset: Preset::Value("\"tempfail\""),
        reload: Reload::Restart,
        doc: "The same for a message from your people.",
        example: "\"accept\"",
    },
    Key {
        table: "mail",
        name: "too_large",
        kind: Kind::Choice(&["reject", "tempfail", "accept"]),
        preset: Preset::Value("\"reject\""),
        reload: Reload::Restart,
        doc: "What becomes of a message of more than `limits.message_megabytes`.",
        example: "\"reject\"",
    },
    Key {
        table: "mail",
        name: "malicious",
        kind: Kind::Choice(&["quarantine", "reject", "mark"]),
        preset: Preset::Value("\"quarantine\""),
        reload: Reload::Restart,
        doc: "What becomes of a message with a link that the lists know as bad when it comes. `quarantine`: the mail system keeps it \
              aside (Postfix: the hold queue); `mark`: it goes on with a field `X-Sekisho-Verdict: malicious`. A content filter, \
              which cannot keep anything aside, marks it instead.",
        example: "\"quarantine\"",
    },
    Key {
        table: "mail",
        name: "suspicious",
        kind: Kind::Choice(&["mark", "quarantine", "pass"]),
        preset: Preset::Value("\"mark\""),
        reload: Reload::Restart,
        doc: "What becomes of a message with a suspicious link. `mark`: it goes on with a field `X-Sekisho-Verdict: suspicious`, \
              by which a rule of the mailbox can sort it; `pass`: without.",
        example: "\"mark\"",
    },
    Key {
        table: "mail",
        name: "unproven",
        kind: Kind::Choice(&["tell", "mark", "follow"]),
        preset: Preset::Value("\"tell\""),
        reload: Reload::Restart,
        doc: "What becomes of a message that nothing proves to come from the domain in From, where its owner asks that such mail \
              be kept aside or refused (DMARC; it needs `authentication.check`). `tell`: that is told, and nothing else; `mark`: it \
              goes on with a field `X-Sekisho-Verdict: suspicious`; `follow`: what the owner asks for. Mail of lists and \
              forwarders often has no such proof any more.",
        example: "\"mark\"",
    },
    Key {
        table: "mail",
        name: "poison",
        kind: Kind::Choice(&["quarantine", "reject", "accept"]),
        preset: Preset::Value("\"quarantine\""),
        reload: Reload::Restart,
        doc: "What becomes of a message that could not be examined `poison_attempts` times for a reason of its own: it cannot be \
              read, or makes the program fail.",
        example: "\"quarantine\"",
    },
    Key {
        table: "mail",
        name: "poison_attempts",
        kind: Kind::Number(1, 1000),
        preset: Preset::Value("10"),
        reload: Reload::Restart,
        doc: "How often such a message is tried.",
        example: "10",
    },
    Key {
        table: "mail",
        name: "seconds",
        kind: Kind::Number(1, 3600),
        preset: Preset::Value("240"),
        reload: Reload::Restart,
        doc: "How long a message may take, with the time that it waits for its turn. Less than the mail system waits (Postfix: \
              `milter_content_timeout`, 300).",
        example: "240",
    },
    Key {
        table: "mail",
        name: "at_once",
        kind: Kind::Number(1, 512),
        preset: Preset::Value("4"),
        reload: Reload::Restart,
        doc: "How many messages are examined at one time; others wait for their turn.",
        example: "8",
    },
    Key {
        table: "mail",
        name: "connections",
        kind: Kind::Number(1, 10_000),
        preset: Preset::Value("200"),
        reload: Reload::Restart,
        doc: "How many connections of the mail system are open at one time.",
        example: "200",
    },
    Key {
        table: "authentication",
        name: "check",
        kind: Kind::Choice(&["off", "on"]),
        preset: Preset::Value("\"off\""),
        reload: Reload::OnSave,
        doc: "Whether messages that come in are looked at by SPF, DKIM, DMARC and ARC before anything is changed, and what was \
              found is written into a field `Authentication-Results`. It asks by DNS, which a host of mail may not be able to, and \
              most hosts have a program for it already: so it is off unless it is wanted.",
        example: "\"on\"",
    },
    Key {
        table: "authentication",
        name: "name",
        kind: Kind::Text,
        preset: Preset::Derived("`node`"),
        reload: Reload::OnSave,
        doc: "The name in which that field speaks (authserv-id). Fields that come in with it are forged, and are taken out.",
        example: "\"mx.corp.example\"",
    },
    Key {
        table: "authentication",
        name: "trusted_names",
        kind: Kind::Texts,
        preset: Preset::Value("[]"),
        reload: Reload::OnSave,
        doc: "Names in which programs of yours speak that look at messages before Sekisho does: rspamd, OpenDKIM with OpenDMARC. \
              A field of theirs is believed and stays, and nothing is looked at again. They have to take out what others wrote in \
              their name.",
        example: "[\"mx.corp.example\"]",
    },
    Key {
        table: "authentication",
        name: "resolvers",
        kind: Kind::Sockets,
        preset: Preset::Value("[]"),
        reload: Reload::OnSave,
        doc: "DNS servers, each with its port; none: those of the machine. One on the machine itself is best.",
        example: "[\"127.0.0.1:53\"]",
    },
    Key {
        table: "authentication",
        name: "seconds",
        kind: Kind::Number(1, 60),
        preset: Preset::Value("3"),
        reload: Reload::OnSave,
        doc: "How long all of it may take for one message. What is not known by then is `temperror`, and the message goes on.",
        example: "3",
    },
    Key {
        table: "authentication",
        name: "relays",
        kind: Kind::Networks,
        preset: Preset::Value("[]"),
        reload: Reload::OnSave,
        doc: "Hosts of yours that messages come by before they come to this one: addresses and networks. Who handed a message to \
              them is who sent it, as their fields `Received` say.",
        example: "[\"192.0.2.0/28\"]",
    },
    Key {
        table: "authentication",
        name: "seal_domain",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "In whose name messages are sealed as they go (ARC): who comes behind you and trusts this domain sees what was true \
              when they came, though links were rewritten since. A seal needs this key and the next two.",
        example: "\"corp.example\"",
    },
    Key {
        table: "authentication",
        name: "seal_selector",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::OnSave,
        doc: "The name of the public key: it is published at `SELECTOR._domainkey.DOMAIN`, as for DKIM.",
        example: "\"arc-2026\"",
    },
    Key {
        table: "authentication",
        name: "seal_key",
        kind: Kind::Path,
        preset: Preset::Unset,
        reload: Reload::Hangup,
        doc: "The private key: RSA of 2048 bits or more, in PEM, for the user of the service alone (mode 0600).",
        example: "\"/etc/sekisho/arc.pem\"",
    },
    Key {
        table: "limits",
        name: "link_openings_per_minute",
        kind: Kind::Number(0, 1_000_000),
        preset: Preset::Value("6000"),
        reload: Reload::OnSave,
        doc: "How often one link is opened in a minute before people are asked to confirm; they can always go on. A message \
              that went to many on purpose is registered with `sekisho notice add`. 0: no limit.",
        example: "6000",
    },
    Key {
        table: "limits",
        name: "message_megabytes",
        kind: Kind::Number(1, 1024),
        preset: Preset::Value("64"),
        reload: Reload::OnSave,
        doc: "A message larger than this is not taken by `sekisho rewrite` (exit code 65).",
        example: "64",
    },
    Key {
        table: "limits",
        name: "connections",
        kind: Kind::Number(1, 1_000_000),
        preset: Preset::Value("10000"),
        reload: Reload::Restart,
        doc: "How many connections are open at one time; more are refused at once with 503 (`Retry-After: 1`).",
        example: "10000",
    },
    Key {
        table: "limits",
        name: "connections_per_address",
        kind: Kind::Number(1, 1_000_000),
        preset: Preset::Value("1000"),
        reload: Reload::Restart,
        doc: "How many connections are open at one time from one address (IPv6: from one /64); more are refused. Trusted \
              proxies have no such cap.",
        example: "1000",
    },
    Key {
        table: "limits",
        name: "spool_megabytes",
        kind: Kind::Number(4, 4096),
        preset: Preset::Value("256"),
        reload: Reload::Restart,
        doc: "How much room clicks have that wait for the store while it is slow, locked or full: 256 is enough for about \
              400,000. It is reserved on the disk at the start, so that a full disk cannot stop it; while a new process \
              takes over from an old one each has so much. What comes when it is used up is counted and lost.",
        example: "256",
    },
    Key {
        table: "clamav",
        name: "socket",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "Where clamd of ClamAV listens: the path of its socket, or an IP address and a port. Files that a visit of a \
              destination brings are sent there; over an address they are sent without encryption. Not set: no virus \
              scanner is asked.",
        example: "\"/run/clamav/clamd.ctl\"",
    },
    Key {
        table: "clamav",
        name: "timeout_seconds",
        kind: Kind::Number(1, 60),
        preset: Preset::Value("10"),
        reload: Reload::Restart,
        doc: "How long clamd may take for one file. Later than that it has said nothing.",
        example: "10",
    },
    Key {
        table: "clamav",
        name: "megabytes",
        kind: Kind::Number(1, 1024),
        preset: Preset::Value("25"),
        reload: Reload::Restart,
        doc: "Files larger than this are not sent. `StreamMaxLength` of clamd is the other cap; its default is 25.",
        example: "25",
    },
    Key {
        table: "alerts",
        name: "command",
        kind: Kind::Texts,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "A program and its arguments (no shell) that is run for each alert, with the alert as JSON on its input: a \
              verdict that turned, with the clicks that had gone on there (docs/ALERTS.md). Only when it ends with 0 has it \
              taken it; otherwise it is run again later.",
        example: "[\"/usr/local/bin/tell-the-desk\", \"--from\", \"sekisho\"]",
    },
    Key {
        table: "alerts",
        name: "url",
        kind: Kind::Text,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "A server that each alert is sent to as JSON by POST, signed (docs/ALERTS.md): `https:`, or `http:` on this \
              machine. Only with a status from 200 to 299 has it taken it; otherwise it is sent again later.",
        example: "\"https://desk.corp.example/hooks/sekisho\"",
    },
    Key {
        table: "alerts",
        name: "key_file",
        kind: Kind::Path,
        preset: Preset::Unset,
        reload: Reload::Restart,
        doc: "The file with the key that this server has too, and by which it knows that an alert is ours: one line of 16 \
              characters or more.",
        example: "\"alerts.key\"",
    },
    Key {
        table: "retention",
        name: "click_days",
        kind: Kind::Number(1, 36_500),
        preset: Preset::Value("400"),
        reload: Reload::Restart,
        doc: "How many days clicks are kept at least. They are dropped by the month, at the start and every hour: a month \
              goes when all of it is older. 400 days let a year be compared with the one before; where law or works \
              council ask for less, 30 or 90 are usual.",
        example: "90",
    },
    Key {
        table: "api",
        name: "listen",
        kind: Kind::Address,
        preset: Preset::Value("\"127.0.0.1:8483\""),
        reload: Reload::Restart,
        doc: "Where `sekisho api` answers programs. Under the certificate of `[tls]` where there is one; without, only this \
              machine can be let in.",
        example: "\"127.0.0.1:8483\"",
    },
    Key {
        table: "api",
        name: "tokens",
        kind: Kind::Path,
        preset: Preset::Derived("`tokens.toml` in `data_dir`"),
        reload: Reload::Restart,
        doc: "The file that says who may use it, and for what. `sekisho tokens` makes and changes it; a change counts at the \
              next request.",
        example: "\"/etc/sekisho/tokens.toml\"",
    },
    Key {
        table: "api",
        name: "at_once",
        kind: Kind::Number(1, 1024),
        preset: Preset::Value("8"),
        reload: Reload::Restart,
        doc: "How many requests are worked on at one time; others wait for up to ten seconds and are then told to come again \
              (503). Each may hold a few times `limits.message_megabytes` in memory.",
        example: "8",
    },
];

impl Key {
    /// The key with its table, as messages name it: `listen`, `tenant.id`, `limits.connections`.
    pub fn path(&self) -> String {
        match self.table {
            "" => self.name.to_owned(),
            table => format!("{table}.{}", self.name),
        }
    }
}

impl Kind {
    /// What may stand there, in words.
    pub fn describe(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Path => "a path".into(),
            Self::Paths => "a path, or a list of paths".into(),
            Self::Address => "an IP address and a port, such as \"127.0.0.1:8480\" or \"[::1]:8480\"".into(),
            Self::BaseUrl => "an http or https URL without query, such as \"https://go.corp.example\"".into(),
            Self::BaseUrls => "a list of URLs, such as [\"https://go.corp.example\"]".into(),
            Self::Mailto => "a mailto: URL, such as \"mailto:helpdesk@corp.example\"".into(),
            Self::Domains => "a list of domains, such as [\"corp.example\"]".into(),
            Self::Networks => "a list of IP addresses and networks, such as [\"127.0.0.1\", \"10.0.0.0/24\"]".into(),
            Self::Sockets => "a list of IP addresses with ports, such as [\"127.0.0.1:53\"]".into(),
            Self::Ports => "a list of ports, such as [8080, 8443]".into(),
            Self::Texts => "a list of texts, such as [\"one\", \"two\"]".into(),
            Self::Contact => "a mailto: or https: URL, such as \"mailto:helpdesk@corp.example\"".into(),
            Self::Number(low, high) => format!("a whole number from {low} to {high}"),
            Self::Choice(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                format!("one of {}", quoted.join(", "))
            }
        }
    }
}

/// The tables, in the order of the reference page: name, whether there may be several, what they are about.
pub(super) const TABLES: &[(&str, Several, &str)] = &[
    ("", Several::No, "Where things are and where the program listens."),
    ("tls", Several::No, "Certificates with which the program ends TLS itself (1.2 and 1.3, HTTP/2 and HTTP/1.1)."),
    ("tenant", Several::Yes, "One organisation whose mail is rewritten: its links, its pages, its policy."),
    (
        "policy",
        Several::Yes,
        "A policy of your own: a preset under another name, with another action for a tier, or another switch. A worse \
         tier never gets a milder action. It has no variables: it belongs into the file.",
    ),
    (
        "feed",
        Several::Yes,
        "A list that others keep, fetched now and then. What cannot be meant (a page for signing in, an empty or shrunken list, \
         an entry for everything) is refused, and what was in force stays: `sekisho feed`. docs/FEEDS.md says more. It has no \
         variables: it belongs into the file.",
    ),
    (
        "scan",
        Several::No,
        "The visit of a destination at the click (docs/SCAN.md says what is fetched, as whom, and what never is). Without \
         it the lists, and what can be read off a URL, decide by themselves.",
    ),
    (
        "dns_list",
        Several::Yes,
        "A list that is asked by DNS at each click, such as SURBL, URIBL or one of Spamhaus (docs/SOURCES.md). It has no \
         variables: it belongs into the file.",
    ),
    (
        "rpz",
        Several::Yes,
        "A response policy zone, from a file or by transfer, taken as a list of hosts (docs/SOURCES.md). It has no variables: \
         it belongs into the file.",
    ),
    (
        "safe_browsing",
        Several::No,
        "Lists of hash prefixes, kept here and confirmed by their server (docs/SOURCES.md).",
    ),
    (
        "mail",
        Several::No,
        "How `sekisho milter` and `sekisho filter` stand in the path of mail, and what becomes of a message that cannot simply go on.",
    ),
    (
        "authentication",
        Several::No,
        "Who sent a message, looked at before anything is changed, and the seal on it when it goes (docs/MAIL.md).",
    ),
    ("limits", Several::No, "Caps on what grows."),
    ("clamav", Several::No, "A virus scanner for files that links lead to."),
    (
        "alerts",
        Several::No,
        "Who is told when a verdict turns after people have clicked. Nobody, where neither is written.",
    ),
    ("retention", Several::No, "How long what is recorded is kept."),
    ("api", Several::No, "The API for programs (`sekisho api`; [the document](openapi.json))."),
];

/// Whether a table may stand more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Several {
    Yes,
    No,
}
