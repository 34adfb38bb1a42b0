use std::fmt::Write as _;

use crate::judge::{Check, Method, Proof, Wish};

/// The name of the field.
pub const NAME: &str = "Authentication-Results";

/// Bytes of one field that are read, and results in it.
const LONGEST: usize = 16_384;
const RESULTS: usize = 64;

/// Bytes of a value that are written.
const VALUE: usize = 255;

/// A field Authentication-Results (RFC 8601 section 2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsField {
    /// Who says so, without a dot at its end.
    pub name: String,
    /// What he found; what he looked at in another way than we know is left out.
    pub checks: Vec<Check>,
    /// What the domain in From asks for, where he says that.
    pub wish: Option<Wish>,
}

impl ResultsField {
    /// Reads the value of a field. None: it is not written as it has to be.
    pub fn parse(value: &[u8]) -> Option<Self> {
        if value.len() > LONGEST {
            return None;
        }
        let text = std::str::from_utf8(value).ok()?;
        let mut segments = segments(text)?.into_iter();
        let head = segments.next()?;
        let mut words = Words(&head.text);
        let name = words.value()?;
        let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
        // The version of the format: there is one.
        let version = words.value();
        if name.is_empty()
            || name.contains(['=', '/'])
            || version.is_some_and(|version| version != "1")
            || words.value().is_some()
        {
            return None;
        }
        let (mut checks, mut wish) = (Vec::new(), None);
        for Segment { text, comments } in segments {
            let Some(check) = check(&text)? else { continue };
            if check.method == Method::Dmarc {
                wish = wish.or_else(|| wished(&check, &comments));
            }
            checks.push(check);
        }
        Some(Self { name, checks, wish })
    }

    /// Whether this is the name of who says so; case does not count, nor does a dot at the end.
    pub fn is_of(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.strip_suffix('.').unwrap_or(name))
    }

    /// The value of the field, folded before each result with the line break of SMTP.
    pub fn value(&self) -> String {
        let mut out = written(&self.name);
        if self.checks.is_empty() {
            out.push_str("; none");
        }
        for Check { method, proof, about, reason } in &self.checks {
            let _ = write!(out, ";\r\n\t{method}={proof}");
            if let Some(reason) = reason {
                let _ = write!(out, " reason={}", quoted(reason));
            }
            for (name, value) in about {
                let _ = write!(out, "\r\n\t {name}={}", written(value));
            }
        }
        out
    }
}

/// What stands between two semicolons.
#[derive(Default)]
struct Segment {
    text: String,
    comments: String,
}

fn segments(text: &str) -> Option<Vec<Segment>> {
    let (mut all, mut now) = (Vec::new(), Segment::default());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for c in text.chars() {
        let into_comment = depth > 0;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted || depth > 0 => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    now.text.push(' ');
                    now.comments.push(' ');
                }
                continue;
            }
            ';' if !quoted && depth == 0 => {
                all.push(std::mem::take(&mut now));
                if all.len() > RESULTS {
                    return None;
                }
                continue;
            }
            _ => {}
        }
        match (into_comment, depth) {
            (false, 0) => now.text.push(c),
            (true, _) => now.comments.push(c),
            _ => {}
        }
    }
    if quoted || depth > 0 {
        return None;
    }
    all.push(now);
    Some(all)
}

/// What stands in a segment, one word after the other.
struct Words<'a>(&'a str);

impl Words<'_> {
    fn skip(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// The name before an equals sign, blanks around it allowed.
    fn key(&mut self) -> Option<String> {
        self.skip();
        let (key, rest) = self.0.split_once('=')?;
        // Blanks may stand around the dot and the slash.
        let key: String = key.split_ascii_whitespace().collect();
        self.0 = rest;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        (!key.is_empty() && key.chars().all(plain)).then_some(key)
    }

    /// A word, or what stands in quotation marks.
    fn value(&mut self) -> Option<String> {
        self.skip();
        if let Some(inside) = self.0.strip_prefix('"') {
            let (mut value, mut escaped) = (String::new(), false);
            for (at, c) in inside.char_indices() {
                match c {
                    _ if escaped => {
                        value.push(c);
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    '"' => {
                        self.0 = inside.get(at + 1..).unwrap_or_default();
                        return Some(value);
                    }
                    _ => value.push(c),
                }
            }
            return None;
        }
        let end = self.0.find([' ', '\t', '\r', '\n']).unwrap_or(self.0.len());
        let (value, rest) = self.0.split_at(end);
        self.0 = rest;
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn is_empty(&mut self) -> bool {
        self.skip();
        self.0.is_empty()
    }
}

/// One result: outer none where it cannot be read, inner none where it is of a kind that we do not know, or says that there
/// is none.
fn check(text: &str) -> Option<Option<Check>> {
    let mut words = Words(text);
    if words.is_empty() || text.trim().eq_ignore_ascii_case("none") {
        return Some(None);
    }
    let method = words.key()?;
    let proof = words.value()?;
    let (mut about, mut reason) = (Vec::new(), None);
    while !words.is_empty() {
        let (name, value) = (words.key()?, words.value().unwrap_or_default());
        if name.eq_ignore_ascii_case("reason") { reason = Some(value) } else { about.push((name, value)) }
    }
    let method = Method::named(method.split('/').next().unwrap_or_default());
    let Some((method, proof)) = method.zip(Proof::named(&proof)) else { return Some(None) };
    Some(Some(Check { method, proof, about, reason }))
}

/// OpenDMARC says it in a comment (`p=reject`), rspamd too (`policy=reject`), others in a property.
fn wished(check: &Check, comments: &str) -> Option<Wish> {
    let property = ["policy.dmarc", "policy.published-domain-policy"].iter().find_map(|name| check.about(name));
    let comment = comments.split([' ', ',', ';']).find_map(|word| {
        word.get(..2)
            .filter(|start| start.eq_ignore_ascii_case("p="))
            .and_then(|_| word.get(2..))
            .or_else(|| word.get(..7).filter(|start| start.eq_ignore_ascii_case("policy=")).and_then(|_| word.get(7..)))
    });
    property.or(comment).and_then(Wish::named)
}

/// As a token or an address, where it is one; otherwise in quotation marks (RFC 2045 section 5.1, RFC 8601 section 2.2).
fn written(value: &str) -> String {
    let token = |c: char| c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c);
    let halves = value.split_once('@').unwrap_or(("", value));
    let plain = !halves.1.is_empty() && halves.0.chars().all(token) && halves.1.chars().all(token);
    if plain && value.len() <= VALUE { value.to_owned() } else { quoted(value) }
}

fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars().take(VALUE) {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_ascii_graphic() || c == ' ' => out.push(c),
            _ => out.push('?'),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(value: &str) -> Option<ResultsField> {
        ResultsField::parse(value.as_bytes())
    }

    #[test]
    fn fields_are_read_as_other_programs_write_them() {
        let rspamd = " mx.corp.example;\r\n\tdkim=pass header.d=a.example header.s=s1 header.b=\"ab/cd+12\";\r\n\t\
            dmarc=fail reason=\"SPF not aligned (relaxed)\" header.from=b.example (policy=reject);\r\n\t\
            spf=softfail (mx: domain of x@a.example; (nested \\) ok)) smtp.mailfrom=x@a.example";
        let field = parse(rspamd).unwrap();
        assert!(field.is_of("MX.corp.example."));
        assert_eq!(field.wish, Some(Wish::Reject));
        let proofs: Vec<_> = field.checks.iter().map(|check| (check.method, check.proof)).collect();
        assert_eq!(proofs, [(Method::Dkim, Proof::Pass), (Method::Dmarc, Proof::Fail), (Method::Spf, Proof::SoftFail)]);
        assert_eq!(field.checks[0].about("header.b"), Some("ab/cd+12"));
        assert_eq!(field.checks[2].about("smtp.mailfrom"), Some("x@a.example"));
        let opendmarc =
            parse("(c) mx.corp.example (d) 1; dmarc / 1 = pass (p=none dis=none) header . from = a.example").unwrap();
        assert_eq!(
            (opendmarc.wish, opendmarc.checks[0].about("header.from")),
            (Some(Wish::Nothing), Some("a.example"))
        );
        assert_eq!(parse("mx.corp.example; none").unwrap().checks, []);
        assert_eq!(parse("\"mx.corp.example\"; iprev=pass policy.iprev=192.0.2.1; auth=pass").unwrap().checks, []);
        for wrong in [
            "",
            ".; none",
            ";spf=pass",
            "a b; spf=pass",
            "a; spf",
            "a; spf=\"x",
            "a; (spf=pass",
            "a); spf=pass",
            "spf=pass; x",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    fn checks() -> impl Strategy<Value = Vec<Check>> {
        let about = proptest::collection::vec(("[a-z]{1,5}\\.[a-z]{1,6}", "[ -~]{1,12}"), 0..4);
        let one = (0..Method::ALL.len(), 0..Proof::ALL.len(), about, proptest::option::of("[ -~]{0,12}"));
        let one = one.prop_map(|(method, proof, about, reason)| {
            let (method, proof) = (Method::ALL[method], Proof::ALL[proof]);
            Check { method, proof, about, reason }
        });
        proptest::collection::vec(one, 0..4)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_is_short_lines_of_ascii(checks in checks(), name in "[a-z]{1,9}(\\.[a-z]{1,9}){0,3}") {
            let field = ResultsField { name, checks, wish: None };
            let value = field.value();
            prop_assert!(value.is_ascii() && value.split("\r\n").all(|line| line.len() < 500));
            prop_assert!(value.split("\r\n").skip(1).all(|line| line.starts_with('\t')));
            prop_assert!(!value.replace("\r\n", "").contains(['\r', '\n']));
            let read = ResultsField::parse(value.as_bytes()).unwrap();
            prop_assert_eq!((read.name, read.checks), (field.name, field.checks));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[a=;()\"\\\\ ./spf\r\n]{0,40}") {
            ResultsField::parse(&bytes);
            if let Some(field) = ResultsField::parse(text.as_bytes()) {
                prop_assert!(!field.name.is_empty());
            }
        }
    }
}
