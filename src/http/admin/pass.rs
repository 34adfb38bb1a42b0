use std::fmt;

use hmac::{Hmac, KeyInit, Mac as _};
use http::{HeaderMap, Request, header};
use sha2::Sha256;

use super::names_this_machine;

/// The cookie that says who came in by the key.
const COOKIE: &str = "sekisho_admin";
/// Bytes of a key, at most.
const KEY_BYTES: usize = 256;

/// Who may change something. Reading is for everybody on this machine; a change wants the key, which lies in a file that
/// the service's own user alone can read: as a bearer token (RFC 6750), or exchanged on a page for a cookie that counts as
/// long as the program runs and tells nothing of the key.
pub struct Pass {
    key: String,
    /// What cookies and the tokens of forms are made with: another one at each start.
    secret: [u8; 32],
}

/// Why a change is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barred {
    /// Another site has the browser ask.
    CrossSite,
    /// Without the key.
    NoKey,
    /// The form was not made by this program, or before it was started.
    NoToken,
}

impl Pass {
    /// With the key of the installation, and a secret of this start.
    pub fn new(key: String, secret: [u8; 32]) -> Self {
        Self { key, secret }
    }

    /// Whether `key` is the key.
    pub(super) fn is_key(&self, key: &str) -> bool {
        key.len() <= KEY_BYTES && !self.key.is_empty() && self.sum(b"key", key) == self.sum(b"key", &self.key)
    }

    /// The cookie for whoever gave the key. It is no use to another site (`SameSite`), nor to a script (`HttpOnly`).
    pub(super) fn cookie(&self) -> String {
        format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", self.sum(b"cookie", &self.key))
    }

    /// What a form carries, so that only pages of this program can send it.
    pub(super) fn token(&self) -> String {
        self.sum(b"form", &self.key)
    }

    /// Whether whoever asks came in by the key.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let wanted = self.sum(b"cookie", &self.key);
        let mut values = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|one| one.trim().split_once('='));
        values.any(|(name, value)| name == COOKIE && self.sum(b"same", value) == self.sum(b"same", &wanted))
    }

    /// Whether a change that a program asks for is let through: it gives the key itself, which no page of another site can.
    pub(super) fn let_program<B>(&self, request: &Request<B>) -> Result<(), Barred> {
        let headers = request.headers();
        if is_cross_site(headers) {
            return Err(Barred::CrossSite);
        }
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        match bearer.is_some_and(|key| self.is_key(key.trim())) {
            true => Ok(()),
            false => Err(Barred::NoKey),
        }
    }

    /// Whether a change that a form asks for is let through.
    pub(super) fn let_form<B>(&self, request: &Request<B>, token: Option<&str>) -> Result<(), Barred> {
        if is_cross_site(request.headers()) {
            return Err(Barred::CrossSite);
        }
        if !self.is_in(request.headers()) {
            return Err(Barred::NoKey);
        }
        let wanted = self.token();
        match token.is_some_and(|token| self.sum(b"same", token) == self.sum(b"same", &wanted)) {
            true => Ok(()),
            false => Err(Barred::NoToken),
        }
    }

    /// Compared are sums under a secret, so that how long it takes tells nothing.
    fn sum(&self, of: &[u8], text: &str) -> String {
        // HMAC takes keys of any length; without one nothing is equal to anything.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else { return String::new() };
        mac.update(of);
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whether a page of another site has a browser ask: such a request names its origin (Fetch section 3.2), and newer
/// browsers say how it came about (Fetch Metadata section 2.3).
pub(super) fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let host = text("host").unwrap_or_default();
    let origin = text("origin").is_some_and(|origin| match origin.strip_prefix("http://") {
        Some(from) => from != host || !names_this_machine(from),
        None => true,
    });
    site || origin
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().header("host", "127.0.0.1:9080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn pass() -> Pass {
        Pass::new("the-key".into(), [7; 32])
    }

    #[test]
    fn a_program_gives_the_key() {
        let ask = |headers: &[(&str, &str)]| pass().let_program(&request(headers));
        assert_eq!(ask(&[("authorization", "Bearer the-key")]), Ok(()));
        for wrong in ["Bearer the-kez", "Bearer ", "the-key", "Basic the-key", "Bearer the-key2"] {
            assert_eq!(ask(&[("authorization", wrong)]), Err(Barred::NoKey), "{wrong}");
        }
        assert_eq!(ask(&[]), Err(Barred::NoKey));
        let none = Pass::new(String::new(), [7; 32]);
        assert_eq!(none.let_program(&request(&[("authorization", "Bearer ")])), Err(Barred::NoKey));
    }

    #[test]
    fn a_form_carries_cookie_and_token() {
        let pass = pass();
        let cookie = pass.cookie().split(';').next().unwrap().to_owned();
        let ask = |headers: &[(&str, &str)], token: Option<&str>| pass.let_form(&request(headers), token);
        let token = pass.token();
        assert_eq!(ask(&[("cookie", &format!("a=b; {cookie}"))], Some(&token)), Ok(()));
        assert_eq!(ask(&[("cookie", &cookie)], None), Err(Barred::NoToken));
        assert_eq!(ask(&[("cookie", &cookie)], Some("x")), Err(Barred::NoToken));
        assert_eq!(ask(&[("cookie", "sekisho_admin=the-key")], Some(&token)), Err(Barred::NoKey));
        assert_eq!(ask(&[], Some(&token)), Err(Barred::NoKey));
        assert!(!cookie.contains("the-key") && cookie != format!("{COOKIE}={token}"));
        // Those of another start count no more.
        let later = Pass::new("the-key".into(), [8; 32]);
        assert_eq!(later.let_form(&request(&[("cookie", &cookie)]), Some(&token)), Err(Barred::NoKey));
    }

    #[test]
    fn no_other_site_has_a_browser_change_something() {
        let pass = pass();
        let cookie = pass.cookie().split(';').next().unwrap().to_owned();
        for (name, value, barred) in [
            ("origin", "http://127.0.0.1:9080", false),
            ("origin", "http://127.0.0.1:9081", true),
            ("origin", "https://127.0.0.1:9080", true),
            ("origin", "http://evil.example", true),
            ("origin", "null", true),
            ("sec-fetch-site", "same-origin", false),
            ("sec-fetch-site", "none", false),
            ("sec-fetch-site", "same-site", true),
            ("sec-fetch-site", "cross-site", true),
        ] {
            let headers = [(name, value), ("cookie", cookie.as_str()), ("authorization", "Bearer the-key")];
            let wanted = if barred { Err(Barred::CrossSite) } else { Ok(()) };
            assert_eq!(pass.let_form(&request(&headers), Some(&pass.token())), wanted, "{name}: {value}");
            assert_eq!(pass.let_program(&request(&headers)), wanted, "{name}: {value}");
        }
    }
}
