use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use super::*;
use crate::{
    base::TenantId,
    judge::{Freshness, HostFact},
    list::{Context, ForTenant, List, Seed, Tables, parse},
    store::{self, Revocation},
    url,
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);
static NAMES: LazyLock<Names> = LazyLock::new(Names::builtin);

fn list(name: &str, text: &str) -> Arc<List> {
    let context = Context { suffixes: &SUFFIXES, own_hosts: &[], never_block: None };
    let (list, bad) = parse(name, text, &context);
    assert!(bad.is_empty(), "{bad:?}");
    Arc::new(list)
}

fn tables(lists: Vec<Arc<List>>) -> Tables {
    Tables::of_lists(&lists, Seed([7; 16])).unwrap()
}

fn judged(lists: &[(&str, &str)], text: &str) -> Verdict {
    let index = tables(lists.iter().map(|(name, text)| list(name, text)).collect());
    judged_by(&index, text)
}

fn judged_by(index: &dyn Index, text: &str) -> Verdict {
    judged_with(index, text, &Findings::default())
}

fn judged_with(index: &dyn Index, text: &str, findings: &Findings) -> Verdict {
    let (url, needs) = (url::parse(text).unwrap(), Needs::default());
    judge(
        &url,
        &url::unwrap(&url),
        &Grounds { index, suffixes: &SUFFIXES, names: &NAMES, findings, needs: &needs, now: NOW },
    )
}

/// The entry that settled it, as `list:line`, or the fact.
fn settled(verdict: &Verdict) -> Option<String> {
    verdict.decisive().map(|signal| match &signal.source {
        Source::List(entry) | Source::Feed(entry) => format!("{}:{}", entry.list, entry.line),
        Source::Host { fact } => fact.to_string(),
        Source::Asked { source, .. } => source.clone(),
        Source::Revocation(_) => "revocation".to_owned(),
    })
}

#[test]
fn nothing_said_is_clean_and_settled_by_nobody() {
    let verdict = judged(&[("corp", "evil.example\n")], "https://good.example/");
    assert_eq!(verdict, Verdict { tier: Tier::Clean, threat: Threat::None, decisive: None, signals: vec![] });
}

#[test]
fn a_block_is_malicious_by_policy_and_names_its_line() {
    let verdict = judged(&[("corp", "# ours\nevil.example ; reason=\"INC-7\"\n")], "https://a.evil.example/x");
    assert_eq!((verdict.tier, verdict.threat), (Tier::Malicious, Threat::Policy));
    assert_eq!(settled(&verdict).as_deref(), Some("corp:2"));
    let Source::List(entry) = &verdict.decisive().unwrap().source else { panic!() };
    assert_eq!((entry.entry.as_str(), entry.reason.as_deref()), ("evil.example", Some("INC-7")));
}

#[test]
fn the_narrowest_wins_and_block_wins_ties() {
    let domain = ("block", "evil.example\n");
    let path = ("allow", "@action allow\nevil.example/good/*\n");
    let verdict = judged(&[domain, path], "https://evil.example/good/x");
    assert_eq!((verdict.tier, settled(&verdict).as_deref()), (Tier::Clean, Some("allow:2")));
    assert_eq!(verdict.signals.len(), 2, "the entry that lost is told too");
    assert_eq!(settled(&judged(&[domain, path], "https://evil.example/bad")).as_deref(), Some("block:1"));
    let tie = ("allow", "@action allow\nevil.example\n");
    assert_eq!(settled(&judged(&[tie, domain], "https://evil.example/")).as_deref(), Some("block:1"));
}

#[test]
fn no_tenant_lifts_a_block_of_the_installation() {
    let block = ("block", "evil.example\n");
    let tenant = ("tenant", "@action allow\n@tenant 7\n=https://evil.example/x\n");
    assert_eq!(settled(&judged(&[block, tenant], "https://evil.example/x")).as_deref(), Some("block:1"));
    let own = ("own", "@tenant 7\nevil.example\n");
    assert_eq!(settled(&judged(&[own, tenant], "https://evil.example/x")).as_deref(), Some("tenant:3"));
}

#[test]
fn another_tenants_entries_do_not_speak() {
    let index = tables(vec![list("own", "@tenant 7\nevil.example\n")]);
    let tier = |tenant| {
        let index = ForTenant { index: &index, tenant: TenantId(tenant), policy: "standard" };
        judged_by(&index, "https://evil.example/").tier
    };
    assert_eq!((tier(7), tier(8)), (Tier::Malicious, Tier::Clean));
}

#[test]
fn an_entry_past_its_last_day_does_not_speak() {
    let verdict = judged(&[("corp", "evil.example ; until=2026-01-31\n")], "https://evil.example/");
    assert_eq!((verdict.tier, verdict.signals.len()), (Tier::Clean, 0));
}

#[test]
fn hidden_destinations_and_bare_addresses_are_suspicious() {
    for (text, fact, words) in [
        ("https://bank.example:pw@x.evil.example/", HostFact::Userinfo, "which is evil.example"),
        ("http://203.0.113.7/", HostFact::LiteralAddress, "a bare network address, 203.0.113.7"),
        ("https://xn--pple-43d.com/", HostFact::MixedScripts, "xn--pple-43d.com is shown as"),
        ("https://paypa1.com/", HostFact::Lookalike, "paypa1.com can be taken for paypal.com and is another domain"),
    ] {
        let verdict = judged(&[], text);
        assert_eq!((verdict.tier, verdict.threat), (Tier::Suspicious, Threat::None), "{text}");
        let Signal { source, evidence, .. } = verdict.decisive().unwrap();
        assert_eq!(*source, Source::Host { fact }, "{text}");
        assert!(evidence.contains(words) && !evidence.contains("pw") && !evidence.ends_with('.'), "{evidence}");
    }
}

#[test]
fn weak_facts_are_told_and_settle_nothing() {
    for (text, fact) in [("https://a.example:8443/", HostFact::OddPort), ("http://intranet/", HostFact::SingleLabel)] {
        let verdict = judged(&[], text);
        assert_eq!((verdict.tier, verdict.decisive), (Tier::Clean, None), "{text}");
        assert_eq!(verdict.signals.first().map(|signal| &signal.source), Some(&Source::Host { fact }));
    }
    let both = judged(&[], "http://user@intranet:8080/");
    assert_eq!((settled(&both).as_deref(), both.signals.len()), (Some("userinfo"), 3));
}

#[test]
fn an_allow_settles_it_above_facts_which_are_still_told() {
    let verdict = judged(&[("ok", "@action allow\n203.0.113.7\n")], "http://203.0.113.7/");
    assert_eq!((verdict.tier, settled(&verdict).as_deref()), (Tier::Clean, Some("ok:2")));
    assert_eq!(verdict.signals.len(), 2);
}

#[test]
fn no_guess_is_made_about_own_hosts_and_those_never_blocked() {
    let own = ("own", "@action internal\n10.0.0.0/8\nlocalhost.example\n");
    let big = ("big", "@action never-block\nbig.example\n");
    for text in [
        "http://10.1.2.3:8080/",
        "http://u@a.localhost.example/",
        "https://u@big.example/",
        "https://paypal.com.big.example/",
    ] {
        let verdict = judged(&[own, big], text);
        assert_eq!((verdict.tier, verdict.decisive, verdict.signals.len()), (Tier::Clean, None, 1), "{text}");
    }
    let block = ("block", "=https://big.example/bad\n10.1.2.3\n");
    for text in ["https://big.example/bad", "http://10.1.2.3/"] {
        assert_eq!(judged(&[own, big, block], text).tier, Tier::Malicious, "lists apply all the same: {text}");
    }
}

const EVIL_IN_SAFE_LINKS: &str = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fx";

#[test]
fn a_block_on_any_url_inside_blocks_and_names_its_hop() {
    let block = ("block", "evil.example\n");
    for (text, hop) in [
        (EVIL_IN_SAFE_LINKS, 1),
        ("https://ok.example/?next=https%3A%2F%2Fevil.example%2F", 1),
        ("https://www.google.com/url?q=https://ok.example/%3Fu%3Dhttps://evil.example/", 2),
        ("https://evil.example/?u=https://ok.example/", 0),
    ] {
        let verdict = judged(&[block], text);
        let signal = verdict.decisive().unwrap();
        assert_eq!((verdict.tier, signal.hop, settled(&verdict).as_deref()), (Tier::Malicious, hop, Some("block:1")));
    }
}

#[test]
fn an_allow_for_the_wrapper_lifts_no_block_and_no_fact_inside() {
    let wrapper = ("ok", "@action allow\nsafelinks.protection.outlook.com\n");
    let big = ("big", "@action never-block\noutlook.com\n");
    let block = ("block", "evil.example\n");
    for lists in [&[wrapper, block][..], &[wrapper, big, block]] {
        let verdict = judged(lists, EVIL_IN_SAFE_LINKS);
        assert_eq!((verdict.tier, settled(&verdict).as_deref()), (Tier::Malicious, Some("block:1")));
        assert!(verdict.signals.len() >= 2, "the allow is told too");
    }
    let odd = "https://eur01.safelinks.protection.outlook.com/?url=http%3A%2F%2F203.0.113.7%2F";
    let verdict = judged(&[wrapper], odd);
    assert_eq!((verdict.tier, settled(&verdict).as_deref()), (Tier::Suspicious, Some("literal_address")));
    assert_eq!(verdict.decisive().unwrap().hop, 1);
    let inner = ("inner", "@action allow\n203.0.113.7\n");
    let verdict = judged(&[wrapper, inner], odd);
    assert_eq!((verdict.tier, settled(&verdict).as_deref()), (Tier::Clean, Some("ok:2")));
}

#[test]
fn an_allow_inside_lets_nobody_pass_who_stands_outside() {
    let inner = ("inner", "@action allow\nevil.example\n");
    let outer = ("outer", "outlook.com\n");
    assert_eq!(settled(&judged(&[inner, outer], EVIL_IN_SAFE_LINKS)).as_deref(), Some("outer:1"));
    let verdict = judged(&[inner], "http://203.0.113.7/?u=https://evil.example/");
    assert_eq!(settled(&verdict).as_deref(), Some("literal_address"));
    let verdict = judged(&[inner], EVIL_IN_SAFE_LINKS);
    assert_eq!((verdict.tier, verdict.decisive), (Tier::Clean, None), "nobody allowed the destination itself");
}

fn heard(source: &str, evidence: Evidence, hop: usize, tier: Option<Tier>) -> sources::Heard {
    let objection = |tier| sources::Objection { tier, threat: Threat::Phishing, evidence: "it is known".to_owned() };
    let finding = sources::Finding {
        objections: tier.into_iter().map(objection).collect(),
        keep: Duration::from_secs(60),
        ..sources::Finding::default()
    };
    sources::Heard {
        source: source.into(),
        evidence,
        hop,
        answer: Ok(Arc::new(finding)),
        from: Freshness::Asked,
        learned: Some(NOW),
        under_way: None,
    }
}

fn silent(source: &str, hop: usize) -> sources::Heard {
    let answer = Err(sources::Unanswered("it broke off".to_owned()));
    sources::Heard { answer, ..heard(source, Evidence::Dns, hop, None) }
}

/// Every combination of what can be said of one URL, against the order of evidence written out (attack row 171).
#[test]
fn the_order_of_evidence_holds_for_every_combination() {
    const TEXT: &str = "https://user@evil.example/";
    let revocation = Revocation {
        id: 1,
        time: NOW,
        scope: store::Scope { tenant: Some(TenantId(1)), ..store::Scope::default() },
        by: "alice".to_owned(),
        reason: "test".to_owned(),
        expires: None,
        release: None,
    };
    for bits in 0..1_u32 << 9 {
        let said = |bit: u32| bits & 1 << bit != 0;
        let [revoked, block, allow, never, dns, hash, scan, internal, silence] =
            std::array::from_fn(|bit| said(bit as u32));
        let mut lists = Vec::new();
        for (is_there, action) in [(block, "block"), (allow, "allow"), (never, "never-block"), (internal, "internal")] {
            if is_there {
                lists.push(list(action, &format!("@action {action}\nevil.example\n")));
            }
        }
        let mut findings = Findings::default();
        for (is_there, name, evidence) in
            [(scan, "scan", Evidence::Scan), (dns, "dns", Evidence::Dns), (hash, "hash", Evidence::Hash)]
        {
            if is_there {
                findings.heard.push(heard(name, evidence, 0, Some(Tier::Malicious)));
            }
        }
        if silence {
            findings.heard.push(silent("silent", 0));
        }
        let mut verdict = judged_with(&tables(lists), TEXT, &findings);
        if revoked {
            verdict = crate::verdict::revoke(verdict, &revocation);
        }
        let wanted = match () {
            () if revoked => (Tier::Malicious, Some("revocation")),
            () if block => (Tier::Malicious, Some("block:2")),
            () if allow => (Tier::Clean, Some("allow:2")),
            () if internal => (Tier::Clean, None),
            () if dns && !never => (Tier::Malicious, Some("dns")),
            () if hash => (Tier::Malicious, Some("hash")),
            () if scan => (Tier::Malicious, Some("scan")),
            () if !never => (Tier::Suspicious, Some("userinfo")),
            () if silence => (Tier::Unknown, None),
            () => (Tier::Clean, None),
        };
        assert_eq!((verdict.tier, settled(&verdict).as_deref()), wanted, "{bits:09b}");
    }
}

#[test]
fn a_source_is_heard_about_the_url_that_it_was_asked_of() {
    let wrapper = tables(vec![list("ok", "@action allow\nsafelinks.protection.outlook.com\n")]);
    let findings = |heard| Findings { heard: vec![heard], waited_micros: None };
    let inner =
        judged_with(&wrapper, EVIL_IN_SAFE_LINKS, &findings(heard("dns", Evidence::Dns, 1, Some(Tier::Malicious))));
    assert_eq!((inner.tier, inner.threat, inner.decisive().unwrap().hop), (Tier::Malicious, Threat::Phishing, 1));
    let outer =
        judged_with(&wrapper, EVIL_IN_SAFE_LINKS, &findings(heard("dns", Evidence::Dns, 0, Some(Tier::Malicious))));
    assert_eq!(settled(&outer).as_deref(), Some("ok:2"));
    let silent = judged_with(&wrapper, EVIL_IN_SAFE_LINKS, &findings(silent("dns", 1)));
    assert_eq!((silent.tier, silent.decisive), (Tier::Unknown, None), "nobody allowed what is inside");
}

#[test]
fn what_nobody_needs_may_be_silent_and_what_is_stale_proves_nothing() {
    let url = url::parse("https://shop.example/").unwrap();
    let index = Tables::default();
    let tier = |heard: sources::Heard, need| {
        let needs = Needs { others: Need::Required, by_source: [("dns".to_owned(), need)].into() };
        let findings = Findings { heard: vec![heard], waited_micros: None };
        let grounds =
            Grounds { index: &index, suffixes: &SUFFIXES, names: &NAMES, findings: &findings, needs: &needs, now: NOW };
        judge(&url, &url::unwrap(&url), &grounds).tier
    };
    assert_eq!(tier(silent("dns", 0), Need::Required), Tier::Unknown);
    assert_eq!(tier(silent("dns", 0), Need::Optional), Tier::Clean);
    assert_eq!(tier(silent("other", 0), Need::Optional), Tier::Unknown);
    let stale = |tier| sources::Heard { from: Freshness::Stale, ..heard("dns", Evidence::Dns, 0, tier) };
    assert_eq!(tier(stale(None), Need::Required), Tier::Unknown);
    assert_eq!(tier(stale(Some(Tier::Malicious)), Need::Required), Tier::Malicious);
}

#[test]
fn nobody_is_asked_about_what_is_settled_guessed_or_ones_own() {
    let (needs, findings) = (Needs::default(), Findings::default());
    let open = |lists: &[(&str, &str)], text: &str| {
        let index = tables(lists.iter().map(|(name, text)| list(name, text)).collect());
        let url = url::parse(text).unwrap();
        let grounds =
            Grounds { index: &index, suffixes: &SUFFIXES, names: &NAMES, findings: &findings, needs: &needs, now: NOW };
        open_hops(&url, &url::unwrap(&url), &grounds)
    };
    assert_eq!(open(&[], EVIL_IN_SAFE_LINKS), [0, 1]);
    assert_eq!(open(&[], "https://ok.example/?u=https://evil.example/"), [0]);
    assert_eq!(open(&[("ok", "@action allow\nevil.example\n")], EVIL_IN_SAFE_LINKS), [0]);
    assert_eq!(open(&[("own", "@action internal\nevil.example\n")], EVIL_IN_SAFE_LINKS), [0]);
    assert_eq!(open(&[("big", "@action never-block\nevil.example\n")], EVIL_IN_SAFE_LINKS), [0, 1]);
    assert_eq!(open(&[("block", "evil.example\n")], EVIL_IN_SAFE_LINKS), [0_usize; 0]);
}

fn wrapped(inner: &str, products: &[&str]) -> String {
    products.iter().fold(inner.to_owned(), |inner, product| {
        let bytes: String = inner.bytes().map(|byte| format!("%{byte:02x}")).collect();
        format!("https://{product}{bytes}")
    })
}

const PRODUCTS: [&str; 3] =
    ["eur01.safelinks.protection.outlook.com/?url=", "linkprotect.cudasvc.com/url?a=", "secure-web.cisco.com/1abc/"];

#[test]
fn three_products_around_one_another_are_suspicious_wherever_they_lead() {
    for (count, tier) in [(2, Tier::Clean), (3, Tier::Suspicious)] {
        let verdict = judged(&[], &wrapped("https://shop.example/", &PRODUCTS[..count]));
        assert_eq!(verdict.tier, tier, "{count}");
    }
    let text = wrapped("https://shop.example/", &PRODUCTS);
    let verdict = judged(&[("big", "@action never-block\ncisco.com\noutlook.com\n")], &text);
    assert_eq!((settled(&verdict).as_deref(), verdict.decisive().unwrap().hop), (Some("many_wrappers"), 3));
    for list in ["@action allow\nshop.example\n", "@action internal\nshop.example\n"] {
        assert_eq!(judged(&[("ok", list)], &text).tier, Tier::Clean, "{list}");
    }
}

#[test]
fn more_layers_than_are_looked_at_are_suspicious() {
    let deep = "https://ok.example/?u=".repeat(url::MAX_LAYERS + 2);
    let verdict = judged(&[("big", "@action never-block\nok.example\n")], &deep);
    assert_eq!((verdict.tier, settled(&verdict).as_deref()), (Tier::Suspicious, Some("too_deep")));
    assert_eq!(judged(&[("ok", "@action allow\nok.example\n")], &deep).tier, Tier::Clean);
}

#[test]
fn where_it_leads_and_what_stands_in_it_is_told_and_settles_nothing() {
    for (text, fact, words) in [
        ("https://bit.ly/abc", HostFact::Sealed, "only its owner can tell (URL shortener)"),
        ("https://ok.example/?u=http://203.0.113.7/", HostFact::NestedUrl, "on 203.0.113.7"),
    ] {
        let verdict = judged(&[], text);
        assert_eq!((verdict.tier, verdict.decisive, verdict.signals.len()), (Tier::Clean, None, 1), "{text}");
        assert_eq!(verdict.signals[0].source, Source::Host { fact });
        assert!(verdict.signals[0].evidence.contains(words), "{}", verdict.signals[0].evidence);
    }
}

#[test]
fn a_crowd_of_entries_is_capped_and_the_winner_kept() {
    let allows: String = (0..100).map(|at| format!("a.example/{}*\n", "x/".repeat(at))).collect();
    let allow = ("allow", format!("@action allow\n@tenant 1\n{allows}"));
    let url = format!("https://a.example/{}", "x/".repeat(100));
    let verdict = judged(&[(allow.0, &allow.1), ("block", "a.example\n")], &url);
    assert_eq!((verdict.signals.len(), settled(&verdict).as_deref()), (MAX_ENTRIES, Some("block:1")));
}

proptest! {
    #[test]
    fn one_verdict_whatever_the_order_of_the_lists(
        host in "(a|b|c)\\.(one|two)\\.example",
        path in "(/|/x|/x/y|/z)",
        entries in proptest::collection::vec(
            ("(a\\.|=a\\.|\\*\\.|=)?(one|two)\\.example", "(/\\*|/x/\\*)?", 0_usize..4, any::<bool>()), 0..8),
    ) {
        let actions = ["block", "allow", "never-block", "internal"];
        let lists: Vec<_> = entries.iter().enumerate().filter_map(|(at, (name, path, action, tenant))| {
            let tenant = if *tenant { "@tenant 1\n" } else { "" };
            let text = format!("@action {}\n{tenant}{name}{path}\n", actions[*action]);
            let context = Context { suffixes: &SUFFIXES, own_hosts: &[], never_block: None };
            let (list, bad) = parse(&format!("list{at}"), text, &context);
            bad.is_empty().then(|| Arc::new(list))
        }).collect();
        let url = format!("https://{host}{path}");
        let verdict = |lists: Vec<Arc<List>>| judged_by(&tables(lists), &url);
        let one = verdict(lists.clone());
        prop_assert_eq!(&one, &verdict(lists.into_iter().rev().collect()));
        let blocked = one.decisive().is_some_and(|signal| signal.objection == Objection::Blocks);
        prop_assert_eq!(one.tier == Tier::Malicious, blocked);
    }
}

const FEED: (&str, &str) = (
    "feeds/x",
    "@trust block\n@threat phishing\nevil.example\nbusy.example/bad/*\nbusy.example\n=https://busy.example/one\n",
);

#[test]
fn a_feed_speaks_behind_admins_entries() {
    let verdict = judged(&[FEED], "https://a.evil.example/");
    assert_eq!((verdict.tier, verdict.threat), (Tier::Malicious, Threat::Phishing));
    let decisive = verdict.decisive().unwrap();
    let Source::Feed(entry) = &decisive.source else { panic!("{decisive:?}") };
    assert_eq!(
        (&*entry.list, entry.line, decisive.objection),
        ("feeds/x", 3, Objection::Speaks(Tier::Malicious, Threat::Phishing))
    );
    // However wide the allow, and however narrow the entry of the feed.
    let allow = ("allow", "@action allow\nexample.example\nevil.example\n");
    let verdict = judged(&[FEED, allow], "https://a.evil.example/");
    assert_eq!((verdict.tier, settled(&verdict).as_deref()), (Tier::Clean, Some("allow:3")));
    assert_eq!(verdict.signals.len(), 2, "what the feed says is told");
    let block = ("block", "evil.example\n");
    let verdict = judged(&[FEED, block], "https://evil.example/");
    assert_eq!((verdict.threat, settled(&verdict).as_deref()), (Threat::Policy, Some("block:1")));
}

#[test]
fn trust_says_how_far_the_word_of_a_feed_goes() {
    for (trust, tier, settles) in
        [("block", Tier::Malicious, true), ("warn", Tier::Suspicious, true), ("signal", Tier::Clean, false)]
    {
        let verdict = judged(&[("feeds/x", &format!("@trust {trust}\nevil.example\n"))], "https://evil.example/");
        assert_eq!((verdict.tier, verdict.decisive.is_some(), verdict.signals.len()), (tier, settles, 1), "{trust}");
    }
}

#[test]
fn a_feed_is_not_heard_on_hosts_never_blocked_but_on_their_pages() {
    for keeper in [("nb", "@action never-block\n=busy.example\n"), ("own", "@action internal\n=busy.example\n")] {
        let settled = |path: &str| settled(&judged(&[FEED, keeper], &format!("https://busy.example/{path}")));
        assert_eq!(settled(""), None);
        assert_eq!(settled("bad/x").as_deref(), Some("feeds/x:4"));
        assert_eq!(settled("one").as_deref(), Some("feeds/x:6"));
    }
    assert_eq!(settled(&judged(&[FEED], "https://busy.example/")).as_deref(), Some("feeds/x:5"));
}
