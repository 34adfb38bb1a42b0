//! A second rewriter in line: another house of ours with a keyring of its own, and the products of others.

use std::sync::{Arc, LazyLock};

use sekisho::{
    base::TenantId,
    link::{Keyring, LinkBase, Opener, chain},
    rewrite::{Envelope, Policy, Rewriter, Rewritten},
    url::{self, Suffixes},
};

use super::laws::{self, NOW};

/// What every link grows by in one house at most: its host, header and tag in base64.
const LAYER: usize = 120;

static SUFFIXES: LazyLock<Arc<Suffixes>> = LazyLock::new(|| Arc::new(Suffixes::builtin()));

const TARGETS: [&str; 3] = [
    "https://shop.example/a?b=1&c=%20%252F#d",
    "https://xn--fsq.example:8443/%E4%BE%8B?q=%25%25",
    "https://news.example/path/to/somewhere/that/is/longer?utm_source=letter&utm_medium=mail",
];

struct House {
    base: &'static str,
    tenant: TenantId,
    rewriter: Rewriter,
    opener: Opener,
}

impl House {
    fn of(base: &'static str, tenant: u16, seed: u8) -> Self {
        let (ring, tenant) = (Keyring::generate([seed; 32], NOW), TenantId(tenant));
        let (minter, opener) = (ring.minter(tenant, NOW).unwrap(), ring.opener(&[tenant]));
        let at = LinkBase::parse(base).unwrap();
        let rewriter = Rewriter::new(minter, opener.clone(), at, SUFFIXES.clone(), Policy::default());
        Self { base, tenant, rewriter, opener }
    }

    fn passes(&self, raw: &[u8]) -> Rewritten {
        self.rewriter.rewrite(raw, &Envelope { recipient: Some("user@corp.example") }, NOW).unwrap()
    }

    /// What our people send from here.
    fn sends(&self, raw: &[u8]) -> Vec<u8> {
        self.rewriter.restore(raw, NOW).unwrap().message
    }

    fn opens(&self, link: &str) -> String {
        let path = link.strip_prefix(self.base).unwrap_or_else(|| panic!("{link} is not of {}", self.base));
        let link = self.opener.open(path.as_bytes(), &[self.tenant], NOW).expect("a link that opens").into_inner();
        link.destination.to_string()
    }
}

fn houses() -> [House; 2] {
    [House::of("https://go.one.example", 1, 1), House::of("https://go.two.example/mail", 2, 2)]
}

fn letter() -> Vec<u8> {
    let links: String =
        TARGETS.iter().map(|url| format!("<a href=\"{}\">x</a>\r\n", url.replace('&', "&amp;"))).collect();
    format!("From: a@b.example\r\nMessage-ID: <1@b.example>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{links}")
        .into_bytes()
}

/// The links that were made, wherever lines were broken since.
fn links(made: &Rewritten) -> Vec<String> {
    made.report.links.iter().filter_map(|row| row.link.clone()).collect()
}

#[test]
fn two_houses_in_line_both_open_and_each_sees_what_the_other_wrapped() {
    let [one, two] = houses();
    let made = two.passes(&one.passes(&letter()).message);
    let links = links(&made);
    assert_eq!(links.len(), TARGETS.len());
    for (link, target) in links.iter().zip(TARGETS) {
        let inner = two.opens(link);
        assert_eq!(one.opens(&inner), url::parse(target).unwrap().as_str());
        // At the click the second house looks up all that is inside, as its lists have it.
        let seen = chain(&url::parse(&inner).unwrap());
        assert!(seen.hops().iter().any(|hop| hop.url.as_str() == url::parse(target).unwrap().as_str()), "{seen:?}");
        assert!(seen.hops()[0].is_certain());
    }
    assert_eq!(two.passes(&made.message).message, made.message, "twice is once in the last house");
}

#[test]
fn what_goes_through_both_houses_again_and_again_grows_by_a_layer_each_time() {
    let [one, two] = houses();
    let mut raw = letter();
    let mut lengths: Vec<usize> = TARGETS.iter().map(|url| url.len()).collect();
    let mut last = Vec::new();
    for round in 0..6 {
        let made = [&one, &two][round % 2].passes(&raw);
        last = links(&made);
        raw = made.message;
        assert_eq!(last.len(), TARGETS.len());
        for (before, after) in lengths.iter_mut().zip(&last) {
            // A layer holds the one before it in base64: a third more, and never more than that.
            assert!(after.len() <= *before + *before / 3 + LAYER, "round {round}: {before} → {}", after.len());
            *before = after.len();
        }
    }
    for (link, target) in last.into_iter().zip(TARGETS) {
        let url = (0..6).rev().fold(link, |url, round| [&one, &two][round % 2].opens(&url));
        assert_eq!(url, url::parse(target).unwrap().as_str());
    }
}

#[test]
fn a_thread_between_two_houses_does_not_grow_for_each_takes_its_own_layer_off() {
    let [one, two] = houses();
    let mut raw = letter();
    for round in 0..8 {
        let [from, to] = if round % 2 == 0 { [&one, &two] } else { [&two, &one] };
        let received = to.passes(&from.sends(&raw));
        let opened: Vec<String> = links(&received).iter().map(|link| to.opens(link)).collect();
        let targets: Vec<String> = TARGETS.iter().map(|url| url::parse(url).unwrap().as_str().to_owned()).collect();
        assert_eq!(opened, targets, "round {round}");
        raw = received.message;
    }
}

/// How products write a URL into one of theirs; the text of the inner one comes back.
type Product = (&'static str, fn(&str) -> String);

const PRODUCTS: [Product; 4] = [
    ("Safe Links", |url| {
        format!("https://eur05.safelinks.protection.outlook.com/?url={}&data=05%7C02%7Cx&reserved=0", escaped(url))
    }),
    ("URL Defense", |url| format!("https://urldefense.com/v3/__{url}__;!!ORG!sig$")),
    ("Barracuda", |url| format!("https://linkprotect.cudasvc.com/url?a={}&c=E,1,blob&typo=1", escaped(url))),
    ("Cisco", |url| format!("https://secure-web.cisco.com/1abc-D_e/{}", escaped(url))),
];

fn escaped(url: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    url.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[test]
fn products_of_others_before_and_behind_us_are_one_layer_and_are_seen_through() {
    for (name, wrap) in PRODUCTS {
        let [house, _] = houses();
        let target = "https://shop.example/a?b=1";
        let message = |url: &str| {
            let url = url.replace('&', "&amp;");
            format!(
                "From: a@b.example\r\nMessage-ID: <1@b.example>\r\nContent-Type: text/html\r\n\r\n<a href=\"{url}\">x</a>\r\n"
            )
        };
        // Before us.
        let theirs = wrap(target);
        let ours = links(&house.passes(message(&theirs).as_bytes())).remove(0);
        let inner = house.opens(&ours);
        assert_eq!(inner, url::parse(&theirs).unwrap().as_str(), "{name}");
        assert!(ours.len() <= theirs.len() + theirs.len() / 2 + LAYER, "{name}");
        let seen = chain(&url::parse(&inner).unwrap());
        assert!(seen.hops().iter().any(|hop| hop.url.as_str() == target), "{name}: {seen:?}");
        // Behind us, and then before us once more: the foreign wrapper is no reason to leave it alone.
        let around = wrap(&ours);
        let again = links(&house.passes(message(&around).as_bytes())).remove(0);
        assert_eq!(house.opens(&again), url::parse(&around).unwrap().as_str(), "{name}");
        let seen = chain(&url::parse(&around).unwrap());
        assert!(seen.hops().iter().any(|hop| hop.url.as_str() == target), "{name}: {seen:?}");
        assert!(again.len() <= around.len() + around.len() / 2 + LAYER, "{name}");
    }
    // What it means for all our messages: the laws.
    for (name, wrap) in PRODUCTS {
        laws::hold(name, format!("Content-Type: text/plain\r\n\r\n{}\r\n", wrap("https://shop.example/")).as_bytes());
    }
}
