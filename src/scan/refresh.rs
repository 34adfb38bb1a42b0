/// The URL of a `Refresh` value, by the steps of the HTML standard (shared declarative refresh steps, section 4.2.5.3); none
/// where the page only loads itself again.
pub(super) fn target(value: &str) -> Option<&str> {
    const SPACE: &[char] = &['\t', '\n', '\u{c}', '\r', ' '];
    let value = value.trim_start_matches(SPACE);
    let time = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let rest = value.get(time..)?;
    // Without a digit only `.` may begin it.
    if time == 0 && !rest.starts_with('.') {
        return None;
    }
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !rest.is_empty() && !rest.starts_with(|c: char| matches!(c, ';' | ',') || SPACE.contains(&c)) {
        return None;
    }
    let rest = rest.trim_start_matches(SPACE);
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start_matches(SPACE);
    if rest.is_empty() {
        return None;
    }
    let named = rest.get(..3).filter(|name| name.eq_ignore_ascii_case("url")).and_then(|_| rest.get(3..));
    let after = named.and_then(|rest| rest.trim_start_matches(SPACE).strip_prefix('='));
    let url = after.map_or(rest, |rest| rest.trim_start_matches(SPACE));
    Some(match url.chars().next() {
        Some(quote @ ('"' | '\'')) => url.get(1..)?.split(quote).next().unwrap_or_default(),
        _ => url,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_refresh_is_read_as_browsers_read_it() {
        for (value, wanted) in [
            ("0;url=https://a.example/", "https://a.example/"),
            ("5; URL = 'https://a.example/x' and more", "https://a.example/x"),
            ("1.5,url=\"/y\"", "/y"),
            ("0 /z", "/z"),
            (" 3 ; /z", "/z"),
            (".5; url=/a", "/a"),
            ("0; urlx", "urlx"),
            ("0;url /b", "url /b"),
        ] {
            assert_eq!(target(value), Some(wanted), "{value}");
        }
        for value in ["", "5", "5;", "x; url=/a", "5x; url=/a", ";url=/a"] {
            assert_eq!(target(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read(value in ".{0,60}") {
            if let Some(url) = target(&value) {
                prop_assert!(value.contains(url));
            }
        }
    }
}
