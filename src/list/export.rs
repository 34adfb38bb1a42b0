//! Entries in the formats of others, and what those cannot say.

use super::{Entry, Reach, Scope, import::Format};

/// What a format makes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// These lines mean the same.
    Whole(Vec<String>),
    /// These lines say less, because of that.
    Less(Vec<String>, &'static str),
    /// It cannot be said, because of that.
    Not(&'static str),
}

/// Formats that can be written.
pub const WRITTEN: [Format; 9] = [
    Format::List,
    Format::Hosts,
    Format::Domains,
    Format::Wildcard,
    Format::AdBlock,
    Format::Dnsmasq,
    Format::Unbound,
    Format::Rpz,
    Format::Urls,
];

const PATHS: &str = "the format knows hosts and no paths";
const ADDRESSES: &str = "the format knows names and no addresses";
const FILES: &str = "the format knows no files and no regular expressions";
const BELOW: &str = "the format names hosts one by one: their subdomains are left out";
const NOT_BELOW: &str = "the format cannot leave out the subdomains, or the name itself";
const NO_URL: &str = "the format holds whole URLs alone";

/// What stands before the lines.
pub fn head(format: Format) -> &'static str {
    match format {
        Format::Unbound => "server:\n",
        Format::Rpz => "$TTL 300\n@ SOA localhost. root.localhost. 1 3600 600 86400 300\n  NS localhost.\n",
        _ => "",
    }
}

/// Says an entry in a format. Notes go along where the format is our own.
pub fn carry(entry: &Entry, format: Format) -> Carried {
    use Carried::{Less, Not, Whole};
    if format == Format::List {
        return Whole(vec![entry.to_string()]);
    }
    match &entry.scope {
        Scope::File(_) | Scope::Pattern(_) => Not(FILES),
        Scope::Url(url) if format == Format::Urls => Whole(vec![url.to_string()]),
        _ if format == Format::Urls => Not(NO_URL),
        Scope::Url(url) if format == Format::AdBlock && !url.contains(['*', '^', '$', '|']) => {
            Whole(vec![format!("|{url}|")])
        }
        Scope::Paths { reach: Reach::Domain, name, prefix } if format == Format::AdBlock && plain(prefix) => {
            Whole(vec![format!("||{name}{prefix}*")])
        }
        Scope::Url(_) | Scope::Paths { .. } => Not(PATHS),
        Scope::Network(network) if format == Format::Domains => {
            Whole(vec![network.to_string().replace(['[', ']'], "")])
        }
        Scope::Network(_) => Not(ADDRESSES),
        Scope::Hosts { reach, name } => match (format, reach) {
            (Format::Domains, Reach::Domain) => Whole(vec![name.to_string()]),
            (Format::Domains, Reach::Subdomains) => Whole(vec![format!("*.{name}")]),
            (Format::Wildcard, Reach::Domain) => Whole(vec![format!("*.{name}")]),
            (Format::AdBlock, Reach::Domain) => Whole(vec![format!("||{name}^")]),
            (Format::AdBlock, Reach::Subdomains) => Whole(vec![format!("||*.{name}^")]),
            (Format::Dnsmasq, Reach::Domain) => Whole(vec![format!("address=/{name}/#")]),
            (Format::Dnsmasq, Reach::Subdomains) => Whole(vec![format!("address=/*.{name}/#")]),
            (Format::Unbound, Reach::Domain) => Whole(vec![format!("local-zone: \"{name}.\" always_null")]),
            (Format::Unbound, Reach::Host) => {
                Whole(["A 0.0.0.0", "AAAA ::"].map(|data| format!("local-data: \"{name}. {data}\"")).to_vec())
            }
            (Format::Rpz, Reach::Host) => Whole(vec![format!("{name} CNAME .")]),
            (Format::Rpz, Reach::Subdomains) => Whole(vec![format!("*.{name} CNAME .")]),
            (Format::Rpz, Reach::Domain) => Whole(["", "*."].map(|below| format!("{below}{name} CNAME .")).to_vec()),
            (Format::Hosts, Reach::Host) => Whole(vec![format!("0.0.0.0 {name}")]),
            (Format::Hosts, Reach::Domain) => Less(vec![format!("0.0.0.0 {name}")], BELOW),
            _ => Not(NOT_BELOW),
        },
    }
}

fn plain(prefix: &str) -> bool {
    !prefix.contains(['*', '^', '$', '|'])
}
