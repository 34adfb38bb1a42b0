//! Where a script sends its page, as far as that can be read without running it.

use super::{Literal, literals};

/// The addresses that a script gives to `location`, written out: `location = "…"`, `location.href = '…'`,
/// `window.location.replace("…")`, `location.assign(…)`. With each, how many braces are open before it.
///
/// The second value tells whether there was another one that is put together in a way that cannot be read.
pub(in crate::look) fn location_targets(script: &str) -> (Vec<(String, usize)>, bool) {
    const MOST: usize = 16;
    let (mut found, mut unread) = (Vec::new(), false);
    let known = literals(script, 0);
    for at in memchr::memmem::find_iter(script.as_bytes(), b"location").take(4 * MOST) {
        if found.len() >= MOST {
            break;
        }
        if is_inside(&known, at) || is_name(script, at) {
            continue;
        }
        let rest = script.get(at + "location".len()..).unwrap_or_default();
        let Some(value) = assigned(rest) else { continue };
        let start = script.len() - value.len();
        let literal =
            known.binary_search_by_key(&start, |literal| literal.start).ok().and_then(|place| known.get(place));
        match literal {
            Some(literal) if ends(script.get(literal.end..).unwrap_or_default()) => {
                found.push((literal.text.clone(), depth(script, at, &known)));
            }
            _ => unread |= depth(script, at, &known) == 0 && !value.starts_with("location"),
        }
    }
    (found, unread)
}

fn is_inside(known: &[Literal], at: usize) -> bool {
    let behind = known.partition_point(|literal| literal.start < at);
    behind.checked_sub(1).and_then(|before| known.get(before)).is_some_and(|literal| literal.end > at)
}

/// Whether it is a part of another name, or a property of something that is not the window.
fn is_name(script: &str, at: usize) -> bool {
    let before = script.get(..at).unwrap_or_default();
    let Some(front) = before.strip_suffix('.') else {
        return before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
    };
    !["window", "document", "self", "top", "parent", "this", "globalThis"].iter().any(|own| front.ends_with(own))
}

/// What is given to `location`, where something is.
fn assigned(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    let (rest, method) = match rest.strip_prefix(".") {
        None => (rest, false),
        Some(property) => {
            let property = property.trim_start();
            match ["replace", "assign"].iter().find_map(|name| property.strip_prefix(name)) {
                Some(call) => (call.trim_start(), true),
                None => (property.strip_prefix("href")?.trim_start(), false),
            }
        }
    };
    let value = rest.strip_prefix(if method { '(' } else { '=' })?;
    (!value.starts_with('=')).then(|| value.trim_start())
}

/// Whether the value ends here.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t']);
    rest.is_empty() || rest.starts_with([';', ')', '}', ',', '\n', '\r'])
}

/// Braces that are open before `at`, outside literals.
fn depth(script: &str, at: usize, known: &[Literal]) -> usize {
    let (mut depth, mut from) = (0_usize, 0);
    let mut count = |text: &str| {
        for byte in text.bytes() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    };
    for literal in known.iter().take_while(|literal| literal.start < at) {
        count(script.get(from..literal.start).unwrap_or_default());
        from = literal.end;
    }
    count(script.get(from..at).unwrap_or_default());
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(script: &str) -> Vec<(String, usize)> {
        location_targets(script).0
    }

    #[test]
    fn plain_targets_are_read() {
        for script in [
            "location='/x'",
            "location = \"/x\";",
            "window.location.href='/x';",
            "document.location.replace('/x')",
            "top.location.assign( '/x' )",
            "var a=1;self.location=`/x`\nb()",
            "location.href = '/' + 'x';",
        ] {
            assert_eq!(targets(script), [("/x".to_owned(), 0)], "{script}");
        }
        assert_eq!(targets("setTimeout(function(){location='/x'},10)"), [("/x".to_owned(), 1)]);
    }

    #[test]
    fn what_is_no_plain_target_is_none() {
        for script in [
            "if (location == '/x') a()",
            "mylocation = '/x'",
            "map.location = '/x'",
            "'location = \"/x\"'",
            "location.reload()",
            "a = location.href",
            "location.hash = '#a'",
        ] {
            assert_eq!(location_targets(script), (vec![], false), "{script}");
        }
        for script in ["location = base + '/x'", "location.replace(atob(a))", "location='/x?'+b"] {
            assert_eq!(location_targets(script), (vec![], true), "{script}");
        }
        assert_eq!(location_targets("function f(){location = base}"), (vec![], false));
    }
}
