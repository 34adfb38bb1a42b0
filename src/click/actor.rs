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
/// names and no `bot`: a maker of telephones is called Cubot.
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
        let agent = self.user_agent().unwrap_or_default().to_ascii_lowercase();
        let ahead = |purpose: &str| purpose.contains("prefetch") || purpose.contains("preview");
        if self.purpose.is_some_and(|purpose| ahead(&purpose.to_ascii_lowercase())) {
            return Actor::Prefetch;
        }
        if NAMED.iter().any(|name| begins_a_word(&agent, name)) {
            return Actor::Scanner;
        }
        let page = self.fetched_as.is_none_or(|kind| matches!(kind, "document" | "iframe" | "frame"));
        // Office programs ask for a link before they hand it to the browser.
        if agent.starts_with("mozilla/") && !agent.contains("ms-office") && page {
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

fn begins_a_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(user_agent: &str) -> Actor {
        Hints { user_agent: Some(user_agent), ..Hints::default() }.actor()
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
