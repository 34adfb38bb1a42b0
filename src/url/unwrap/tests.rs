use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::URL_SAFE};
use proptest::prelude::*;

use super::{formats::FORMATS, shorteners::SHORTENERS, *};

const INNER: &str = "https://evil.example/a/b?c=d&e=%20f#g";

/// How each format writes [`INNER`], or `None` behind a URL that only its owner can read.
fn samples(name: &str) -> Vec<(String, Option<&'static str>)> {
    let escaped: String = INNER.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let minimal = INNER.replace('%', "%25").replace(':', "%3A").replace('/', "%2F").replace('?', "%3F");
    let minimal = minimal.replace('=', "%3D").replace('&', "%26").replace('#', "%23");
    let base64 = URL_SAFE.encode(INNER);
    let opened = |text: String| (text, Some(INNER));
    let plain = "https://evil.example/a/b?c=d";
    let texts: Vec<(String, Option<&'static str>)> = match name {
        "Microsoft Safe Links" => vec![
            opened(format!("https://eur05.safelinks.protection.outlook.com/?url={minimal}&data=05%7C02%7Cx&reserved=0")),
            opened(format!("https://EUR05.safelinks.protection.outlook.com./ap/x-1/?URL={escaped}&sdata=x")),
            opened(format!(
                "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={minimal}&locale=en"
            )),
        ],
        "Proofpoint URL Defense" => vec![
            opened(format!("https://urldefense.proofpoint.com/v1/url?u={minimal}&k=x%0A&r=y")),
            opened(
                "https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_a_b-3Fc-3Dd-26e-3D-2520f-23g&d=DwMFAg"
                    .to_owned(),
            ),
            opened(
                "https://urldefense.com/v3/__https://evil.example/a/b?c=d&e=*20f*g__;JSM!!ORG!sig$".to_owned(),
            ),
            opened("https://urldefense.us/v3/__https://evil.example/a/b**Asd&e=**A0f*g__;P2M9JTIj!!ORG!sig$".replace("**Asd", "**Bd")),
        ],
        "Barracuda Link Protection" => {
            vec![opened(format!("https://linkprotect.cudasvc.com/url?a={minimal}&c=E,1,blob&typo=1"))]
        }
        "Mimecast" => vec![
            ("https://protect-eu.mimecast.com/s/AbCdEfGh?domain=evil.example".to_owned(), None),
            ("https://url.uk.m.mimecastprotect.com/s/AbCdEfGh".to_owned(), None),
        ],
        "Cisco Secure Email" => vec![opened(format!("https://secure-web.cisco.com/1abc-D_e/{minimal}"))],
        "Trend Micro Time-of-Click" => vec![opened(format!(
            "https://ddec1-0-en-ctp.trendmicro.com:443/wis/clicktime/v1/query?url={escaped}&umid=x&auth=y"
        ))],
        "Trend Micro ClickProtect" => {
            vec![("https://ca-1.trendmicro.com/wis/clicktime/v2/clickprotector?rt=x".to_owned(), None)]
        }
        "Sophos" => vec![opened(format!(
            "https://eu-central-1.protection.sophos.com/?d=evil.example&u={}&i=x&t=y",
            base64.trim_end_matches('=')
        ))],
        "FireEye Email Security" => {
            vec![opened(format!("https://protect2.fireeye.com/v1/url?k=x&q=1&e=y&u={minimal}"))]
        }
        "Check Point" => vec![
            (format!("https://protect.checkpoint.com/v2/___{plain}___.YXA6"), Some(plain)),
            (format!("https://url.avanan.click/v2/r01/___{plain}___.YXA6"), Some(plain)),
            ("https://protect.checkpoint.com/v2/r05/___mxyux:__janq___.YXA6".to_owned(), None),
        ],
        "Symantec Click-time" => vec![opened(format!("https://clicktime.symantec.com/3AbC/7Vc?u={minimal}"))],
        "Hornetsecurity" => {
            vec![opened(format!("https://atpscan.global.hornetsecurity.com/index.php?atp_str=x&u={minimal}"))]
        }
        "Hornetsecurity Secure Links" => {
            vec![opened(format!("https://seclinks.cloud-security.net/mid/{INNER}"))]
        }
        "EdgePilot" => vec![opened(format!("https://link.edgepilot.com/s/ab12cd34/XyZ?u={minimal}").replace("XyZ?u=", ""))],
        "Libraesva" => vec![opened(format!("https://urlsand.esvalabs.com/?u={minimal}&e=x&h=y"))],
        "Bitdefender" => vec![opened(format!("https://linkscan.io/scan/ux/{base64}/A1B2?c=1"))],
        "Intermedia" => vec![("https://url.emailprotection.link/?bAbC~".to_owned(), None)],
        "INKY" => vec![("https://shared.outlook.inky.com/link?domain=evil.example&t=x".to_owned(), None)],
        "VIPRE" => vec![("https://url2.mailanyone.net/scanner?m=x&d=y".to_owned(), None)],
        "Google" => vec![
            opened(format!("https://www.google.com/url?sa=t&q={minimal}&ust=1")),
            opened(format!("https://www.google.co.jp/url?sa=t&url={escaped}")),
        ],
        "Google AMP viewer" => {
            vec![(format!("https://www.google.de/amp/s/{}", &plain[8..]), Some(plain))]
        }
        "Google Translate" => vec![opened(format!("https://translate.google.com/translate?sl=auto&u={minimal}"))],
        "Google Translate proxy" => vec![(
            "https://my--shop-evil-example.translate.goog/a?c=d&_x_tr_sl=auto&_x_tr_tl=en".to_owned(),
            Some("https://my-shop.evil.example/a?c=d"),
        )],
        "Google Ads" => vec![
            opened(format!("https://www.googleadservices.com/pagead/aclk?sa=L&adurl={minimal}")),
            opened(format!("https://adclick.g.doubleclick.net/pcs/click?xai=x&adurl={minimal}")),
        ],
        "AMP cache" => vec![
            (format!("https://evil-example.cdn.ampproject.org/c/s/{}", &plain[8..]), Some(plain)),
            ("https://www.bing-amp.com/c/evil.example/x".to_owned(), Some("http://evil.example/x")),
        ],
        "Bing" => vec![opened(format!("https://www.bing.com/ck/a?!&&p=x&u=a1{base64}&ntb=1"))],
        "Facebook" => vec![
            opened(format!("https://lm.facebook.com/l.php?u={minimal}&h=x")),
            opened(format!("https://l.instagram.com/?u={minimal}&e=x")),
        ],
        "LinkedIn" => vec![opened(format!("https://www.linkedin.com/safety/go?url={minimal}&trk=x"))],
        "YouTube" => vec![opened(format!("https://www.youtube.com/redirect?event=x&q={minimal}"))],
        "Steam" => vec![opened(format!("https://steamcommunity.com/linkfilter/?u={minimal}"))],
        "VK" => vec![opened(format!("https://vk.com/away.php?to={minimal}"))],
        "Tumblr" => vec![opened(format!("https://t.umblr.com/redirect?z={minimal}&t=x"))],
        "Slack" => vec![opened(format!("https://slack-redir.net/link?url={minimal}&v=3"))],
        "DuckDuckGo" => vec![opened(format!("https://duckduckgo.com/l/?uddg={minimal}&rut=x"))],
        "Reddit" => vec![opened(format!("https://out.reddit.com/t3_x?url={minimal}&token=y"))],
        _ => Vec::new(),
    };
    texts
}

fn chain(text: &str) -> Chain {
    unwrap(&parse(text).unwrap())
}

/// The URLs inside, with how each stands there.
fn opened(text: &str) -> Vec<(String, String)> {
    chain(text).hops().iter().map(|hop| (hop.url.to_string(), hop.way.by().to_owned())).collect()
}

#[test]
fn every_format_opens_its_samples_and_says_whose_it_is() {
    let mut names = HashSet::new();
    for format in FORMATS {
        assert!(names.insert(format.name), "{}: two formats of one name", format.name);
        let samples = samples(format.name);
        assert!(!samples.is_empty(), "{}: no sample", format.name);
        for (text, inner) in samples {
            let chain = chain(&text);
            let kind = |by: &'static str| match format.kind {
                Kind::Wrapper => Way::Wrapper(by),
                Kind::Redirector => Way::Redirector(by),
            };
            match inner {
                Some(inner) => {
                    let hop = chain.hops().first().unwrap_or_else(|| panic!("{}: nothing in {text}", format.name));
                    assert_eq!((hop.url.as_str(), hop.inside, &hop.way), (inner, 0, &kind(format.name)), "{text}");
                    assert!(hop.is_certain() && chain.sealed().is_empty(), "{text}");
                }
                None => assert_eq!(chain.sealed(), [Sealed { hop: 0, by: format.name }], "{text}"),
            }
        }
    }
}

#[test]
fn every_format_bears_rubbish_in_every_place() {
    let rubbish =
        ["", "%", "%2", "%zz", "aHR0cHM6", "aHR0c====", "a1", "http", "http:", "javascript:alert(1)", "//", "\u{0}é"];
    for format in FORMATS {
        for (text, _) in samples(format.name) {
            for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                for rubbish in rubbish {
                    if let Ok(url) = parse(&format!("{}{rubbish}", &text[..cut])) {
                        unwrap(&url);
                    }
                }
            }
        }
    }
}

#[test]
fn a_strangers_host_is_of_no_format() {
    for text in [
        "https://safelinks.protection.outlook.com.evil.example/?url=x",
        "https://notsafelinks.protection.outlook.com/?url=x",
        "https://googly.example/url?q=x",
        "https://example.com/v3/__x__;!!a!b$",
        "https://www.google.com/search?q=paypal.example",
    ] {
        assert_eq!(chain(text), Chain::default(), "{text}");
    }
}

#[test]
fn short_urls_are_known_and_stay_shut() {
    assert!(SHORTENERS.is_sorted());
    assert_eq!(chain("https://bit.ly/abc").sealed(), [Sealed { hop: 0, by: "URL shortener" }]);
    assert_eq!(chain("https://www.tinyurl.com/abc").sealed().len(), 1);
    for text in ["https://bit.ly/", "https://notbit.ly/abc", "https://bit.ly.evil.example/abc"] {
        assert_eq!(chain(text), Chain::default(), "{text}");
    }
    let wrapped = chain("https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Ft.co%2Fabc");
    assert_eq!(wrapped.sealed(), [Sealed { hop: 1, by: "URL shortener" }]);
}

#[test]
fn a_url_in_any_parameter_path_or_fragment_is_nested() {
    for (text, inner) in [
        ("https://ok.example/r?u=https%3A%2F%2Fevil.example%2Fa&x=y", "https://evil.example/a"),
        ("https://ok.example/r?u=HTTP://evil.example/a&x=y", "http://evil.example/a"),
        ("https://ok.example/r?u=https%253A%252F%252Fevil.example%252Fa", "https://evil.example/a"),
        ("https://ok.example/r?x&https%3a//evil.example/a", "https://evil.example/a"),
        ("https://ok.example/r?next=//evil.example/a", "https://evil.example/a"),
        ("https://ok.example/r?next=%2F%5Cevil.example/a", "https://evil.example/a"),
        ("https://ok.example/web/2020/http://evil.example/a?b=c", "http://evil.example/a?b=c"),
        ("https://ok.example/go/https:%2F%2Fevil.example%2Fa/x?b", "https://evil.example/a"),
        ("https://ok.example/#https://evil.example/a", "https://evil.example/a"),
        ("https://ok.example/#aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ", "https://evil.example/a"),
        ("https://ok.example/?r=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ%3D%3D&x", "https://evil.example/a"),
    ] {
        assert_eq!(opened(text), [(inner.to_owned(), "nested URL".to_owned())], "{text}");
        assert!(!chain(text).hops()[0].is_certain(), "{text}");
    }
    for text in [
        "https://ok.example/https/a?h=ttp://x&b==&c#h",
        "https://ok.example/?a=http:evil&b=httpx://y.example&c=http%3A",
        "https://ok.example/#//evil.example",
    ] {
        assert_eq!(opened(text), [], "{text}");
    }
}

#[test]
fn several_in_one_url_are_all_found_and_each_once() {
    let found =
        opened("https://ok.example/?a=https://one.example/&b=https%3A%2F%2Ftwo.example%2F&c=https://one.example/");
    let urls: Vec<&str> = found.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(urls, ["https://one.example/", "https://two.example/"]);
}

/// `inner` behind so many layers of Safe Links.
fn layers(inner: &str, count: usize) -> String {
    (0..count).fold(inner.to_owned(), |inner, layer| {
        let escaped =
            inner.replace('%', "%25").replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
        format!("https://l{layer}.safelinks.protection.outlook.com/?url={escaped}")
    })
}

#[test]
fn layers_are_taken_off_to_the_cap_and_the_cap_is_told() {
    for count in [1, 3, 10, MAX_LAYERS] {
        let chain = chain(&layers("https://evil.example/", count));
        let last = chain.hops().last().unwrap();
        assert_eq!((last.url.as_str(), chain.hops().len(), chain.cut()), ("https://evil.example/", count, None));
        assert_eq!((chain.most_wrappers(), chain.end()), ((count, count), count));
    }
    let over = chain(&layers("https://evil.example/", MAX_LAYERS + 1));
    assert_eq!((over.hops().len(), over.cut()), (MAX_LAYERS, Some(Cut::Layers)));
}

#[test]
fn the_number_and_the_bytes_of_urls_are_capped() {
    let many: String = (0..100).map(|at| format!("&u{at}=https://h{at}.example/")).collect();
    let chain_of_many = chain(&format!("https://ok.example/?{many}"));
    assert_eq!((chain_of_many.hops().len(), chain_of_many.cut()), (MAX_HOPS, Some(Cut::Hops)));
    let long = format!("https://ok.example/{}", "http://a.example/".repeat(1 << 10).replace("a.", &"b".repeat(60)));
    let chain_of_long = chain(&long);
    assert!(chain_of_long.cut().is_some());
    let bytes: usize = chain_of_long.hops().iter().map(|hop| hop.url.as_str().len()).sum();
    assert!(bytes <= MAX_CHAIN_BYTES, "{bytes}");
}

#[test]
fn a_mixed_chain_keeps_who_stands_where() {
    let google = "https://www.google.com/url?q=https%3A%2F%2Fevil.example%2F";
    let outer = layers(google, 1);
    assert_eq!(
        opened(&outer),
        [
            (google.to_owned(), "Microsoft Safe Links".to_owned()),
            ("https://evil.example/".to_owned(), "Google".to_owned())
        ]
    );
    let chain = chain(&outer);
    assert_eq!((chain.hops()[1].inside, chain.most_wrappers(), chain.end()), (1, (1, 2), 2));
}

#[test]
fn what_stands_behind_a_guess_is_a_guess() {
    let chain = chain(&format!("https://ok.example/?u={}", layers("https://evil.example/", 1)));
    let certain: Vec<bool> = chain.hops().iter().map(Hop::is_certain).collect();
    assert_eq!((certain, chain.end()), (vec![false, false], 0));
}

#[test]
fn where_a_visitor_was_sent_is_taken_apart_too() {
    let mut chain = chain("https://bit.ly/abc");
    let urls = ["https://www.google.com/url?q=https://evil.example/x", "https://bit.ly/abc"];
    chain.follow(0, urls.map(|url| parse(url).unwrap()), "look");
    let told: Vec<(&str, usize, &str)> =
        chain.hops().iter().map(|hop| (hop.url.as_str(), hop.inside, hop.way.by())).collect();
    assert_eq!(told, [(urls[0], 0, "look"), (urls[1], 1, "look"), ("https://evil.example/x", 1, "Google")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_ends_within_the_caps(
        host in prop::sample::select(vec![
            "ok.example", "x.safelinks.protection.outlook.com", "urldefense.com", "secure-web.cisco.com",
            "protect.checkpoint.com", "a-b.translate.goog", "www.google.com", "www.bing.com", "linkscan.io",
            "a.cdn.ampproject.org", "eu.protection.sophos.com", "link.edgepilot.com",
        ]),
        pieces in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                "/", "?", "&", "#", "url=", "u=", "q=", "http://", "https%3A%2F%2F", "%252525", "https%253A%252F%252F",
                "/v3/__", "__;", "!!", "**A", "*", "___", "/v2/", "/c/s/", "aHR0cHM6Ly9", "=//", "-3A__", "a1", "/url?",
                "x.safelinks.protection.outlook.com/?url=", "urldefense.com/v3/__https://", "%", "=", ".", "é", "\\",
            ]).prop_map(str::to_owned),
            "\\PC{0,6}",
        ], 0..60),
    ) {
        if let Ok(url) = parse(&format!("https://{host}/{}", pieces.concat())) {
            let chain = unwrap(&url);
            prop_assert!(chain.hops().len() <= MAX_HOPS);
            let bytes: usize = chain.hops().iter().map(|hop| hop.url.as_str().len()).sum();
            prop_assert!(bytes <= MAX_CHAIN_BYTES);
            for (at, hop) in chain.hops().iter().enumerate() {
                prop_assert!(hop.inside <= at);
                prop_assert!(hop.layer <= MAX_LAYERS);
            }
            prop_assert_eq!(&chain, &unwrap(&url));
        }
    }
}

#[test]
fn work_grows_with_the_length_alone() {
    // Each would take minutes if a byte were looked at once for every byte before it.
    for piece in ["h", "H", "=", "#", "%25", "=//", "http:/", "https%3A%2F%2F", "aHR0c", "=aHR0cHM6", "/http://a/"] {
        let text =
            format!("https://x.safelinks.protection.outlook.com/?url={}", piece.repeat(1 << 18 >> piece.len().ilog2()));
        if let Ok(url) = parse(&text) {
            unwrap(&url);
        }
    }
}
