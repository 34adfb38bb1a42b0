//! Where a page sends its visitors by itself.

use super::{
    Body,
    page::{Page, location_targets},
};
use crate::url::WebUrl;

/// Seconds after which a refresh counts as a page that renews itself.
const LATEST: u32 = 60;
/// Bytes of text up to which a page is nothing but a step on the way.
const LITTLE: usize = 400;

/// Where a page sends its visitors without being asked: a meta refresh, or a script that sets `location` to an address
/// which is written out. Inside a function only on a page with hardly any text: elsewhere it waits for a click.
///
/// `None` for what is no page, stays where it is, or leads to what is no web address.
pub fn onward(body: &Body<'_>) -> Option<WebUrl> {
    let page = Page::of_any(body)?;
    of_page(&page, body.url)
}

/// The same of a page that has been read.
pub(super) fn of_page(page: &Page, url: &WebUrl) -> Option<WebUrl> {
    let refresh = page.refresh.as_deref().and_then(refresh_target);
    let of_scripts = || {
        let targets = page.plain_scripts.iter().flat_map(|script| location_targets(script).0);
        let is_step = is_step(page);
        targets.filter(|(_, depth)| *depth == 0 || is_step).map(|(target, _)| target).collect::<Vec<_>>()
    };
    let same = |other: &WebUrl| without_fragment(other) == without_fragment(url);
    let found = refresh.into_iter().chain(of_scripts()).filter_map(|target| page.resolve(&target, url));
    found.into_iter().find(|target| !same(target))
}

/// Whether the page is only a step to somewhere else.
pub(super) fn is_step(page: &Page) -> bool {
    page.text.len() <= LITTLE && page.fields().next().is_none()
}

/// Where the page leads by a script that cannot be read.
pub(super) fn leads_unread(page: &Page) -> bool {
    is_step(page) && page.plain_scripts.iter().any(|script| location_targets(script).1)
}

fn without_fragment(url: &WebUrl) -> &str {
    url.as_str().split('#').next().unwrap_or_default()
}

/// The address in the `content` of a refresh (HTML standard, "shared declarative refresh steps").
fn refresh_target(content: &str) -> Option<String> {
    let content = content.trim_start();
    let digits = content.len() - content.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let seconds = content.get(..digits)?.parse::<u32>().unwrap_or(if digits == 0 { 0 } else { u32::MAX });
    if seconds > LATEST {
        return None;
    }
    let rest = content.get(digits..)?.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start();
    let named = rest
        .get(..3)
        .filter(|name| name.eq_ignore_ascii_case("url"))
        .and_then(|_| rest.get(3..)?.trim_start().strip_prefix('='));
    let target = named.unwrap_or(rest).trim_start();
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => target.get(1..)?.split(quote).next().unwrap_or_default(),
        _ => target,
    };
    (!target.trim().is_empty()).then(|| target.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::parse;

    fn leads(html: &str) -> Option<String> {
        let url = parse("https://a.example/x/y").unwrap();
        let body = Body {
            url: &url,
            status: 200,
            content_type: Some("text/html"),
            disposition: None,
            bytes: html.as_bytes(),
            is_cut: false,
        };
        onward(&body).map(WebUrl::into_string)
    }

    #[test]
    fn refreshes_and_plain_scripts_lead_on() {
        for html in [
            "<meta http-equiv=refresh content='0;url=/z'>",
            "<META HTTP-EQUIV=Refresh content=\"3; URL='/z'\">",
            "<meta http-equiv=refresh content='0, /z'>",
            "<meta http-equiv=refresh content='0.5 ; url = \"/z\"'>",
            "<base href=/b/><meta http-equiv=refresh content='0;url=../z'>",
            "<script>location='/z'</script>",
            "<p>Wait</p><script>setTimeout(function(){window.location.href='/z'}, 100)</script>",
            "<body onload=\"location.replace('/z')\">",
        ] {
            assert_eq!(leads(html).as_deref(), Some("https://a.example/z"), "{html}");
        }
        let long = "word ".repeat(200);
        assert_eq!(
            leads(&format!("<p>{long}</p><script>location='/z'</script>")).as_deref(),
            Some("https://a.example/z")
        );
    }

    #[test]
    fn pages_that_stay_lead_nowhere() {
        let long = "word ".repeat(200);
        for html in [
            "<meta http-equiv=refresh content='300;url=/z'>".to_owned(),
            "<meta http-equiv=refresh content='5'>".to_owned(),
            "<meta http-equiv=refresh content='0;url=#top'>".to_owned(),
            "<meta http-equiv=refresh content='0;url=data:text/html,x'>".to_owned(),
            format!("<p>{long}</p><script>function go(){{location='/z'}}</script>"),
            "<a onclick=\"location='/z'\">x</a>".to_owned(),
            "plain text".to_owned(),
        ] {
            assert_eq!(leads(&html), None, "{html}");
        }
        let url = parse("https://a.example/x").unwrap();
        let body = |content_type| Body {
            url: &url,
            status: 200,
            content_type: Some(content_type),
            disposition: None,
            bytes: b"<script>location='/z'</script>",
            is_cut: false,
        };
        assert!(onward(&body("text/plain")).is_none() && onward(&body("image/png")).is_some());
    }
}
