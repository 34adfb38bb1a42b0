use std::{fmt, fmt::Write as _, time::Duration};

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::HookError;
use crate::base::{EventId, Timestamp};

const CONNECTING_TAKES: Duration = Duration::from_secs(3);

/// A server that takes JSON.
pub(super) struct Server {
    url: String,
    key: Zeroizing<Vec<u8>>,
    client: reqwest::Client,
}

impl Server {
    pub(super) fn new(url: &str, key: Vec<u8>) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECTING_TAKES)
            .user_agent(concat!("sekisho/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { url: url.to_owned(), key: Zeroizing::new(key), client })
    }

    pub(super) async fn post(
        &self,
        id: EventId,
        json: &[u8],
        now: Timestamp,
        limit: Duration,
    ) -> Result<(), HookError> {
        let request = self
            .client
            .post(&self.url)
            .timeout(limit)
            .header("content-type", "application/json")
            .header("x-sekisho-event", id.to_string())
            .header("x-sekisho-signature", signature(&self.key, now, json))
            .body(json.to_vec());
        match request.send().await {
            // What else it says is not read.
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(HookError::Status(self.to_string(), answer.status().as_u16())),
            Err(error) if error.is_timeout() => Err(HookError::TooSlow(self.to_string())),
            Err(error) => Err(HookError::Unreachable(self.to_string(), told(&error.without_url()))),
        }
    }
}

/// What stands in `X-Sekisho-Signature`: `t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY` under the key. The moment is
/// signed too, so that whoever takes it can refuse what is old.
pub fn signature(key: &[u8], now: Timestamp, body: &[u8]) -> String {
    let secs = now.secs();
    let mut text = format!("t={secs},v1=");
    // HMAC takes a key of any length.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(format!("{secs}.").as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().iter().for_each(|byte| {
            let _ = write!(text, "{byte:02x}");
        });
    }
    text
}

/// Without its query, which may hold a secret.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.split('?').next().unwrap_or_default())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.to_string()).finish()
    }
}

/// An error with what lies under it, which is where it says what happened.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut under = error.source();
    while let Some(error) = under {
        let _ = write!(text, ": {error}");
        under = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_openssl_makes_of_it() {
        // printf '1795492800.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let text = signature(b"0123456789abcdef", Timestamp::from_secs(1_795_492_800), b"{\"a\":1}");
        assert_eq!(text, "t=1795492800,v1=23b13f318904e2b0b700ff7c6c9089a7f7f3e15cb89a9583890ee72a5c2fdc6f");
    }
}
