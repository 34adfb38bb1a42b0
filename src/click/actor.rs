use crate::judge::Actor;

/// What a request says about who sends it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Sec-Purpose`, or one of the headers that meant the same before it.
    pub purpose: Option<&'a str>,
    /// `Sec-Fetch-Dest`.
    pub fetched_as: Option<&'a str>,
}

/// Previewers and crawlers by the name they give themselves, in lower case, as it begins in the `User-Agent`. Whole
/// names and no `bot`: a maker of telephones is called Cubot. Sorted: every click is held against
/// those of a letter.
const NAMED: &[&str] = &[
    "adsbot-google",
    "applebot",
    "bingbot",
    "bingpreview",
    "bitlybot",
    "discordbot",
    "duckduckbot",
    "embedly",
    "facebookexternalhit",
    "facebot",
    "google-inspectiontool",
    "google-pagerenderer",
    "googlebot",
    "hatena::",
    "iframely",
    "line-poker",
    "linkedinbot",
    "mastodon/",
    "mattermost",
    "meta-externalagent",
    "microsoftpreview",
    "msteams-linkpreview",
    "pinterestbot",
    "redditbot",
    "rocket.chat",
    "skypeuripreview",
    "slack-imgproxy",
    "slackbot",
    "telegrambot",
    "tumblr/",
    "twitterbot",
    "vkshare",
    "whatsapp/",
    "yandexbot",
    "zoombot",
];

/// Longest `User-Agent` that is looked at.
const USER_AGENT_MAX: usize = 512;

impl Hints<'_> {
    /// Who sends it, as far as can be told. A name in the list is believed: to claim it gains nothing.
    pub fn actor(&self) -> Actor {
        let agent = self.user_agent().unwrap_or_default().as_bytes();
        let ahead = |purpose: &str| purpose.contains("prefetch") || purpose.contains("preview");
        if self.purpose.is_some_and(|purpose| ahead(&purpose.to_ascii_lowercase())) {
            return Actor::Prefetch;
        }
        if names_itself(agent) {
            return Actor::Scanner;
        }
        let page = self.fetched_as.is_none_or(|kind| matches!(kind, "document" | "iframe" | "frame"));
        // Office programs ask for a link before they hand it to the browser.
        if begins_with(agent, "mozilla/") && !is_office(agent) && page {
            return Actor::Human;
        }
        Actor::Unknown
    }

    /// `User-Agent`, as much of it as is kept.
    pub fn user_agent(&self) -> Option<&str> {
        let agent = self.user_agent?;
        Some(agent.get(..agent.floor_char_boundary(USER_AGENT_MAX)).unwrap_or(agent))
    }
}

/// Whether a word of `agent` begins with a name of the list.
fn names_itself(agent: &[u8]) -> bool {
    let mut inside = false;
    for (at, byte) in agent.iter().enumerate() {
        let kind = KINDS[usize::from(*byte)];
        let begins = kind >= A && !inside;
        inside = kind != OUTSIDE;
        if begins && agent.get(at..).is_some_and(|word| is_named(word, kind - A)) {
            return true;
        }
    }
    false
}

/// Whether a word that begins with this letter (0 is `a`) begins with a name.
fn is_named(word: &[u8], letter: u8) -> bool {
    let second = word.get(1).map_or(32, |second| second.to_ascii_lowercase().wrapping_sub(b'a'));
    let seconds = SECONDS.get(usize::from(letter)).copied().unwrap_or(0);
    if seconds.checked_shr(second.into()).unwrap_or(0) & 1 == 0 {
        return false;
    }
    let with_letter = LETTERS.get(usize::from(letter)).and_then(|(first, behind)| NAMED.get(*first..*behind));
    with_letter.into_iter().flatten().any(|name| begins_with(word, name))
}

/// What a byte is to words: outside of them, a digit, or from [`A`] on a letter.
const KINDS: [u8; 256] = {
    let mut kinds = [OUTSIDE; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        let it = (byte as u8).to_ascii_lowercase();
        if it.is_ascii_digit() {
            kinds[byte] = DIGIT;
        } else if it.is_ascii_lowercase() {
            kinds[byte] = A + it - b'a';
        }
        byte += 1;
    }
    kinds
};
const OUTSIDE: u8 = 0;
const DIGIT: u8 = 1;
const A: u8 = 2;

/// For each letter where in [`NAMED`] the names are that begin with it.
const LETTERS: [(usize, usize); 26] = {
    let mut letters = [(0, 0); 26];
    let mut at = 0;
    while at < NAMED.len() {
        let letter = &mut letters[(NAMED[at].as_bytes()[0] - b'a') as usize];
        *letter = (if letter.1 == 0 { at } else { letter.0 }, at + 1);
        at += 1;
    }
    letters
};

/// For each letter those that stand behind it in a name, as bits: nearly every word ends the search here.
const SECONDS: [u32; 26] = {
    let mut seconds = [0; 26];
    let mut at = 0;
    while at < NAMED.len() {
        let name = NAMED[at].as_bytes();
        seconds[(name[0] - b'a') as usize] |= 1 << (name[1] - b'a');
        at += 1;
    }
    seconds
};

/// Whether `ms-office` stands anywhere in `agent`.
fn is_office(agent: &[u8]) -> bool {
    memchr::memchr_iter(b'-', agent).any(|dash| {
        dash.checked_sub(2).and_then(|at| agent.get(at..)).is_some_and(|rest| begins_with(rest, "ms-office"))
    })
}

/// Whether `text` begins with `start`, which is in lower case, in any case.
fn begins_with(text: &[u8], start: &str) -> bool {
    text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(user_agent: &str) -> Actor {
        Hints { user_agent: Some(user_agent), ..Hints::default() }.actor()
    }

    #[test]
    fn the_names_are_sorted_and_in_lower_case() {
        assert!(NAMED.is_sorted());
        assert!(NAMED.iter().all(|name| name.starts_with(|c: char| c.is_ascii_lowercase())));
        assert!(NAMED.iter().all(|name| *name == name.to_ascii_lowercase()));
    }

    #[test]
    fn every_name_is_known_in_any_case_at_the_beginning_of_a_word_alone() {
        for name in NAMED {
            for agent in [name.to_uppercase(), format!("Mozilla/5.0 ({name}/1.0)"), format!("é{name}")] {
                assert_eq!(actor(&agent), Actor::Scanner, "{agent}");
            }
            for before in ["x", "7"] {
                assert_eq!(actor(&format!("Mozilla/5.0 {before}{name}")), Actor::Human, "{name}");
            }
        }
        assert_eq!(actor("Mozilla/5.0 (Windows) xMS-Office"), Actor::Unknown);
    }

    #[test]
    fn browsers_are_people() {
        for agent in [
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari Line/15.0.0",
            "Mozilla/5.0 (Linux; Android 13; CUBOT_X70) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
        ] {
            assert_eq!(actor(agent), Actor::Human, "{agent}");
        }
    }

    #[test]
    fn previewers_that_name_themselves_are_scanners() {
        for agent in [
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
            "facebookexternalhit/1.1;line-poker/1.0",
            "WhatsApp/2.23.20.0",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1) Chrome/140.0 Safari/537.36",
        ] {
            assert_eq!(actor(agent), Actor::Scanner, "{agent}");
        }
    }

    #[test]
    fn the_rest_is_not_known() {
        for agent in ["", "curl/8.14.1", "Go-http-client/1.1", "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"] {
            assert_eq!(actor(agent), Actor::Unknown, "{agent}");
        }
        assert_eq!(Hints::default().actor(), Actor::Unknown);
        let image = Hints { user_agent: Some("Mozilla/5.0"), fetched_as: Some("image"), purpose: None };
        assert_eq!(image.actor(), Actor::Unknown);
    }

    #[test]
    fn whoever_fetches_ahead_says_so_first() {
        for purpose in ["prefetch", "prefetch;prerender", "Prefetch", "preview"] {
            let hints = Hints { user_agent: Some("Mozilla/5.0"), purpose: Some(purpose), fetched_as: Some("document") };
            assert_eq!(hints.actor(), Actor::Prefetch, "{purpose}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let agent = "é".repeat(400);
        let hints = Hints { user_agent: Some(&agent), ..Hints::default() };
        assert_eq!(hints.user_agent().unwrap().len(), 512);
    }
}
