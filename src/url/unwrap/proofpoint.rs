use super::{formats::Found, read};
use crate::url::WebUrl;

/// Proofpoint URL Defense, versions 1 to 3.
pub(super) fn read(url: &WebUrl) -> Option<Found> {
    let rest = url.after_host();
    let text = if rest.starts_with("/v1/") {
        read::percent(read::parameter(url, "u")?)
    } else if rest.starts_with("/v2/") {
        // `-` stands for `%` and `_` for `/`.
        read::percent(&read::parameter(url, "u")?.replace('-', "%").replace('_', "/"))
    } else {
        version_3(rest.strip_prefix("/v3/__")?)?
    };
    Some(Found::Url(text))
}

/// `<URL with holes>__;<what was in the holes, base64>!!…`. `*` is a hole of one character, `**` and a letter one of
/// several: `A` for two, `B` for three, and so on.
fn version_3(text: &str) -> Option<String> {
    const RUNS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (holes, rest) = text.split_once("__;")?;
    let kept = rest.split('!').next().unwrap_or_default();
    let kept = read::base64(kept).unwrap_or_default();
    let mut kept = kept.chars();
    let mut whole = String::with_capacity(text.len());
    let mut holes = holes.chars().peekable();
    while let Some(character) = holes.next() {
        if character != '*' {
            whole.push(character);
            continue;
        }
        let mut run = 1;
        if holes.peek() == Some(&'*') {
            let mut ahead = holes.clone();
            ahead.next();
            if let Some(length) = ahead.next().and_then(|letter| RUNS.find(letter)) {
                (holes, run) = (ahead, length + 2);
            }
        }
        whole.extend(kept.by_ref().take(run));
    }
    Some(whole)
}
