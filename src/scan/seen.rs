use std::sync::Arc;

use super::journey::{End, Seen};
use crate::{
    net::Page,
    url::{Names, Suffixes, WebUrl},
};

/// What looks at pages.
pub(super) struct Eyes {
    #[expect(dead_code, reason = "the checks of pages ask it")]
    pub(super) suffixes: Arc<Suffixes>,
    #[expect(dead_code, reason = "the checks of pages ask it")]
    pub(super) names: Arc<Names>,
}

impl Eyes {
    /// What `page`, which stood at `url`, comes to.
    pub(super) fn look(&self, _: &WebUrl, page: &Page) -> End {
        let unseen = page.cut.map(|cut| cut.to_string()).or_else(|| shut(page.status));
        End::Seen(Seen { unseen, note: gone(page.status), ..Seen::default() })
    }
}

/// Where a page sends its visitors by itself.
pub(super) fn onward(_: &WebUrl, _: &Page) -> Option<WebUrl> {
    None
}

/// Why an answer with this status shows nothing of what others see.
fn shut(status: u16) -> Option<String> {
    match status {
        401 | 403 | 407 | 429 | 451 | 500.. => Some(format!("it answered {status}, so others may see something else")),
        _ => None,
    }
}

fn gone(status: u16) -> Option<String> {
    matches!(status, 404 | 410).then(|| format!("there is no page ({status})"))
}
