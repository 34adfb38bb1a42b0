use crate::url::{Suffixes, WebUrl};

/// Where a link goes, cut into the parts that a page sets apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Who is behind it: the registrable domain, or the whole host where there is none. In the letters that a person
    /// reads where those cannot pass for others, in A-labels otherwise.
    pub domain: String,
    /// The same name in its other spelling, where there are two.
    pub beside: Option<String>,
    /// Scheme and user information: `https://`, `http://user@`.
    pub lead: String,
    /// The host as it stands in the URL (A-labels).
    pub host: String,
    /// All that follows the host: port, path, query, fragment.
    pub rest: String,
}

impl Destination {
    /// The parts of `url`. Put together again, `lead`, `host` and `rest` are the URL.
    pub fn of(url: &WebUrl, suffixes: &Suffixes) -> Self {
        let host = url.host_str();
        let domain = suffixes.registrable_domain(host).unwrap_or(host);
        let letters = last_labels(&url.host_unicode(), domain.split('.').count());
        let (domain, beside) = match letters {
            letters if letters == domain => (letters, None),
            letters if cannot_pass_for_others(&letters) => (letters, Some(domain.to_owned())),
            letters => (domain.to_owned(), Some(letters)),
        };
        let at = if url.userinfo().is_empty() { "" } else { "@" };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Self {
            domain,
            beside,
            lead: format!("{}://{}{at}", url.scheme(), url.userinfo()),
            host: host.to_owned(),
            rest: format!("{port}{}", url.after_host()),
        }
    }
}

fn last_labels(host: &str, count: usize) -> String {
    let labels: Vec<&str> = host.split('.').collect();
    labels.get(labels.len().saturating_sub(count)..).unwrap_or_default().join(".")
}

/// Whether every label is either ASCII or of characters that nobody takes for Latin letters. Scripts alone do not tell:
/// a label all in Cyrillic mixes nothing and can still read like a bank.
fn cannot_pass_for_others(host: &str) -> bool {
    let apart = |c: char| matches!(c, '0'..='9' | '-' | '\u{3005}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
    host.split('.').all(|label| label.is_ascii() || label.chars().all(apart))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::parse;

    fn of(url: &str) -> Destination {
        Destination::of(&parse(url).unwrap(), &Suffixes::builtin())
    }

    #[test]
    fn the_parts_make_up_the_url() {
        for url in [
            "https://www.example.com/a?b=c#d",
            "http://user:pw@www.example.co.uk:8080/",
            "http://192.0.2.7/x",
            "http://[2001:db8::1]:81/",
            "http://intranet/",
            "https://xn--r8jz45g.jp/",
        ] {
            let Destination { lead, host, rest, .. } = of(url);
            assert_eq!(format!("{lead}{host}{rest}"), parse(url).unwrap().as_str());
        }
    }

    #[test]
    fn the_domain_is_the_part_that_somebody_registered() {
        for (url, domain) in [
            ("https://login.bank.example.com/", "example.com"),
            ("https://a.b.example.co.uk/", "example.co.uk"),
            ("http://192.0.2.7/", "192.0.2.7"),
            ("http://[2001:db8::1]/", "[2001:db8::1]"),
            ("http://intranet/", "intranet"),
            ("http://co.uk/", "co.uk"),
        ] {
            assert_eq!((of(url).domain.as_str(), of(url).beside), (domain, None), "{url}");
        }
    }

    #[test]
    fn letters_stand_first_only_where_they_cannot_deceive() {
        let spelled = |url: &str| {
            let destination = of(url);
            (destination.domain, destination.beside.unwrap_or_default())
        };
        assert_eq!(spelled("https://www.例え.jp/"), ("例え.jp".into(), "xn--r8jz45g.jp".into()));
        // All Cyrillic, all Latin to the eye; mixed; Katakana no between Latin letters, which reads like a slash.
        for deceiving in ["аррӏе.com", "аpple.com", "jpノx.com", "bücher.com"] {
            let (domain, beside) = spelled(&format!("https://{deceiving}/"));
            assert!(domain.starts_with("xn--"), "{domain}");
            assert_eq!(beside, deceiving);
        }
    }
}
