use std::collections::HashMap;

use crate::{
    list::{Scope, covers},
    url,
};

/// Clicks that are looked at, at most.
const CLICKS: usize = 20_000;
/// Hosts that are named, at most.
const HOSTS: usize = 10;

/// What people clicked of late: tells how many of the clicks a set of entries would touch, without an index of the
/// entries, of which there may be millions.
#[derive(Debug, Default)]
pub struct Clicked {
    /// Each URL once, canonical, with the clicks that led to it.
    urls: Vec<(Scope, String, Vec<u32>)>,
    /// By the name of its host and of every domain above: places in `urls`.
    by_name: HashMap<Box<str>, Vec<u32>>,
    /// By its own text.
    by_url: HashMap<Box<str>, u32>,
    clicks: usize,
}

/// Which clicks a set of entries touches.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched {
    urls: Vec<bool>,
}

impl Clicked {
    /// How far back clicks are looked at: an hour.
    pub const SPAN_MILLIS: i64 = 60 * 60 * 1000;
    /// Clicks that are looked at, at most.
    pub const MOST: usize = CLICKS;

    /// Of clicks, each with the URLs behind it; those beyond the first 20,000 are left out.
    pub fn of<'u, U: IntoIterator<Item = &'u str>>(clicks: impl IntoIterator<Item = U>) -> Self {
        let mut clicked = Self::default();
        for (click, urls) in (0_u32..).zip(clicks.into_iter().take(CLICKS)) {
            clicked.clicks += 1;
            for text in urls {
                clicked.add(click, text);
            }
        }
        clicked
    }

    fn add(&mut self, click: u32, text: &str) {
        let Ok(url) = url::parse(text) else { return };
        let key = url.canonical();
        if let Some((_, _, clicks)) = self.by_url.get(key.as_str()).and_then(|at| self.urls.get_mut(*at as usize)) {
            clicks.push(click);
            return;
        }
        let at = u32::try_from(self.urls.len()).unwrap_or(u32::MAX);
        self.by_url.insert(key.as_str().into(), at);
        let host = key.host();
        let above = host.match_indices('.').filter_map(|(dot, _)| host.get(dot + 1..));
        let names: Vec<Box<str>> = std::iter::once(host).chain(above).map(Into::into).collect();
        for name in names {
            self.by_name.entry(name).or_default().push(at);
        }
        self.urls.push((Scope::Url(key.as_str().into()), host.to_owned(), vec![click]));
    }

    /// Clicks that are known.
    pub fn len(&self) -> usize {
        self.clicks
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.clicks == 0
    }

    /// How many clicks an entry touches, and hosts of some of them, those with the most clicks first.
    pub fn met_by(&self, scope: &Scope) -> (usize, Vec<String>) {
        let mut touched = Touched::default();
        self.touch(scope, &mut touched);
        let mut by_host: HashMap<&str, Vec<u32>> = HashMap::new();
        for ((_, host, of), _) in self.urls.iter().zip(&touched.urls).filter(|(_, met)| **met) {
            by_host.entry(host).or_default().extend(of);
        }
        let mut hosts: Vec<(usize, &str)> = by_host.iter().map(|(host, of)| (of.len(), *host)).collect();
        hosts.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
        let hosts = hosts.into_iter().take(HOSTS).map(|(_, host)| host.to_owned()).collect();
        (self.newly(&Touched::default(), &touched).0, hosts)
    }

    /// Notes what an entry touches.
    pub(super) fn touch(&self, scope: &Scope, touched: &mut Touched) {
        touched.urls.resize(self.urls.len(), false);
        match scope {
            Scope::Hosts { name, .. } | Scope::Paths { name, .. } => {
                for at in self.by_name.get(name).into_iter().flatten() {
                    self.try_one(scope, *at as usize, touched);
                }
            }
            Scope::Url(text) => {
                let at = url::parse(text).ok().and_then(|url| self.by_url.get(url.canonical().as_str()).copied());
                if let Some(at) = at {
                    self.try_one(scope, at as usize, touched);
                }
            }
            Scope::Network(_) | Scope::Pattern(_) => {
                (0..self.urls.len()).for_each(|at| self.try_one(scope, at, touched));
            }
            Scope::File(_) => {}
        }
    }

    fn try_one(&self, scope: &Scope, at: usize, touched: &mut Touched) {
        if let (Some((url, ..)), Some(seen)) = (self.urls.get(at), touched.urls.get_mut(at)) {
            *seen = *seen || covers(scope, url);
        }
    }

    /// How many clicks the second touches and the first does not, and the host of one of them.
    pub(super) fn newly(&self, before: &Touched, now: &Touched) -> (usize, String) {
        let is = |touched: &Touched, at: usize| touched.urls.get(at).copied().unwrap_or_default();
        let new = self.urls.iter().enumerate().filter(|(at, _)| is(now, *at) && !is(before, *at));
        let (mut clicks, mut example): (Vec<u32>, Option<(usize, &str)>) = (Vec::new(), None);
        for (_, (_, host, of)) in new {
            clicks.extend(of);
            if example.is_none_or(|(most, _)| of.len() > most) {
                example = Some((of.len(), host));
            }
        }
        clicks.sort_unstable();
        clicks.dedup();
        (clicks.len(), example.map(|(_, host)| host.to_owned()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        list::{Context, parse},
        url::Suffixes,
    };

    fn touched(clicked: &Clicked, lines: &str) -> Touched {
        let suffixes = Suffixes::builtin();
        let context = Context { suffixes: &suffixes, own_hosts: &[], never_block: None };
        let (list, bad) = parse("x", lines, &context);
        assert!(bad.is_empty(), "{bad:?}");
        let mut touched = Touched::default();
        list.entries.iter().for_each(|entry| clicked.touch(&entry.scope, &mut touched));
        touched
    }

    #[test]
    fn clicks_are_counted_once_whatever_leads_to_them() {
        let clicks = [
            vec!["https://a.ok.example/x?y", "https://b.example/"],
            vec!["https://a.ok.example/x?y"],
            vec!["https://A.ok.example:443/x?y"],
            vec!["http://203.0.113.7/"],
            vec!["no URL"],
        ];
        let clicked = Clicked::of(clicks.iter().map(|urls| urls.iter().copied()));
        assert_eq!(clicked.len(), 5);
        for (lines, count, host) in [
            ("ok.example", 3, "a.ok.example"),
            ("=ok.example", 0, ""),
            ("*.ok.example", 3, "a.ok.example"),
            ("ok.example/x/*", 0, ""),
            ("=https://a.ok.example/x?y", 3, "a.ok.example"),
            ("b.example\nok.example", 3, "a.ok.example"),
            ("203.0.113.0/24", 1, "203.0.113.7"),
            ("/a\\.ok/", 3, "a.ok.example"),
            ("other.example", 0, ""),
        ] {
            let now = touched(&clicked, lines);
            assert_eq!(clicked.newly(&Touched::default(), &now), (count, host.to_owned()), "{lines}");
            assert_eq!(clicked.newly(&now, &now).0, 0, "{lines}");
        }
        let (before, now) = (touched(&clicked, "ok.example"), touched(&clicked, "ok.example\n203.0.113.7"));
        assert_eq!(clicked.newly(&before, &now), (1, "203.0.113.7".to_owned()));
    }
}
