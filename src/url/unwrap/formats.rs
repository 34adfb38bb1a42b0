use std::sync::LazyLock;

use super::{amp, path, proofpoint, read, translate};
use crate::url::WebUrl;

/// How one product or site writes a URL into a URL of its own.
pub(super) struct Format {
    /// Whose it is, for a person.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    hosts: Hosts,
    read: Read,
}

/// Who wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A product of mail security.
    Wrapper,
    /// A redirector, viewer or cache.
    Redirector,
}

/// Where it lives. To take a stranger's host for one of these does no harm: all that comes of it is a lookup more.
enum Hosts {
    /// These domains and every host below.
    Domains(&'static [&'static str]),
    /// Every host with this label, because the owner has it under a hundred suffixes.
    Label(&'static str),
}

/// How it is read.
enum Read {
    /// A parameter holds it, percent-encoded, in plain text or in base64; on paths that begin so.
    Parameter(&'static [&'static str], &'static [&'static str]),
    /// The path holds it.
    Function(fn(&WebUrl) -> Option<Found>),
    /// Only its owner can tell; on paths that begin so.
    Sealed(&'static [&'static str]),
}

/// What a URL of a format holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The text of a URL.
    Url(String),
    /// A URL that only its owner can tell.
    Sealed,
}

const fn wrapper(name: &'static str, hosts: &'static [&'static str], read: Read) -> Format {
    Format { name, kind: Kind::Wrapper, hosts: Hosts::Domains(hosts), read }
}

const fn redirector(name: &'static str, hosts: &'static [&'static str], read: Read) -> Format {
    Format { name, kind: Kind::Redirector, hosts: Hosts::Domains(hosts), read }
}

use Read::{Function, Parameter, Sealed};

/// The one label that some formats go by.
const GOOGLE: &str = "google";

/// Every format: one line each. A line wants a sample in `tests.rs`, which the contract test asks for.
pub(super) const FORMATS: &[Format] = &[
    wrapper(
        "Microsoft Safe Links",
        &["safelinks.protection.outlook.com", "safelinks.protection.office365.us", "statics.teams.cdn.office.net"],
        Parameter(&["/"], &["url"]),
    ),
    wrapper(
        "Proofpoint URL Defense",
        &["urldefense.proofpoint.com", "urldefense.com", "urldefense.us"],
        Function(proofpoint::read),
    ),
    wrapper("Barracuda Link Protection", &["linkprotect.cudasvc.com"], Parameter(&["/url"], &["a"])),
    wrapper("Mimecast", &["mimecast.com", "mimecastprotect.com"], Sealed(&["/s/", "/r/"])),
    wrapper("Cisco Secure Email", &["secure-web.cisco.com"], Function(path::behind_one)),
    wrapper(
        "Trend Micro Time-of-Click",
        &["trendmicro.com", "trendmicro.eu", "trendmicro.co.jp"],
        Parameter(&["/wis/clicktime/v1/"], &["url"]),
    ),
    wrapper("Trend Micro ClickProtect", &["trendmicro.com", "trendmicro.eu"], Sealed(&["/wis/clicktime/v2/"])),
    wrapper("Sophos", &["protection.sophos.com"], Parameter(&["/"], &["u"])),
    wrapper(
        "FireEye Email Security",
        &["protect.fireeye.com", "protect2.fireeye.com", "protect2.trellix.com"],
        Parameter(&["/v1/", "/url"], &["u"]),
    ),
    wrapper("Check Point", &["protect.checkpoint.com", "url.avanan.click"], Function(path::between_underscores)),
    wrapper("Symantec Click-time", &["clicktime.symantec.com"], Parameter(&["/"], &["u"])),
    wrapper("Hornetsecurity", &["atpscan.global.hornetsecurity.com"], Parameter(&["/"], &["u"])),
    wrapper("Hornetsecurity Secure Links", &["seclinks.cloud-security.net"], Function(path::behind_one)),
    wrapper("EdgePilot", &["link.edgepilot.com"], Function(path::behind_two)),
    wrapper("Libraesva", &["urlsand.esvalabs.com"], Parameter(&["/"], &["u"])),
    wrapper("Bitdefender", &["linkscan.io", "lsems.gravityzone.bitdefender.com"], Function(path::base64_segment)),
    wrapper("Intermedia", &["url.emailprotection.link"], Sealed(&["/"])),
    wrapper("INKY", &["inky.com"], Sealed(&["/link"])),
    wrapper("VIPRE", &["url2.mailanyone.net", "url.mailanyone.net"], Sealed(&["/"])),
    Format {
        name: "Google",
        kind: Kind::Redirector,
        hosts: Hosts::Label(GOOGLE),
        read: Parameter(&["/url", "/imgres", "/local_url", "/travel/clk"], &["q", "url", "imgurl", "pcurl"]),
    },
    Format {
        name: "Google AMP viewer",
        kind: Kind::Redirector,
        hosts: Hosts::Label(GOOGLE),
        read: Function(amp::viewer),
    },
    Format {
        name: "Google Translate",
        kind: Kind::Redirector,
        hosts: Hosts::Label(GOOGLE),
        read: Parameter(&["/translate"], &["u"]),
    },
    redirector("Google Translate proxy", &["translate.goog"], Function(translate::read)),
    redirector(
        "Google Ads",
        &["googleadservices.com", "doubleclick.net"],
        Parameter(&["/"], &["adurl", "url", "ds_dest_url"]),
    ),
    redirector("AMP cache", &["cdn.ampproject.org", "bing-amp.com"], Function(amp::cache)),
    redirector("Bing", &["bing.com"], Parameter(&["/ck/a", "/alink/", "/aclick"], &["u", "url"])),
    redirector(
        "Facebook",
        &["facebook.com", "instagram.com", "messenger.com", "threads.com", "threads.net"],
        Parameter(&["/l.php", "/flx/warn", "/?"], &["u"]),
    ),
    redirector("LinkedIn", &["linkedin.com"], Parameter(&["/redir/", "/safety/go", "/authwall"], &["url"])),
    redirector("YouTube", &["youtube.com"], Parameter(&["/redirect"], &["q"])),
    redirector("Steam", &["steamcommunity.com"], Parameter(&["/linkfilter"], &["url", "u"])),
    redirector("VK", &["vk.com"], Parameter(&["/away.php"], &["to"])),
    redirector("Tumblr", &["t.umblr.com", "href.li"], Parameter(&["/redirect"], &["z"])),
    redirector("Slack", &["slack-redir.net"], Parameter(&["/link"], &["url"])),
    redirector("DuckDuckGo", &["duckduckgo.com"], Parameter(&["/l/"], &["uddg"])),
    redirector("Reddit", &["out.reddit.com"], Parameter(&["/"], &["url"])),
];

/// The format of `url`, by its host and, where a format tells them apart, its path.
pub(super) fn of(url: &WebUrl) -> Option<&'static Format> {
    let host = url.host_str();
    let host = host.strip_suffix('.').unwrap_or(host);
    // Almost every host is a stranger's, and told so by its end.
    let end = host.as_bytes().last_chunk();
    if end.is_some_and(|end| ENDS.binary_search(end).is_err()) && !host.contains(GOOGLE) {
        return None;
    }
    FORMATS.iter().find(|format| format.hosts.hold(host) && format.read.is_at(url))
}

/// How the domains of all formats end; none is shorter.
static ENDS: LazyLock<Vec<[u8; 6]>> = LazyLock::new(|| {
    let domains = FORMATS.iter().flat_map(|format| match format.hosts {
        Hosts::Domains(domains) => domains,
        Hosts::Label(_) => &[],
    });
    let mut ends: Vec<_> = domains.filter_map(|domain| domain.as_bytes().last_chunk().copied()).collect();
    ends.sort_unstable();
    ends
});

impl Format {
    /// What `url` holds, if it is of this format.
    pub(super) fn read(&self, url: &WebUrl) -> Option<Found> {
        match &self.read {
            Read::Parameter(_, names) => {
                let value = names.iter().find_map(|name| read::parameter(url, name))?;
                Some(read::decoded(value).map_or(Found::Sealed, Found::Url))
            }
            Read::Function(read) => read(url),
            Read::Sealed(_) => Some(Found::Sealed),
        }
    }
}

impl Read {
    fn is_at(&self, url: &WebUrl) -> bool {
        match self {
            Self::Parameter(paths, _) | Self::Sealed(paths) => {
                let path = url.after_host();
                paths.iter().any(|begins| path.starts_with(begins))
            }
            Self::Function(read) => read(url).is_some(),
        }
    }
}

impl Hosts {
    fn hold(&self, host: &str) -> bool {
        match self {
            Self::Domains(domains) => domains.iter().any(|domain| is_below(host, domain)),
            Self::Label(label) => host.split('.').any(|part| part == *label),
        }
    }
}

/// Whether `host` is `domain` or below it.
pub(in crate::url) fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_domain_is_long_enough_to_be_known_by_its_end() {
        for format in FORMATS {
            if let Hosts::Domains(domains) = format.hosts {
                assert!(domains.iter().all(|domain| domain.len() >= 6), "{}", format.name);
            }
        }
    }
}
