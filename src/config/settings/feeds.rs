use std::time::Duration;

use super::{Reader, SectionId};
use crate::{
    list::{Trust, import::Names},
    supply::{Feed, Place, feed_name, header},
};

/// Feeds, at most.
const FEEDS_MAX: usize = 200;

impl Reader<'_> {
    pub(super) fn feeds(&mut self) -> Vec<Feed> {
        let mut feeds: Vec<Feed> = Vec::new();
        for section in self.document.sections("feed") {
            let Some(feed) = self.feed(section) else { continue };
            if feeds.iter().any(|other| other.name == feed.name) {
                let what = format!("there is a feed {:?} already; give each a name of its own", feed.name);
                self.document.complain(Some(section), "name", &what);
            }
            if feeds.len() == FEEDS_MAX {
                self.document.complain(Some(section), "name", &format!("there may be {FEEDS_MAX} feeds"));
            }
            feeds.push(feed);
        }
        feeds
    }

    fn feed(&mut self, id: SectionId) -> Option<Feed> {
        const TABLE: &str = "feed";
        let section = Some(id);
        if self.document.value(section, TABLE, "name").is_none() {
            self.document.complain(section, "name", "a feed needs one, such as name = \"phishing\"");
        }
        let name = self.document.parse(section, TABLE, "name", feed_name);
        let place = self.place(id);
        let format = self.text(section, TABLE, "format")?;
        let names = self.text(section, TABLE, "names")?;
        let trust = self.text(section, TABLE, "trust")?;
        let threat = self.text(section, TABLE, "threat");
        let number = |this: &mut Self, name| this.number(section, TABLE, name);
        let (interval, timeout) = (number(self, "interval_minutes"), number(self, "timeout_seconds"));
        let (megabytes, entries) = (number(self, "max_megabytes"), number(self, "max_entries"));
        let stopped = number(self, "max_stopped_percent");
        let header = self.document.parse(section, TABLE, "header", header);
        let secret_file = self.file_of(id, "feed", "secret_file");
        let feed = Feed {
            name: name?,
            place: place?,
            format: format.parse().ok(),
            names: if names == "hosts" { Names::Hosts } else { Names::Domains },
            key: self.text(section, TABLE, "key"),
            trust: Trust::NAMES.iter().find(|(name, _)| *name == trust).map(|(_, trust)| *trust)?,
            threat: threat.and_then(|threat| threat.parse().ok()),
            interval: Duration::from_secs(interval?.saturating_mul(60)),
            timeout: Duration::from_secs(timeout?),
            max_bytes: megabytes?.saturating_mul(1 << 20),
            max_entries: usize::try_from(entries?).ok()?,
            max_stopped: u8::try_from(stopped?).ok()?,
            header,
            secret_file,
        };
        match (feed.wants_secret(), &feed.secret_file) {
            (true, None) => {
                self.document.complain(
                    section,
                    "secret_file",
                    "{secret} stands in it: say which file holds the secret",
                );
            }
            (false, Some(_)) => {
                let what = "nothing needs it: write {secret} into `from` or `header`, where it belongs";
                self.document.complain(section, "secret_file", what);
            }
            _ => {}
        }
        Some(feed)
    }

    fn place(&mut self, id: SectionId) -> Option<Place> {
        let section = Some(id);
        let Some(from) = self.text(section, "feed", "from") else {
            self.document.complain(section, "from", "a feed needs one: an https or http URL, or a file");
            return None;
        };
        match from.contains("://") {
            true => self.document.parse(section, "feed", "from", Place::url),
            false => Some(Place::File(self.folder.join(from))),
        }
    }
}
