//! Which format a list is written in, told by its first lines.

use std::net::IpAddr;

use super::{Format, lines::numbered};

/// Bytes that are looked at, at most.
const LOOKED_AT: usize = 64 * 1024;

/// What a look at a list comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guess {
    /// It is this, because of that.
    Sure(Format, &'static str),
    /// It is one of these, and they mean different things, because of that. Empty where it is none that is known.
    Unsure(Vec<Format>, &'static str),
}

/// Looks at the beginning of a list. Never sure without a mark that no other format has.
pub fn guess(bytes: &[u8]) -> Guess {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    // A line or a character that the end of the look cuts in two is left out.
    let whole = if head.len() < bytes.len() { memchr::memrchr(b'\n', head).unwrap_or(head.len()) } else { head.len() };
    let head = head.get(..whole).unwrap_or(head);
    let lines: Vec<&str> =
        numbered(head).filter_map(|(_, line)| Some(std::str::from_utf8(line).ok()?.trim())).collect();
    let first = lines.iter().find(|line| !line.is_empty()).copied().unwrap_or_default();
    // `[Adblock Plus 2.0]` begins so as well.
    let behind = first.strip_prefix('[').map(|rest| rest.trim_start().chars().next());
    if first.starts_with('{') || behind.is_some_and(|c| c.is_none_or(|c| "\"{[]-".contains(c) || c.is_ascii_digit())) {
        return of_json(bytes);
    }
    if let Some(found) = of_csv(&lines) {
        return found;
    }
    of_lines(&lines)
}

fn of_json(bytes: &[u8]) -> Guess {
    let has = |name: &str| memchr::memmem::find(bytes, name.as_bytes()).is_some();
    match () {
        () if has("\"phish_id\"") => Guess::Sure(Format::PhishTankJson, "its objects have a `phish_id`"),
        () if has("\"list\"") && (has("\"matching_attributes\"") || has("\"version\"")) => {
            Guess::Sure(Format::Misp, "it is an object with `list` and `version`, as MISP's warning lists are")
        }
        () => Guess::Sure(Format::Json, "it is JSON"),
    }
}

fn of_csv(lines: &[&str]) -> Option<Guess> {
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let header = line.trim_start_matches(['#', ' ']).replace('"', "").to_ascii_lowercase();
        let sure = |format, why| Some(Guess::Sure(format, why));
        match () {
            () if header.starts_with("phish_id,url") => {
                return sure(Format::PhishTankCsv, "its header has `phish_id` and `url`");
            }
            () if header.starts_with("id,dateadded,url") => {
                return sure(Format::UrlhausCsv, "its header has `id`, `dateadded` and `url`");
            }
            () if header.starts_with("date,url") => {
                return sure(Format::JpcertCsv, "its header has `date` and `URL`");
            }
            () if line.starts_with('#') => {}
            () => return None,
        }
    }
    None
}

/// What a line of a list looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Hosts,
    Name,
    Star,
    AdBlock,
    Dnsmasq,
    Unbound,
    Rpz,
    Url,
    Own,
    Microsoft,
    Other,
}

fn of_lines(lines: &[&str]) -> Guess {
    let is_row = |line: &&&str| !line.is_empty() && !line.starts_with(['#', '!', ';']);
    let looks: Vec<Look> = lines.iter().filter(is_row).map(|line| look(line)).collect();
    let count = |wanted: &[Look]| looks.iter().filter(|look| wanted.contains(look)).count();
    // A list has bad lines now and then; one line in twenty may look otherwise.
    let nearly_all = |wanted: &[Look]| !looks.is_empty() && count(wanted) * 20 >= looks.len() * 19;
    let sure = Guess::Sure;
    match () {
        () if looks.is_empty() => Guess::Unsure(Vec::new(), "no line of it says anything"),
        () if nearly_all(&[Look::Hosts]) => sure(Format::Hosts, "its lines are an address and a name"),
        () if nearly_all(&[Look::AdBlock]) => sure(Format::AdBlock, "its lines are filters such as `||…^`"),
        () if nearly_all(&[Look::Dnsmasq]) => sure(Format::Dnsmasq, "its lines are settings such as `address=/…/`"),
        () if nearly_all(&[Look::Unbound]) => sure(Format::Unbound, "its lines are settings such as `local-zone:`"),
        () if nearly_all(&[Look::Rpz]) => sure(Format::Rpz, "its lines are records of a zone"),
        () if nearly_all(&[Look::Url]) => sure(Format::Urls, "its lines are URLs"),
        () if count(&[Look::Own]) > 0 && count(&[Look::Other, Look::Url, Look::Hosts]) == 0 => {
            sure(Format::List, "it has directives, notes or scopes of our own grammar")
        }
        () if nearly_all(&[Look::Name]) => sure(Format::Domains, "its lines are names or addresses"),
        () if nearly_all(&[Look::Star]) => Guess::Unsure(
            vec![Format::Wildcard, Format::Domains],
            "its lines are `*.…`, which takes in the name itself for some (`wildcard`) and not for others (`domains`)",
        ),
        () if nearly_all(&[Look::Name, Look::Url]) && count(&[Look::Url]) > 0 => {
            sure(Format::PhishingDatabase, "its lines are names and URLs")
        }
        () if nearly_all(&[Look::Name, Look::Star, Look::Microsoft]) => Guess::Unsure(
            vec![Format::List, Format::MsTenantBlock, Format::MsTenantAllow, Format::MsDoNotRewrite, Format::Wildcard],
            "its lines are names and wildcards, which mean something else in each of these",
        ),
        () => Guess::Unsure(Vec::new(), "its lines are of no one kind"),
    }
}

fn look(line: &str) -> Look {
    let first = line.split_ascii_whitespace().next().unwrap_or_default();
    let words = line.split_ascii_whitespace().take_while(|word| !word.starts_with('#')).count();
    let has_kind = || line.split_ascii_whitespace().any(|word| matches!(word, "CNAME" | "SOA" | "NS" | "A" | "IN"));
    let is_name = |text: &str| !text.contains(['/', '*', '~', ':', '@', '=', '|', '^', '?', '"', '<', '>']);
    match () {
        () if line.starts_with("||") || line.starts_with("@@") || line.contains("##") => Look::AdBlock,
        () if line.starts_with('[') && line.ends_with(']') && line.contains(' ') => Look::AdBlock,
        () if ["address=/", "server=/", "local=/"].iter().any(|key| line.starts_with(key)) => Look::Dnsmasq,
        () if ["local-zone:", "local-data:", "server:"].iter().any(|key| line.starts_with(key)) => Look::Unbound,
        () if first.parse::<IpAddr>().is_ok() && words > 1 => Look::Hosts,
        () if ["@action", "@tenant", "@policy", "@confirm"].contains(&first) || line.starts_with('=') => Look::Own,
        () if words > 2 && line.split_ascii_whitespace().nth(1) == Some(";") => Look::Own,
        () if line.starts_with('$') || (words > 1 && has_kind()) || matches!(line, "(" | ")") => Look::Rpz,
        () if words == 1 && first.contains("://") => Look::Url,
        () if words == 1 && first.strip_prefix("*.").is_some_and(is_name) => Look::Star,
        () if words == 1 && (first.starts_with('~') || first.ends_with("/*")) => Look::Microsoft,
        () if words == 1 && (is_name(first) || is_address(first)) && first.contains(['.', ':']) => Look::Name,
        () => Look::Other,
    }
}

fn is_address(text: &str) -> bool {
    text.split('/').next().unwrap_or_default().parse::<IpAddr>().is_ok()
}
