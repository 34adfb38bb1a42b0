use super::decode::search;
use crate::url::{self, Chain, WebUrl};

/// How what was found in a link of another house is told.
const NAME: &str = "Sekisho";

/// No link has fewer characters behind its host.
const SHORTEST: usize = 50;

/// The URLs inside a URL ([`url::unwrap`]), those in links of this format among them, whoever made them: where two houses
/// stand in line, the list of the one has to see what the other wrapped. Nothing is proven here. To take a stranger's URL for a
/// link does no harm: all that comes of it is a lookup more.
pub fn chain(url: &WebUrl) -> Chain {
    let mut chain = url::unwrap(url);
    let mut at = 0;
    loop {
        let here = if at == 0 { Some(url) } else { chain.hops().get(at - 1).map(|hop| &hop.url) };
        let Some(here) = here else { return chain };
        if let Some(inner) = inside(here) {
            chain.hold(at, inner, NAME);
        }
        at += 1;
    }
}

fn inside(url: &WebUrl) -> Option<WebUrl> {
    let path = url.after_host().as_bytes();
    if path.len() < SHORTEST { None } else { search(path).ok().map(|link| link.destination) }
}
