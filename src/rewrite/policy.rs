use crate::message::Limits;

/// What is wrapped, left and defanged. Plain data: an operator's settings become one of these, whole.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Named in the report.
    pub name: String,
    /// What becomes of each scheme beside `http` and `https`, lower case; a `*` at the end of a name stands for any
    /// end. The first row that fits counts.
    pub schemes: Vec<(String, SchemeRule)>,
    /// What becomes of a scheme that no row names.
    pub other_schemes: SchemeRule,
    /// Hosts that are never wrapped, lower case A-labels; each stands for its subdomains too.
    pub never_wrap: Vec<String>,
    /// Whether HTML attachments are rewritten.
    pub html_attachments: Attachments,
    /// What becomes of text under `multipart/signed`. A rewritten part no longer matches its signature.
    pub signed: Signed,
    /// What becomes of scripts and event handlers in HTML; no mail client runs them.
    pub scripts: Scripts,
    /// What becomes of URLs in plain text that are identifiers or stand in code.
    pub code: Code,
    /// What the message may cost to read.
    pub limits: Limits,
    /// Links that one message may hold; the parts that go beyond are defanged.
    pub links_max: usize,
    /// Bytes by which one message may grow; the parts that go beyond are defanged.
    pub growth_max: usize,
}

/// What becomes of a link by its scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemeRule {
    /// It stays as it is.
    Leave,
    /// It is made harmless.
    Defang,
}

/// What becomes of attachments that a client would open as HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachments {
    /// Their links are signed as those of the message are.
    Rewrite,
    /// They stay as they are, and the report says so.
    Leave,
}

/// What becomes of signed parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The links in them are signed; the report names the part whose signature is broken by it.
    Rewrite,
    /// They stay as they are, and the report says so.
    Leave,
}

/// What becomes of scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// They stay, and the report says so.
    Report,
    /// They are emptied.
    Remove,
}

/// What becomes of URLs in code: XML namespaces and the like, hunks of a diff, fenced blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// They stay, and the report says so: a patch still applies, an identifier is still the same.
    Leave,
    /// They become links as others do.
    Rewrite,
}

const LEFT: [&str; 7] = ["mailto", "tel", "sms", "cid", "mid", "xmpp", "webcal"];
const DEFANGED: [&str; 16] = [
    "javascript",
    "data",
    "vbscript",
    "blob",
    "file",
    "filesystem",
    "search",
    "search-ms",
    "ms-*",
    "intent",
    "jar",
    "mhtml",
    "mk",
    "hcp",
    "shell",
    "view-source",
];

impl Default for Policy {
    /// Standard: what is not known to be dangerous is left, and reported.
    fn default() -> Self {
        let rows = |names: &[&str], rule| names.iter().map(|name| ((*name).to_owned(), rule)).collect::<Vec<_>>();
        let mut schemes = rows(&LEFT, SchemeRule::Leave);
        schemes.extend(rows(&DEFANGED, SchemeRule::Defang));
        Self {
            name: "standard".to_owned(),
            schemes,
            other_schemes: SchemeRule::Leave,
            never_wrap: Vec::new(),
            html_attachments: Attachments::Rewrite,
            signed: Signed::Rewrite,
            scripts: Scripts::Report,
            code: Code::Leave,
            limits: Limits::default(),
            links_max: 20_000,
            growth_max: 64 << 20,
        }
    }
}

impl Policy {
    /// Strict: only what is known to be harmless is left.
    pub fn strict() -> Self {
        Self {
            name: "strict".to_owned(),
            other_schemes: SchemeRule::Defang,
            scripts: Scripts::Remove,
            code: Code::Rewrite,
            ..Self::default()
        }
    }

    pub(crate) fn scheme(&self, scheme: &str) -> SchemeRule {
        let fits = |name: &str| match name.strip_suffix('*') {
            Some(beginning) => scheme.starts_with(beginning),
            None => scheme == name,
        };
        self.schemes.iter().find(|(name, _)| fits(name)).map_or(self.other_schemes, |(_, rule)| *rule)
    }

    pub(crate) fn never_wraps(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.never_wrap.iter().any(|name| {
            host.strip_suffix(name.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_follow_the_table() {
        let policy = Policy::default();
        for scheme in ["javascript", "data", "ms-msdt", "ms-officecmd", "search-ms", "file"] {
            assert_eq!(policy.scheme(scheme), SchemeRule::Defang, "{scheme}");
        }
        for scheme in ["mailto", "tel", "webcal", "skype"] {
            assert_eq!(policy.scheme(scheme), SchemeRule::Leave, "{scheme}");
        }
        assert_eq!(Policy::strict().scheme("skype"), SchemeRule::Defang);
        assert_eq!(Policy::strict().scheme("tel"), SchemeRule::Leave);
    }

    #[test]
    fn hosts_are_compared_at_label_boundaries() {
        let policy = Policy { never_wrap: vec!["corp.example".into()], ..Policy::default() };
        assert!(policy.never_wraps("corp.example") && policy.never_wraps("a.corp.example."));
        assert!(!policy.never_wraps("notcorp.example") && !policy.never_wraps("corp.example.evil.test"));
    }
}
