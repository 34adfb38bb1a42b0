//! Who is told of what turned.

use super::Reader;
use crate::hook::{Post, Settings};

impl Reader<'_> {
    /// The hook, where one is named.
    pub(super) fn alerts(&mut self) -> Option<Settings> {
        const TABLE: &str = "alerts";
        let id = self.document.sections(TABLE).first().copied()?;
        let section = Some(id);
        let command = self.parse_each(section, TABLE, "command", |word| Ok::<_, String>(word.to_owned()));
        let url = self.document.parse(section, TABLE, "url", hook_url);
        let key_file = self.file_of(id, TABLE, "key_file");
        let command = (!command.is_empty()).then_some(command);
        let post = match (url, key_file) {
            (Some(url), Some(key_file)) => Some(Post { url, key_file }),
            (Some(_), None) => {
                let what =
                    "whoever takes alerts has to know that they are ours: write the file with the key that both have";
                self.document.complain(section, "key_file", what);
                None
            }
            (None, Some(_)) => {
                self.document.complain(section, "url", "a key is for a server: write its `url` as well");
                None
            }
            (None, None) => None,
        };
        (command.is_some() || post.is_some()).then_some(Settings { command, post })
    }
}

/// Where alerts may go: nothing crosses a network in the clear.
fn hook_url(text: &str) -> Result<String, String> {
    let url = crate::url::parse(text).map_err(|error| format!("{text:?} is no web address: {error}"))?;
    let host = url.host_str();
    let is_here = host == "localhost" || url.address().is_some_and(|address| address.is_loopback());
    if !url.userinfo().is_empty() {
        return Err("a name and a password do not belong here: the key says who we are".to_owned());
    }
    match url.is_https() || is_here {
        true => Ok(url.as_str().to_owned()),
        false => Err(format!("alerts would cross the network in the clear to {host}; write an https: URL")),
    }
}
