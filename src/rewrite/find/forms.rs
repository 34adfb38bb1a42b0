//! What the forms of a page ask for. A control may stand anywhere in the page and name its form (`form="id"`), so the
//! page is judged as a whole: one field for a secret, or one form that posts, makes all of them suspect.

use super::{Page, Spot, Submit};

/// Kinds of field and values of `autocomplete` that stand for a secret.
const SECRET: [&str; 9] = [
    "password",
    "file",
    "current-password",
    "new-password",
    "one-time-code",
    "cc-number",
    "cc-csc",
    "cc-exp",
    "username",
];

/// Pieces of the names that such fields have.
const NAMED: [&str; 13] =
    ["pass", "pwd", "pin", "otp", "secret", "cvv", "cvc", "card", "iban", "ssn", "account", "token", "login"];

/// What was seen in one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Forms {
    secret: bool,
    posts: bool,
}

impl Forms {
    /// Takes in one attribute (lower case) of an element, its references undone.
    pub(super) fn see(&mut self, element: &str, attribute: &str, value: &str) {
        let value = value.trim().to_ascii_lowercase();
        match (element, attribute) {
            (_, "method" | "formmethod") => self.posts |= value == "post",
            ("input" | "textarea" | "select" | "button", "type" | "autocomplete") => {
                self.secret |= value.split_ascii_whitespace().any(|word| SECRET.contains(&word));
            }
            ("input" | "textarea" | "select", "name" | "id") => {
                let mut words = value.split(|c: char| !c.is_ascii_alphanumeric());
                let long = |word: &str| NAMED.iter().any(|name| name.len() > 3 && word.contains(name));
                self.secret |= words.any(|word| NAMED.contains(&word) || long(word) || word.contains("pwd"));
            }
            _ => {}
        }
    }

    /// Whether such an attribute says anything.
    pub(super) fn matters(attribute: &str) -> bool {
        matches!(attribute, "method" | "formmethod" | "type" | "autocomplete" | "name" | "id")
    }

    pub(super) fn join(&mut self, other: Self) {
        self.secret |= other.secret;
        self.posts |= other.posts;
    }
}

impl Page {
    /// Says of every form what it would send, once the page was read to its end.
    pub(super) fn settle_forms(&mut self) {
        let kind = if self.forms.secret || self.forms.posts { Submit::Secret } else { Submit::Harmless };
        for found in &mut self.found {
            if let Spot::Form { submit, .. } = &mut found.spot {
                *submit = kind;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_type_purpose_and_name() {
        let of = |element, attribute, value| {
            let mut forms = Forms::default();
            forms.see(element, attribute, value);
            forms != Forms::default()
        };
        for (element, attribute, value) in [
            ("input", "type", " PassWord "),
            ("input", "autocomplete", "section-a cc-number"),
            ("input", "name", "x_passwd"),
            ("textarea", "name", "otp"),
            ("form", "method", "POST"),
            ("button", "formmethod", "post"),
            ("input", "id", "user-pin"),
        ] {
            assert!(of(element, attribute, value), "{element} {attribute} {value}");
        }
        for (element, attribute, value) in [
            ("input", "name", "q"),
            ("input", "name", "shopping"),
            ("form", "method", "get"),
            ("a", "name", "password"),
        ] {
            assert!(!of(element, attribute, value), "{element} {attribute} {value}");
        }
    }
}
