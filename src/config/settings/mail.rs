use std::time::Duration;

use super::{Limits, Reader};
use crate::{
    http::Networks,
    mail::{OnFailure, OnLarge, OnMalicious, OnPoison, OnSuspicious, OnUnproven, Place, Rules, filter::Next},
};

const TABLE: &str = "mail";

/// How the program stands in the path of mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Where the mail system speaks to the milter.
    pub milter: Place,
    /// Where the filter takes messages in.
    pub filter: Place,
    /// Where it hands them on.
    pub next: Option<Next>,
    /// The permissions of a socket in the file system.
    pub socket_mode: u32,
    /// Clients whose mail goes out.
    pub outgoing: Networks,
    /// The operator's choices.
    pub rules: Rules,
    /// Messages that are examined at one time.
    pub at_once: usize,
    /// Connections at one time.
    pub connections: usize,
}

impl Reader<'_> {
    pub(super) fn mail(&mut self, limits: Option<Limits>) -> Option<Mail> {
        let section = self.document.sections(TABLE).first().copied();
        let number = |this: &mut Self, name| this.number(section, TABLE, name);
        let (attempts, seconds) = (number(self, "poison_attempts"), number(self, "seconds"));
        let (at_once, connections) = (number(self, "at_once"), number(self, "connections"));
        let milter = self.document.parse(section, TABLE, "milter_listen", str::parse);
        let filter = self.document.parse(section, TABLE, "filter_listen", str::parse);
        let next = self.document.parse(section, TABLE, "next", str::parse);
        let socket_mode = self.document.parse(section, TABLE, "socket_mode", mode);
        let outgoing = self.parse_each(section, TABLE, "outgoing_networks", Networks::parse).into_iter().collect();
        let word = |this: &mut Self, name| this.text(section, TABLE, name);
        let rules = Rules {
            inbound: OnFailure::named(&word(self, "failure_inbound")?)?,
            outgoing: OnFailure::named(&word(self, "failure_outgoing")?)?,
            large: OnLarge::named(&word(self, "too_large")?)?,
            message_bytes: usize::try_from(limits?.message_bytes).ok()?,
            malicious: OnMalicious::named(&word(self, "malicious")?)?,
            suspicious: OnSuspicious::named(&word(self, "suspicious")?)?,
            unproven: OnUnproven::named(&word(self, "unproven")?)?,
            poison: OnPoison::named(&word(self, "poison")?)?,
            attempts: attempts?,
            patience: Duration::from_secs(seconds?),
        };
        Some(Mail {
            milter: milter?,
            filter: filter?,
            next,
            socket_mode: socket_mode?,
            outgoing,
            rules,
            at_once: usize::try_from(at_once?).ok()?,
            connections: usize::try_from(connections?).ok()?,
        })
    }
}

/// Permissions in octal.
fn mode(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} are no permissions in octal, such as \"0660\"");
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777).ok_or_else(wrong)
}
