use std::{net::SocketAddr, time::Duration};

use super::{Reader, domain};
use crate::{
    auth::{SealSettings, Settings},
    config::document::Value,
    http::Networks,
};

const TABLE: &str = "authentication";

impl Reader<'_> {
    /// How messages are looked at; none where they are not. `node` is our name where no other is written.
    pub(super) fn authentication(&mut self, node: &str) -> Option<Settings> {
        let section = self.document.sections(TABLE).first().copied();
        // All of it is looked at, whether or not it counts.
        let is_on = self.text(section, TABLE, "check").is_some_and(|word| word == "on");
        let name = self.document.parse(section, TABLE, "name", name).unwrap_or_else(|| {
            self.document.settle_in(TABLE, "name", Value::Text(node.to_owned()));
            node.to_owned()
        });
        let trusted = self.parse_each(section, TABLE, "trusted_names", name_of_another);
        let resolvers = self.parse_each(section, TABLE, "resolvers", |text| {
            text.parse::<SocketAddr>().map_err(|_| "write an IP address and a port, such as 127.0.0.1:53")
        });
        let relays = self.parse_each(section, TABLE, "relays", Networks::parse);
        let seconds = self.number(section, TABLE, "seconds");
        let domain = self.document.parse(section, TABLE, "seal_domain", domain);
        let selector = self.document.parse(section, TABLE, "seal_selector", selector);
        let key = self.text(section, TABLE, "seal_key").map(|path| {
            if self.document.stands_in_file(section, "seal_key") { self.folder.join(path) } else { path.into() }
        });
        let seal = match (domain, selector, key) {
            (Some(domain), Some(selector), Some(key)) => Some(SealSettings { domain, selector, key }),
            (None, None, None) => None,
            (domain, selector, key) => {
                let parts = [
                    ("seal_domain", domain.is_some()),
                    ("seal_selector", selector.is_some()),
                    ("seal_key", key.is_some()),
                ];
                let there = parts.iter().find(|(_, there)| *there).map_or("seal_key", |(name, _)| name);
                let missing: Vec<&str> = parts.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
                let what = format!("a seal needs all three: write {} too", missing.join(" and "));
                self.document.complain(section, there, &what);
                None
            }
        };
        let deadline = Duration::from_secs(seconds?);
        is_on.then_some(Settings { name, trusted, resolvers, deadline, relays, seal })
    }
}

/// The name of who looks at messages (RFC 8601 section 2.5): the name of a host, as a rule.
fn name(text: &str) -> Result<String, &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.chars().all(plain) && text.len() <= 255 {
        return Ok(text.to_owned());
    }
    Err("write the name of a host, such as mx.corp.example")
}

fn name_of_another(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("write the name of a host, such as mx.corp.example") } else { name(text) }
}

/// A name below a domain (RFC 6376 section 3.1).
fn selector(text: &str) -> Result<String, &'static str> {
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if text.split('.').all(label) {
        Ok(text.to_owned())
    } else {
        Err("write letters, digits, `-` and `.`, such as arc-2026")
    }
}
