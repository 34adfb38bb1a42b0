use std::sync::LazyLock;

use super::*;

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);
static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names::builtin();
    names.protect("sekisho-works.example").unwrap();
    names
});

fn likeness(host: &str) -> Option<(String, String)> {
    let url = super::super::parse(&format!("https://{host}/")).unwrap();
    let likeness = NAMES.likeness(&url, &SUFFIXES)?;
    let how = match likeness.how {
        How::Looks => "looks".to_owned(),
        How::OneLetter => "one letter".to_owned(),
        How::InFront => "in front".to_owned(),
        How::Beside(word) => format!("beside {word}"),
    };
    Some((likeness.of.to_owned(), how))
}

#[test]
fn the_lists_of_words_are_sorted() {
    assert!(LURES.is_sorted() && FRONTS.is_sorted());
}

#[test]
fn likenesses_are_seen_and_say_why() {
    for (host, of, how) in [
        ("paypa1.com", "paypal.com", "looks"),
        ("www.paypaI.example", "paypal.com", "looks"),
        ("micr0s0ft.example", "microsoft.com", "looks"),
        ("rnicrosoft.example", "microsoft.com", "looks"),
        ("аррӏе.com", "apple.com", "looks"),
        ("раураl.com", "paypal.com", "looks"),
        ("gооgle.com", "google.com", "looks"),
        ("fácebook.com", "facebook.com", "looks"),
        ("tvvitter.com", "twitter.com", "looks"),
        ("secure.faceb00k-help.example", "facebook.com", "looks"),
        ("mircosoft.com", "microsoft.com", "one letter"),
        ("microsooft.com", "microsoft.com", "one letter"),
        ("microsft.com", "microsoft.com", "one letter"),
        ("linkebin.com", "linkedin.com", "one letter"),
        ("paypal.com.evil.example", "paypal.com", "in front"),
        ("www.paypal.com.signin.evil.example", "paypal.com", "in front"),
        ("login.microsoftonline.com.evil.example", "microsoft.com", "in front"),
        ("paypal-login.example", "paypal.com", "beside login"),
        ("secure-paypal.evil.example", "paypal.com", "beside secure"),
        ("paypal.account.evil.example", "paypal.com", "beside account"),
        ("verify-dhl.web.app", "dhl.com", "beside verify"),
        ("www-amazon-com.evil.example", "amazon.com", "beside com"),
        ("sekisho-w0rks.test", "sekisho-works.example", "looks"),
        ("sekisho-work.test", "sekisho-works.example", "one letter"),
        ("sekisho-works.example.evil.test", "sekisho-works.example", "in front"),
    ] {
        assert_eq!(likeness(host), Some((of.to_owned(), how.to_owned())), "{host}");
    }
}

#[test]
fn owners_and_strangers_are_left_alone() {
    for host in [
        "paypal.com",
        "www.paypal.com",
        "paypal.co.uk",
        "login.paypal.de",
        "login.microsoftonline.com",
        "secure.verify.paypalobjects.com",
        "paypal.com.edgekey.net",
        "sekisho-works.example",
        "mail.sekisho-works.example",
        "example.com",
        "apple-pie.example",
        "amazon.partner.example",
        "github.company.example",
        "purple.com",
        "pineapple.com",
        "applebees.com",
        "ledge.example",
        "stripes.example",
        "chased.example",
        "192.0.2.1",
        "[2001:db8::1]",
        "com",
        "xn--fsq.test",
        "例え.jp",
        "localhost",
    ] {
        assert_eq!(likeness(host), None, "{host}");
    }
}

#[test]
fn what_is_no_domain_is_not_protected() {
    for bad in ["", "corp", "a b.example", "192.0.2.1", "corp.example/x", "corp.example:80", "*.corp.example", "."] {
        assert_eq!(Names::default().protect(bad), Err(BadName(bad.to_owned())), "{bad}");
    }
    let mut names = Names::default();
    names.protect("Bücher.example").unwrap();
    let url = super::super::parse("https://bucher.example.test/").unwrap();
    assert_eq!(names.likeness(&url, &SUFFIXES), None);
    let url = super::super::parse("https://bucher.test/").unwrap();
    assert_eq!(names.likeness(&url, &SUFFIXES).map(|seen| seen.how), Some(How::Looks));
}

#[test]
fn one_letter_is_one_letter() {
    for (one, other, is) in [
        ("abcd", "abcd", false),
        ("abcd", "abd", true),
        ("abcd", "abxcd", true),
        ("abcd", "abcde", true),
        ("abcd", "xbcd", true),
        ("abcd", "abdc", true),
        ("abcd", "bacd", true),
        ("abcd", "abxy", false),
        ("abcd", "dbca", false),
        ("abcd", "ab", false),
        ("", "a", true),
        ("", "ab", false),
    ] {
        assert_eq!(is_one_off(one.as_bytes(), other.as_bytes()), is, "{one} {other}");
        assert_eq!(is_one_off(other.as_bytes(), one.as_bytes()), is, "{other} {one}");
    }
}
