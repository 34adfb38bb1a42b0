use proptest::prelude::*;

use super::{super::parse, *};

fn of(url: &str) -> Option<SingleUse> {
    single_use(&parse(url).unwrap())
}

/// What people complained of: links that a scanner used up before they could (attack row 128).
#[test]
fn row_128_links_that_scanners_are_known_to_have_used_up_are_left_alone() {
    for url in [
        // Sign-in by mail.
        "https://app.example.com/api/auth/callback/email?callbackUrl=https%3A%2F%2Fapp.example.com&token=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08&email=a%40b.example",
        "https://wiki.example.com/auth/email.callback?token=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6MX0.abc",
        "https://blog.example.com/members/?token=Qh7dK2xpM9sWc1Zt&action=signin",
        "https://id.example.com/password/change/AbCdEfGhIjKlMnOpQr-12",
        "https://auth.example.com/if/flow/recovery/?flow_token=BmZxYw1a",
        "https://login.example.com/magic/7f3a9b",
        "https://project.supabase.example/auth/v1/verify?token=pkce_12ab&type=magiclink",
        "https://x.firebaseapp.example/__/auth/action?mode=resetPassword&oobCode=ABC123xyz",
        // Secrets that are shown once.
        "https://secrets.example.com/secret/4k2j5h2k4j5h2k3j4h5k2j3h4k5j",
        "https://paste.example.com/p/9d3e1f08-11aa-4c3b-9be2-0c9a3b7a55f0",
        // Unsubscriptions.
        "https://shop.example.com/unsubscribe?u=12345",
        "https://news.example.com/unsubscribe/12345",
        "https://list.example.com/optout?email=me%40corp.example",
        "https://x.list-manage.example/unsubscribe?u=1&id=2&e=abc",
        "https://mail.example.com/u/opt-out/9912",
        // Approvals, invitations, signatures, answers.
        "https://hr.example.com/approve/4711",
        "https://erp.example.com/Workflow/Approve.aspx?id=4711",
        "https://chat.example.com/invite/engineering",
        "https://sign.example.com/documents/8842/sign",
        "https://cal.example.com/rsvp?event=991&answer=yes",
        "https://example.com/users/confirmation?confirmation_token=XyZ1",
        "https://example.com/resetPassword?user=42",
        "https://example.com/account/verifyEmail/42",
        // In other languages.
        "https://example.de/newsletter/abbestellen?nr=8812",
        "https://example.de/konto/best%C3%A4tigen/8812",
        "https://example.fr/desinscription/8812",
        "https://example.es/baja?id=991",
        "https://example.pt/redefinir-senha/991",
        "https://example.jp/%E9%85%8D%E4%BF%A1%E5%81%9C%E6%AD%A2?id=991",
        "https://example.jp/taikai/991",
        "https://example.cn/%E9%80%80%E8%AE%A2?id=991",
        "https://example.kr/%EC%88%98%EC%8B%A0%EA%B1%B0%EB%B6%80?id=991",
        "https://example.ru/%D0%BF%D0%BE%D0%B4%D1%82%D0%B2%D0%B5%D1%80%D0%B4%D0%B8%D1%82%D1%8C/991",
        // Whatever it is: nobody typed this.
        "https://click.example.com/ls/click?upn=u001.Qm9nT2xkVGhpbmdzQXJlTm90TmV3",
        "https://t.example.com/c/AQBf3kQyTqYQwAAAABqhW8C9ZzR0",
    ] {
        assert!(of(url).is_some(), "{url}");
    }
}

#[test]
fn pages_that_anybody_can_open_are_no_keys() {
    for url in [
        "https://example.com/",
        "https://www.example.com/login",
        "https://www.example.com/login/",
        "https://bank.example.com/account/verify",
        "https://www.example.com/password-reset",
        "https://example.com/unsubscribe",
        "https://news.example.com/2026/11/24/how-to-write-a-very-long-title-with-20-words-in-it",
        "https://shop.example.com/products/winter-jacket-2026?color=blue&size=xl",
        "https://shop.example.com/p/12345678901234567890",
        "https://example.com/search?q=mountain+bicycle+under+500+euros",
        "https://example.com/a?utm_source=mail&utm_campaign=9f86d081884c7d659a2feaa0c55ad015&gclid=Cj0KCQiA7NKBBhDBARIsAHbXCB7",
        "https://en.wiki.example.org/wiki/Uniform_Resource_Identifier",
        "https://docs.example.com/InternationalBusinessMachines/index.html",
        "https://bit.ly/3xYzAb9",
        "https://example.com/images/header-background-large.png",
        "https://example.com/#access_token=9f86d081884c7d659a2feaa0c55ad015",
        "https://status.example.com/incidents/20261124",
    ] {
        assert_eq!(of(url), None, "{url}");
    }
}

#[test]
fn what_makes_it_a_key_is_told() {
    assert_eq!(of("https://example.com/invite/team-a"), Some(SingleUse::Word("invit".into())));
    assert_eq!(of("https://example.com/?otp=123456"), Some(SingleUse::Parameter("otp".into())));
    assert_eq!(of("https://example.com/9f86d081884c7d65"), Some(SingleUse::Token));
}

#[test]
fn the_words_are_lower_case_and_each_language_has_some() {
    let text = include_str!("../../../data/single_use_words.txt");
    let mut languages = HashSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        languages.insert(words.next().unwrap());
        for word in words {
            assert!(!word.is_empty() && word == word.to_lowercase(), "{line}");
            // Short pieces would be found in any word.
            let letters = word.trim_start_matches('=').chars().count();
            assert!(word.starts_with('=') || !word.is_ascii() || letters >= 5, "{word} is too short to stand anywhere");
        }
    }
    assert!(languages.len() >= 25, "{}", languages.len());
}

proptest! {
    #[test]
    fn random_keys_of_every_alphabet_are_seen(key in "[0-9a-f]{32}|[A-Za-z0-9_-]{32}|[A-Z2-7]{32}") {
        let path = format!("https://example.com/p/{key}");
        let value = format!("https://example.com/p?x={key}");
        // A key may by chance be words and numbers; hardly ever both ways of many.
        let odd = key.bytes().filter(u8::is_ascii_digit).count() >= 4 && key.bytes().filter(u8::is_ascii_alphabetic).count() >= 4;
        if odd && !key.contains(['-', '_']) {
            prop_assert!(of(&path).is_some(), "{path}");
            prop_assert!(of(&value).is_some(), "{value}");
        }
    }

    #[test]
    fn any_url_is_judged(text in "https://[a-z]{1,8}\\.com/[ -~]{0,80}") {
        if let Ok(url) = parse(&text) {
            let _ = single_use(&url);
        }
    }
}
