use super::*;
use crate::url::parse;

fn looked(url: &str, html: &str) -> Looked {
    let (url, suffixes, names, lore) = (parse(url).unwrap(), Suffixes::builtin(), Names::builtin(), Lore::builtin());
    let around = Around { suffixes: &suffixes, names: &names, lore: &lore, icon: None };
    let body = Body {
        url: &url,
        status: 200,
        content_type: Some("text/html"),
        disposition: None,
        bytes: html.as_bytes(),
        is_cut: false,
    };
    examine(&body, &around)
}

#[test]
fn a_login_under_a_foreign_name_is_told() {
    let page = "<title>PayPal: Log in</title><img alt='PayPal logo' src=x.png><form action=next.php><input type=email name=e>\
                <input type=password name=p></form><p>© 2026 PayPal</p>";
    let told = looked("https://shop.example/x", page);
    assert_eq!((told.tier, told.threat), (Tier::Malicious, Threat::Phishing), "{told:?}");
    assert!(told.in_words().contains("PayPal"));
    let own = looked("https://www.paypal.com/signin", page);
    assert_eq!((own.tier, own.marks), (Tier::Clean, vec![]));
}
