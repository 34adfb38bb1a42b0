use unicode_security::mixed_script::AugmentedScriptSet;

use super::WebUrl;
use crate::judge::HostFact;

/// What can be read off the host and the way it is written, in the order of [`HostFact`]. None of it is proof of
/// anything; each is a reason to look twice.
pub fn host_facts(url: &WebUrl) -> Vec<HostFact> {
    let host = url.host_str();
    let name = if url.is_address() { None } else { Some(host.strip_suffix('.').unwrap_or(host)) };
    let facts = [
        (url.is_address(), HostFact::LiteralAddress),
        (!url.userinfo().is_empty(), HostFact::Userinfo),
        (name.is_some_and(shows_mixed_scripts), HostFact::MixedScripts),
        (url.port().is_some_and(|port| port != 80 && port != 443), HostFact::OddPort),
        (name.is_some_and(|name| !name.contains('.')), HostFact::SingleLabel),
    ];
    facts.into_iter().filter_map(|(holds, fact)| holds.then_some(fact)).collect()
}

/// Whether a label mixes scripts when it is shown. A serialised host has other letters than ASCII only in A-labels.
fn shows_mixed_scripts(name: &str) -> bool {
    name.contains("xn--") && unicode(name).split('.').any(mixes_scripts)
}

/// U-labels where they are valid, the host as given otherwise.
pub(super) fn unicode(host: &str) -> String {
    if !host.contains("xn--") {
        return host.to_owned();
    }
    match idna::domain_to_unicode(host) {
        (unicode, Ok(())) => unicode,
        _ => host.to_owned(),
    }
}

/// Whether a label needs more scripts than UTS 39 (section 5.2) calls highly restrictive: one script alone, or Latin
/// with Han and Hiragana and Katakana, with Han and Bopomofo, or with Han and Hangul.
///
/// The crate's own level also asks whether each character may stand in an identifier; a heart in a label may not, but
/// mixes nothing.
fn mixes_scripts(label: &str) -> bool {
    if label.is_ascii() {
        return false;
    }
    let latin = AugmentedScriptSet::for_char('a').base;
    let (mut all, mut beside_latin) = (AugmentedScriptSet::default(), AugmentedScriptSet::default());
    for character in label.chars() {
        let scripts = AugmentedScriptSet::for_char(character);
        all.intersect_with(scripts);
        if scripts.base.intersection(latin).is_empty() {
            beside_latin.intersect_with(scripts);
        }
    }
    all.is_empty() && !(beside_latin.jpan || beside_latin.hanb || beside_latin.kore)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn facts(text: &str) -> Vec<HostFact> {
        host_facts(&parse(text).unwrap())
    }

    #[test]
    fn an_ordinary_url_has_no_facts() {
        for text in [
            "http://example.com/",
            "https://example.com./@a:b",
            "http://example.com:443/",
            "https://example.com:80/",
            "https://www.example.co.test/?u=user@host:81",
        ] {
            assert_eq!(facts(text), [], "{text}");
        }
    }

    #[test]
    fn each_fact_is_seen() {
        for (text, fact) in [
            ("http://0x7f.1/", HostFact::LiteralAddress),
            ("http://[2001:db8::1]/", HostFact::LiteralAddress),
            ("http://bank.test@evil.test/", HostFact::Userinfo),
            ("http://:pw@evil.test/", HostFact::Userinfo),
            ("http://evil.test:8443/", HostFact::OddPort),
            ("http://intranet/", HostFact::SingleLabel),
            ("http://intranet./", HostFact::SingleLabel),
            ("http://аpple.test/", HostFact::MixedScripts),
        ] {
            assert_eq!(facts(text), [fact], "{text}");
        }
        assert_eq!(facts("http://a@127.1:81/"), [HostFact::LiteralAddress, HostFact::Userinfo, HostFact::OddPort]);
    }

    #[test]
    fn scripts_mix_within_a_label_only_and_some_belong_together() {
        for host in [
            "пример.test",
            "例え.テスト",
            "サッカー日本.test",
            "abcひらカタ漢字.test",
            "abc한국漢.test",
            "abcㄅㄆ漢.test",
            "φως.test",
            "faß.test",
            "i❤.test",
            "ひら-1.test",
            "ناس.test",
        ] {
            assert_eq!(facts(&format!("http://{host}/")), [], "{host}");
        }
        for host in ["раypal.test", "goοgle.test", "abcไทย.test", "한ひら.test", "www.ехample.test", "aբ.test"]
        {
            assert_eq!(facts(&format!("http://{host}/")), [HostFact::MixedScripts], "{host}");
        }
    }

    #[test]
    fn u_labels_are_for_showing() {
        for (text, shown) in [
            ("http://xn--fsq.test/", "例.test"),
            ("http://FAẞ.test./", "faß.test."),
            ("http://example.com/", "example.com"),
            ("http://a_b.xn--fsq.test/", "a_b.例.test"),
            ("http://127.1/", "127.0.0.1"),
            ("http://[::1]/", "[::1]"),
        ] {
            assert_eq!(parse(text).unwrap().host_unicode(), shown, "{text}");
        }
        assert_eq!(unicode("xn--a.test"), "xn--a.test");
    }
}
