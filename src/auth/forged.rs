use std::borrow::Cow;

use super::{
    field::{NAME, ResultsField},
    mail::Mail,
};

/// The message without fields Authentication-Results that speak in our `name`: nobody but us does (RFC 8601 section 5). One
/// that cannot be read and holds the name is taken out too, for some reader may read it.
pub fn without_forged<'a>(raw: &'a [u8], name: &str) -> Cow<'a, [u8]> {
    let (mut left, mut done) = (Vec::new(), 0);
    for field in Mail::of(raw).fields().filter(|field| field.is(NAME)) {
        let ours = match ResultsField::parse(field.value) {
            Some(read) => read.is_of(name),
            None => holds(field.value, name),
        };
        if ours {
            left.extend_from_slice(raw.get(done..field.span.start()).unwrap_or_default());
            done = field.span.end();
        }
    }
    if done == 0 {
        return Cow::Borrowed(raw);
    }
    left.extend_from_slice(raw.get(done..).unwrap_or_default());
    Cow::Owned(left)
}

/// The topmost field that speaks in one of these names.
pub(super) fn believed(mail: &Mail<'_>, names: &[String]) -> Option<ResultsField> {
    let fields = mail.fields().filter(|field| field.is(NAME));
    let mut read = fields.filter_map(|field| ResultsField::parse(field.value));
    read.find(|field| !field.checks.is_empty() && names.iter().any(|name| field.is_of(name)))
}

fn holds(value: &[u8], name: &str) -> bool {
    let plain = value.iter().filter(|byte| !byte.is_ascii_whitespace()).map(u8::to_ascii_lowercase);
    let plain: Vec<u8> = plain.collect();
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    !name.is_empty() && memchr::memmem::find(&plain, name.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(raw: &str) -> String {
        String::from_utf8(without_forged(raw.as_bytes(), "mx.corp.example").into_owned()).unwrap()
    }

    #[test]
    fn only_what_speaks_in_our_name_goes() {
        let raw = "A: 1\r\nAuthentication-Results: mx.corp.example; spf=pass\r\n\tsmtp.mailfrom=x\r\n\
            authentication-results : (x) MX.Corp.Example. 1;\r\n\tdkim=pass\r\n\
            Authentication-Results: mx.other.example; spf=pass (mx.corp.example)\r\n\
            Authentication-Results: \"mx.corp.example; spf=pass\r\n\
            Authentication-Results: mx.corp\r\n .example; (\r\nB: 2\r\n\r\n\
            Authentication-Results: mx.corp.example; spf=pass\r\n";
        let left = "A: 1\r\nAuthentication-Results: mx.other.example; spf=pass (mx.corp.example)\r\nB: 2\r\n\r\n\
            Authentication-Results: mx.corp.example; spf=pass\r\n";
        assert_eq!(without(raw), left);
        assert_eq!(without(&raw.replace("\r\n", "\n")), left.replace("\r\n", "\n"));
        assert!(matches!(without_forged(b"A: 1\r\n\r\n", "mx"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_topmost_word_of_a_trusted_name_counts() {
        let raw = b"Authentication-Results: other; spf=pass\r\nAuthentication-Results: front; none\r\n\
            Authentication-Results: Front; spf=fail\r\nAuthentication-Results: front; spf=pass\r\n\r\n";
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            believed(&Mail::of(raw), &names).map(|field| field.checks[0].proof)
        };
        assert_eq!(of(&["front"]), Some(crate::judge::Proof::Fail));
        assert_eq!((of(&[]), of(&["third"])), (None, None));
    }
}
