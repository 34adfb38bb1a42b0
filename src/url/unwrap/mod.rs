//! The URLs inside a URL: what others wrapped, what redirectors name, what stands in a parameter.
//!
//! A link that another product wrapped, or that goes through somebody's redirector, shows a host that nobody blocks. Here
//! it is taken apart, layer by layer, for lookups alone: what a person is sent to stays the signed destination. Each
//! format is one line in [`formats::FORMATS`]. Promises to end: layers, URLs and bytes are capped, a cap that was
//! reached is told ([`Cut`]), and every layer costs time linear in its length. Nothing is asked, resolved or fetched; what
//! cannot be read without asking is told as such ([`Chain::sealed`]).

mod amp;
mod formats;
mod nested;
mod path;
mod proofpoint;
mod read;
mod shorteners;
mod translate;

use std::fmt;

pub(super) use self::formats::is_below;
use self::formats::{Found, Kind};
use super::{WebUrl, parse};
use crate::judge::InnerUrl;

/// Layers that are taken off, one inside the other.
pub const MAX_LAYERS: usize = 12;
/// URLs that one URL may hold in all.
pub const MAX_HOPS: usize = 32;
/// Bytes of all URLs inside one URL.
pub const MAX_CHAIN_BYTES: usize = 128 * 1024;

/// The URLs inside a URL, outer before inner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    hops: Vec<Hop>,
    sealed: Vec<Sealed>,
    cut: Option<Cut>,
    bytes: usize,
}

/// A URL that was found inside another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The URL.
    pub url: WebUrl,
    /// The number of the hop that holds it: 0 is the URL that was taken apart, 1 the first of [`Chain::hops`].
    pub inside: usize,
    /// How it stood there.
    pub way: Way,
    /// Layers above it.
    layer: usize,
    /// Whether a click leads here for all that can be read: every way from the outermost URL is a known format.
    certain: bool,
    /// Products of mail security among the ways to it.
    wrappers: usize,
}

/// How a URL stands inside another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A product of mail security wrapped it.
    Wrapper(&'static str),
    /// A redirector, viewer or cache that is known leads there.
    Redirector(&'static str),
    /// It stands in a parameter, the path or the fragment; whether a click leads there cannot be told.
    Nested,
    /// Somebody went there and was sent on; who.
    Followed(String),
}

/// A URL that leads somewhere else, which cannot be read off it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The number of its hop, as in [`Hop::inside`].
    pub hop: usize,
    /// Whose it is.
    pub by: &'static str,
}

/// Why not every URL inside was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// More than [`MAX_LAYERS`] one inside the other.
    Layers,
    /// More than [`MAX_HOPS`] in all.
    Hops,
    /// More than [`MAX_CHAIN_BYTES`] in all.
    Bytes,
}

/// Every URL inside `url` that can be read off it, at any depth, each once.
pub fn unwrap(url: &WebUrl) -> Chain {
    let mut chain = Chain::default();
    chain.open(url, 0);
    chain.open_from(0);
    chain
}

impl Chain {
    /// The URLs, outer before inner. The first of them is hop 1: hop 0 is the URL that holds them all.
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// The hops whose destination cannot be read off them.
    pub fn sealed(&self) -> &[Sealed] {
        &self.sealed
    }

    /// Why there may be more inside than is told here.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// The innermost hop to which a click leads for all that can be read; 0 is the outermost URL itself.
    pub fn end(&self) -> usize {
        self.hops.iter().rposition(|hop| hop.certain).map_or(0, |at| at + 1)
    }

    /// Products of mail security that wrapped one another on the way to the hop that has most of them, and that hop.
    pub fn most_wrappers(&self) -> (usize, usize) {
        let counted = self.hops.iter().enumerate().map(|(at, hop)| (hop.wrappers, at + 1));
        // Of equals the innermost.
        counted.max().unwrap_or_default()
    }

    /// The URLs as events tell them.
    pub fn told(&self) -> Vec<InnerUrl> {
        let told =
            |hop: &Hop| InnerUrl { url: hop.url.as_str().to_owned(), inside: hop.inside, by: hop.way.by().to_owned() };
        self.hops.iter().map(told).collect()
    }

    /// Adds where a visitor to `hop` was sent, one after the other, and takes that apart too.
    pub fn follow(&mut self, hop: usize, urls: impl IntoIterator<Item = WebUrl>, who: &str) {
        let from = self.hops.len();
        let mut inside = hop;
        for url in urls {
            if let Some(at) = self.add(url, inside, Way::Followed(who.to_owned())) {
                inside = at;
            }
        }
        self.open_from(from);
    }

    /// Adds what `hop` holds and somebody else has read: a product that is not known by its host.
    pub fn hold(&mut self, hop: usize, url: WebUrl, who: &'static str) {
        let from = self.hops.len();
        self.add(url, hop, Way::Wrapper(who));
        self.open_from(from);
    }

    fn open_from(&mut self, from: usize) {
        let mut at = from;
        while let Some(url) = self.hops.get(at).map(|hop| hop.url.clone()) {
            at += 1;
            self.open(&url, at);
        }
    }

    /// Takes one layer off `url`, which is hop `at`.
    fn open(&mut self, url: &WebUrl, at: usize) {
        if let Some(format) = formats::of(url) {
            let way = match format.kind {
                Kind::Wrapper => Way::Wrapper(format.name),
                Kind::Redirector => Way::Redirector(format.name),
            };
            let inner = match format.read(url) {
                // A product of mail security that holds nothing we know leads somewhere all the same.
                None => (format.kind == Kind::Wrapper).then_some(None),
                Some(Found::Url(text)) => Some(read::url(&text)),
                Some(Found::Sealed) => Some(None),
            };
            match inner {
                Some(Some(inner)) => drop(self.add(inner, at, way)),
                Some(None) => self.seal(at, format.name),
                None => {}
            }
        } else if shorteners::is_shortener(url) {
            self.seal(at, shorteners::NAME);
        }
        nested::each(url, &mut |text| {
            // Whatever is no URL after all leads nowhere.
            if let Ok(inner) = parse(text) {
                self.add(inner, at, Way::Nested);
            }
            self.cut.is_none()
        });
    }

    /// The number of the new hop; none where it is there already or a cap is reached.
    fn add(&mut self, url: WebUrl, inside: usize, way: Way) -> Option<usize> {
        let outer = inside.checked_sub(1).and_then(|at| self.hops.get(at));
        let (layer, certain, wrappers) = outer.map_or((0, true, 0), |hop| (hop.layer, hop.certain, hop.wrappers));
        if self.hops.iter().any(|hop| hop.url == url) {
            return None;
        }
        let cut = match () {
            () if layer >= MAX_LAYERS => Some(Cut::Layers),
            () if self.hops.len() >= MAX_HOPS => Some(Cut::Hops),
            () if self.bytes + url.as_str().len() > MAX_CHAIN_BYTES => Some(Cut::Bytes),
            () => None,
        };
        if cut.is_some() {
            self.cut = cut;
            return None;
        }
        self.bytes += url.as_str().len();
        self.hops.push(Hop {
            layer: layer + 1,
            certain: certain && way != Way::Nested,
            wrappers: wrappers + usize::from(matches!(way, Way::Wrapper(_))),
            url,
            inside,
            way,
        });
        Some(self.hops.len())
    }

    fn seal(&mut self, hop: usize, by: &'static str) {
        self.sealed.push(Sealed { hop, by });
    }
}

impl Hop {
    /// Whether a click leads here for all that can be read. What only stands in a parameter may be a page's own address.
    pub fn is_certain(&self) -> bool {
        self.certain
    }
}

impl Way {
    /// Whose format it is, or what it is.
    pub fn by(&self) -> &str {
        match self {
            Self::Wrapper(name) | Self::Redirector(name) => name,
            Self::Nested => "nested URL",
            Self::Followed(who) => who,
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layers => write!(f, "more than {MAX_LAYERS} one inside the other"),
            Self::Hops => write!(f, "more than {MAX_HOPS} in all"),
            Self::Bytes => write!(f, "more than {} kB in all", MAX_CHAIN_BYTES / 1024),
        }
    }
}

#[cfg(test)]
mod tests;
