use super::facts::{SUSPICIOUS, facts};
use crate::{
    base::Timestamp,
    judge::{Objection, Signal, Threat, Tier, Verdict},
    list::{self, Hit, Index, ListAction},
    url::{Suffixes, WebUrl},
};

/// Most entries that one verdict names. The one that settles it is always among them; the widest are left out first.
pub const MAX_ENTRIES: usize = 32;

/// What everything says of `url` at `now`, in the order of evidence.
///
/// 1. Admins' blocks and allows compete ([`list::winner`]), and the winner settles it. An allow lifts only what stands
///    below it here: what ranks above admins' entries is asked before this, and no entry undoes it.
/// 2. The organisation's own hosts, and those never blocked as a whole: for these no guess counts, and none is made.
/// 3. Facts about the host and the way the URL is written.
///
/// `index` is what this click may see: [`list::ForTenant`] where some lists are one tenant's or policy's alone.
pub fn judge(url: &WebUrl, index: &dyn Index, suffixes: &Suffixes, now: Timestamp) -> Verdict {
    let mut hits = hits(url, index, now);
    let winner = list::winner(&hits);
    if let Some(up_to_winner) = winner.and_then(|at| hits.get_mut(..=at)) {
        up_to_winner.rotate_right(1);
    }
    let is_exempt = hits.iter().any(|hit| rank(hit.list.action) == Rank::Exempts);
    let mut signals: Vec<Signal> = hits.iter().take(MAX_ENTRIES).map(Hit::signal).collect();
    if !is_exempt {
        signals.extend(facts(url, suffixes));
    }
    let suspicious = || signals.iter().position(|signal| signal.objection == SUSPICIOUS);
    let decisive = winner.map(|_| 0).or_else(suspicious);
    let settled = decisive.and_then(|at| signals.get(at)).map(|signal| signal.objection);
    let (tier, threat) = settled.map_or((Tier::Clean, Threat::None), amounts_to);
    Verdict { tier, threat, decisive, signals }
}

/// Every entry in force that matches: blocks and allows first, narrowest first, and always in the same order.
fn hits<'i>(url: &WebUrl, index: &'i dyn Index, now: Timestamp) -> Vec<Hit<'i>> {
    let mut hits = Vec::new();
    index.lookup(&url.canonical(), now, &mut |hit| hits.push(hit));
    let order = |hit: &Hit<'i>| (rank(hit.list.action), hit.width, &hit.list.name, hit.entry.line);
    hits.sort_by(|one, other| order(one).cmp(&order(other)));
    hits
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Competes,
    Exempts,
}

fn rank(action: ListAction) -> Rank {
    match action {
        ListAction::Block | ListAction::Allow => Rank::Competes,
        ListAction::NeverBlock | ListAction::Internal => Rank::Exempts,
    }
}

fn amounts_to(objection: Objection) -> (Tier, Threat) {
    match objection {
        Objection::Blocks => (Tier::Malicious, Threat::Policy),
        Objection::Allows | Objection::Internal | Objection::NeverBlock => (Tier::Clean, Threat::None),
        Objection::Revokes => (Tier::Malicious, Threat::None),
        Objection::Speaks(tier, threat) => (tier, threat),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use super::*;
    use crate::{
        base::TenantId,
        judge::{HostFact, Source},
        list::{Context, ForTenant, List, MemoryIndex, parse},
        url,
    };
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);

    static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

    fn list(name: &str, text: &str) -> Arc<List> {
        let context = Context { suffixes: &SUFFIXES, own_hosts: &[], never_block: None };
        let (list, bad) = parse(name, text, &context);
        assert!(bad.is_empty(), "{bad:?}");
        Arc::new(list)
    }

    fn judged(lists: &[(&str, &str)], text: &str) -> Verdict {
        let index = MemoryIndex::build(lists.iter().map(|(name, text)| list(name, text)).collect());
        judge(&url::parse(text).unwrap(), &index, &SUFFIXES, NOW)
    }

    /// The entry that settled it, as `list:line`, or the fact.
    fn settled(verdict: &Verdict) -> Option<String> {
        verdict.decisive().map(|signal| match &signal.source {
            Source::List(entry) => format!("{}:{}", entry.list, entry.line),
            Source::Host { fact } => fact.to_string(),
            Source::Revocation(_) => unreachable!("lists revoke nothing"),
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
        let index = MemoryIndex::build(vec![list("own", "@tenant 7\nevil.example\n")]);
        let url = url::parse("https://evil.example/").unwrap();
        let tier = |tenant| {
            let index = ForTenant { index: &index, tenant: TenantId(tenant), policy: "standard" };
            judge(&url, &index, &SUFFIXES, NOW).tier
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
        for (text, fact) in
            [("https://a.example:8443/", HostFact::OddPort), ("http://intranet/", HostFact::SingleLabel)]
        {
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
        for text in ["http://10.1.2.3:8080/", "http://u@a.localhost.example/", "https://u@big.example/"] {
            let verdict = judged(&[own, big], text);
            assert_eq!((verdict.tier, verdict.decisive, verdict.signals.len()), (Tier::Clean, None, 1), "{text}");
        }
        let block = ("block", "=https://big.example/bad\n10.1.2.3\n");
        for text in ["https://big.example/bad", "http://10.1.2.3/"] {
            assert_eq!(judged(&[own, big, block], text).tier, Tier::Malicious, "lists apply all the same: {text}");
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
            let url = url::parse(&format!("https://{host}{path}")).unwrap();
            let verdict = |lists: Vec<Arc<List>>| judge(&url, &MemoryIndex::build(lists), &SUFFIXES, NOW);
            let one = verdict(lists.clone());
            prop_assert_eq!(&one, &verdict(lists.into_iter().rev().collect()));
            let blocked = one.decisive().is_some_and(|signal| signal.objection == Objection::Blocks);
            prop_assert_eq!(one.tier == Tier::Malicious, blocked);
        }
    }
}
