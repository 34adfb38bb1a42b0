use std::borrow::Cow;

/// Most fields that are read of a form.
const FIELDS_MAX: usize = 12;

/// The fields of a form as browsers send it (`application/x-www-form-urlencoded`).
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// Reads a body; anything is a form, if an empty one.
    pub(super) fn read(body: &'a [u8]) -> Self {
        Self(url::form_urlencoded::parse(body).take(FIELDS_MAX).collect())
    }

    /// The value of `name`, if it is there once: two nonces are none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(field, _)| field == name);
        let value = values.next().map(|(_, value)| value.as_ref());
        if values.next().is_none() { value } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_counts_if_it_is_there_once() {
        let fields = Fields::read(b"nonce=abc-_1&reason=%E6%A5%AD%E5%8B%99+a&twice=1&twice=2&empty=");
        assert_eq!(fields.get("nonce"), Some("abc-_1"));
        assert_eq!(fields.get("reason"), Some("業務 a"));
        assert_eq!(fields.get("empty"), Some(""));
        assert_eq!((fields.get("twice"), fields.get("none")), (None, None));
        assert_eq!(Fields::read(b"\xff%ff=%&&&==").get("nonce"), None);
        assert_eq!(Fields::read("a=1&".repeat(1000).as_bytes()).0.len(), FIELDS_MAX);
    }
}
