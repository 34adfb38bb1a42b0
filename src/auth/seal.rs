use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    canon::{Canon, body_hash, relaxed_field},
    chain::{Chain, FIELDS, instance},
    key::{KeyError, SealKey},
    mail::Mail,
};
use crate::{base::Timestamp, judge::Proof, message::Field};

/// In whose name messages are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealSettings {
    /// The domain, in A-labels.
    pub domain: String,
    /// The name of the key below it: `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// Where the private key is.
    pub key: PathBuf,
}

/// What is signed, where it stands: what readers show and what says how to read it. Fields that are not there are not signed
/// as missing, for a mail system may still add them; those that are taken out on the way (Authentication-Results,
/// Return-Path) or added at each step (Received) are not signed either.
const SIGNED: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "Sender",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
    "Content-Description",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Post",
    "DKIM-Signature",
];

/// Fields of one name that are signed, from the last one up.
const OF_ONE_NAME: usize = 20;

/// Seals messages (RFC 8617): says to whoever comes behind us what was true when a message came to us, and that this is the
/// message as it left.
#[derive(Debug, Clone)]
pub(super) struct Sealer {
    settings: SealSettings,
    key: SealKey,
}

impl Sealer {
    pub(super) fn open(settings: &SealSettings) -> Result<Self, KeyError> {
        Ok(Self { settings: settings.clone(), key: SealKey::read(&settings.key)? })
    }

    /// The three fields of the next set on a message as it goes, the uppermost first; none where there must not be another.
    /// `results` is the value of our Authentication-Results, `chain` what was found of the seals on arrival. Error: the key.
    pub(super) fn seal(
        &self,
        raw: &[u8],
        results: &str,
        chain: Proof,
        now: Timestamp,
    ) -> Result<Option<Vec<(String, String)>>, String> {
        let mail = Mail::of(raw);
        let Some((number, state)) = Chain::of(&mail).next(chain) else { return Ok(None) };
        let fields: Vec<Field<'_>> = mail.fields().collect();
        let signed = signed(&fields);
        if !signed.iter().any(|field| field.is("From")) {
            return Ok(None);
        }
        let SealSettings { domain, selector, .. } = &self.settings;
        let (seconds, [results_name, signature_name, seal_name]) = (now.millis() / 1000, FIELDS);
        let results = format!(" i={number}; {results}");
        let names: Vec<String> = signed.iter().map(|field| text(field.name)).collect();
        let hash = STANDARD.encode(body_hash(mail.body(), Canon::Relaxed));
        let signature = format!(
            " i={number}; a=rsa-sha256; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={seconds};\r\n\th={};\r\n\tbh={hash};\r\n\tb=",
            names.join(":\r\n\t ")
        );
        let mut bytes: Vec<u8> = signed.iter().flat_map(|field| relaxed_field(field.name, field.value)).collect();
        bytes.extend(unended(signature_name, &signature));
        let signature = format!("{signature}{}", folded(&self.key.sign(&bytes)?));
        let seal =
            format!(" i={number}; a=rsa-sha256; t={seconds}; cv={state};\r\n\td={domain}; s={selector};\r\n\tb=");
        // A chain that does not hold is not sealed over: its bytes may mean anything (section 5.1.2).
        let before = if state == "pass" { sets(&fields, number) } else { Vec::new() };
        let mut bytes: Vec<u8> = before.iter().flat_map(|field| relaxed_field(field.name, field.value)).collect();
        bytes.extend(relaxed_field(results_name.as_bytes(), results.as_bytes()));
        bytes.extend(relaxed_field(signature_name.as_bytes(), signature.as_bytes()));
        bytes.extend(unended(seal_name, &seal));
        let seal = format!("{seal}{}", folded(&self.key.sign(&bytes)?));
        let set = [(seal_name, seal), (signature_name, signature), (results_name, results)];
        Ok(Some(set.into_iter().map(|(name, value)| (name.to_owned(), value.trim_start().to_owned())).collect()))
    }
}

/// Of each name that is signed the fields from the last one up (RFC 6376 section 5.4.2).
fn signed<'a>(fields: &[Field<'a>]) -> Vec<Field<'a>> {
    let of = |name: &'static str| fields.iter().rev().filter(move |field| field.is(name)).take(OF_ONE_NAME).copied();
    SIGNED.iter().copied().flat_map(of).collect()
}

/// The fields of the sets before this one, in the order of their numbers.
fn sets<'a>(fields: &[Field<'a>], number: u32) -> Vec<Field<'a>> {
    let mut all = Vec::new();
    for of in 1..number {
        for name in FIELDS {
            all.extend(fields.iter().find(|field| field.is(name) && instance(field.value) == Some(of)).copied());
        }
    }
    all
}

/// The field that is being signed stands at the end, without its line break.
fn unended(name: &str, value: &str) -> Vec<u8> {
    let mut field = relaxed_field(name.as_bytes(), value.as_bytes());
    field.truncate(field.len().saturating_sub(2));
    field
}

fn folded(signature: &[u8]) -> String {
    let text = STANDARD.encode(signature);
    let mut out = String::with_capacity(text.len() + 32);
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % 72 == 0 {
            out.push_str("\r\n\t ");
        }
        out.push(c);
    }
    out
}

fn text(name: &[u8]) -> String {
    name.iter().copied().map(char::from).collect()
}
