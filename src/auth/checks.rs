use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, DnsError, Error, MessageAuthenticator, Parameters,
    SpfOutput, SpfResult,
    common::crypto::{Algorithm, HashAlgorithm},
    dkim::{Canonicalization, DkimError},
    dmarc::{Policy, verify::DmarcParameters},
    spf::verify::SpfParameters,
};
use tokio::time::{Instant, timeout_at};

use super::{
    canon::{Canon, body_hash},
    chain::Chain,
    dns::Lookups,
    mail::Mail,
};
use crate::judge::{Check, Method, Proof, Wish};

/// Signatures of one message that are looked at; RFC 6376 section 4.2 leaves the number to who looks.
const SIGNATURES: usize = 10;

/// Fields that one signature may name, and bytes that it may have.
const NAMES: usize = 200;
const LONGEST: usize = 16_384;

/// Bytes and fields of a header that are looked at: each signature goes through them for each name that it has.
const HEADER: usize = 1 << 20;
const FIELDS: usize = 2000;

/// Names that are asked for: SPF may cause ten questions (RFC 7208 section 4.6.4), of which those for MX and PTR ten each.
const SPF_NAMES: usize = 60;
const DMARC_NAMES: usize = 40;
const DKIM_NAMES: usize = 4 * SIGNATURES;
const ARC_NAMES: usize = 120;

/// From whom, as it is asked about: names in A-labels.
pub(super) struct From<'a> {
    pub(super) address: Option<IpAddr>,
    pub(super) helo: &'a str,
    pub(super) sender: &'a str,
    /// Who asks, for macros of SPF.
    pub(super) host: &'a str,
}

/// What is asked, and until when.
pub(super) struct Asker<'a> {
    pub(super) dns: &'a MessageAuthenticator,
    pub(super) end: Instant,
}

const LATE: &str = "not known in time";

impl Asker<'_> {
    /// Looks at everything. Whatever is not known when the time is over is `temperror`.
    pub(super) async fn all(&self, mail: &Mail<'_>, from: &From<'_>) -> (Vec<Check>, Option<Wish>) {
        let head = mail.head();
        let Some(mut message) = parsed(&head) else {
            let reason = || Some("the header is too long".to_owned());
            let lost = |method| Check { reason: reason(), ..check(method, Proof::PermError) };
            let (mut checks, _) = self.spf(from).await;
            checks.extend([Method::Dkim, Method::Dmarc, Method::Arc].map(lost));
            return (checks, None);
        };
        hash(&mut message, mail.body());
        let (signatures, lookups) = (one_by_one(&message), Lookups::new(DKIM_NAMES));
        let ((spf, client), (dkim, outputs), arc) =
            tokio::join!(self.spf(from), self.dkim(&message, &signatures, &lookups), self.arc(mail, &message));
        let domain = domain_of(from.sender).unwrap_or(from.helo);
        let (dmarc, wish) = self.dmarc(&message, &outputs, domain, &client).await;
        (spf.into_iter().chain(dkim).chain([dmarc, arc]).collect(), wish)
    }

    /// The seals alone.
    pub(super) async fn seals(&self, mail: &Mail<'_>) -> Check {
        let head = mail.head();
        match parsed(&head) {
            Some(mut message) => {
                hash(&mut message, mail.body());
                self.arc(mail, &message).await
            }
            None => check(Method::Arc, Proof::PermError),
        }
    }

    async fn spf(&self, from: &From<'_>) -> (Vec<Check>, SpfOutput) {
        let nothing = SpfOutput::new(domain_of(from.sender).unwrap_or(from.helo).to_owned());
        let Some(address) = from.address else {
            let unknown = check(Method::Spf, Proof::None);
            return (vec![Check { reason: Some("the client is not known".into()), ..unknown }], nothing);
        };
        let asked_for = if from.sender.is_empty() { "smtp.helo" } else { "smtp.mailfrom" };
        let value = if from.sender.is_empty() { from.helo } else { from.sender };
        let lookups = Lookups::new(SPF_NAMES);
        let parameters = if from.sender.is_empty() {
            SpfParameters::verify_ehlo(address, from.helo, from.host)
        } else {
            SpfParameters::verify_mail_from(address, from.helo, from.host, from.sender)
        };
        let asked = timeout_at(self.end, self.dns.verify_spf(with(parameters, &lookups))).await;
        let late = asked.is_err();
        let mut output = asked.unwrap_or_else(|_| nothing.with_result(SpfResult::TempError));
        let mut reason = late.then(|| LATE.to_owned());
        if lookups.is_spent() {
            (output, reason) =
                (output.with_result(SpfResult::PermError), Some("its record asks for too many names".into()));
        }
        let proof = match output.result() {
            SpfResult::Pass => Proof::Pass,
            SpfResult::Fail => Proof::Fail,
            SpfResult::SoftFail => Proof::SoftFail,
            SpfResult::Neutral => Proof::Neutral,
            SpfResult::TempError => Proof::TempError,
            SpfResult::PermError => Proof::PermError,
            SpfResult::None => Proof::None,
        };
        let about = vec![(asked_for.to_owned(), value.to_owned())];
        (vec![Check { method: Method::Spf, proof, about, reason }], output)
    }

    async fn dkim<'x>(
        &self,
        message: &AuthenticatedMessage<'x>,
        signatures: &'x [AuthenticatedMessage<'x>],
        lookups: &'x Lookups,
    ) -> (Vec<Check>, Vec<DkimOutput<'x>>) {
        let (mut checks, mut outputs) = (Vec::new(), Vec::new());
        for one in signatures {
            let Some(header) = one.dkim_headers.first() else { continue };
            let signature = &header.header;
            let mut result = check(Method::Dkim, Proof::Policy);
            result.about = vec![
                ("header.d".to_owned(), signature.d.clone()),
                ("header.s".to_owned(), signature.s.clone()),
                ("header.b".to_owned(), STANDARD.encode(signature.b.get(..6).unwrap_or_default())),
            ];
            result.reason = if signature.a == Algorithm::RsaSha1 {
                Some("rsa-sha1 proves nothing any more (RFC 8301)".to_owned())
            } else if signature.h.len() > NAMES || header.value.len() > LONGEST {
                Some("it is too long".to_owned())
            } else {
                None
            };
            if result.reason.is_none() {
                let asked = timeout_at(self.end, self.dns.verify_dkim(with(one, lookups))).await;
                match asked.ok().map(|mut found| found.pop()) {
                    Some(Some(output)) => {
                        (result.proof, result.reason) = signed(output.result());
                        outputs.push(output);
                    }
                    Some(None) => result.proof = Proof::Neutral,
                    None => {
                        (result.proof, result.reason) = (Proof::TempError, Some(LATE.to_owned()));
                        let late = Error::Dns(DnsError::Resolver(LATE.into()));
                        outputs.push(DkimOutput::temp_err(late).with_signature(signature));
                    }
                }
            }
            checks.push(result);
        }
        let (length, broken): (Vec<_>, Vec<_>) = message
            .errors
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(b"DKIM-Signature"))
            .take(SIGNATURES)
            .partition(|header| matches!(header.header, Error::Dkim(DkimError::SignatureLength)));
        let policy = |_| Check {
            reason: Some("it covers only a part of the body (l=)".into()),
            ..check(Method::Dkim, Proof::Policy)
        };
        let neutral = |_| Check { reason: Some("it cannot be read".into()), ..check(Method::Dkim, Proof::Neutral) };
        checks.extend(length.into_iter().map(policy).chain(broken.into_iter().map(neutral)));
        let left = message.dkim_headers.len().saturating_sub(SIGNATURES);
        if left > 0 {
            let reason = Some(format!("{left} more were not looked at"));
            checks.push(Check { reason, ..check(Method::Dkim, Proof::Policy) });
        }
        if checks.is_empty() {
            checks.push(check(Method::Dkim, Proof::None));
        }
        (checks, outputs)
    }

    async fn dmarc(
        &self,
        message: &AuthenticatedMessage<'_>,
        dkim: &[DkimOutput<'_>],
        domain: &str,
        spf: &SpfOutput,
    ) -> (Check, Option<Wish>) {
        let mut result = check(Method::Dmarc, Proof::None);
        let mut authors: Vec<&str> = message.from.iter().filter_map(|from| domain_of(from)).collect();
        authors.sort_unstable();
        authors.dedup();
        match authors.as_slice() {
            [] => {
                result.reason = Some("there is no domain in From".into());
                return (result, None);
            }
            [author] => result.about = vec![("header.from".to_owned(), ascii(author))],
            _ => {
                // RFC 9989 leaves it open, and who writes two wants each reader to see another.
                (result.proof, result.reason) = (Proof::PermError, Some("From names several domains".into()));
                return (result, None);
            }
        }
        let lookups = Lookups::new(DMARC_NAMES);
        let parameters = DmarcParameters::new(message, dkim, domain, spf);
        let Ok(output) = timeout_at(self.end, self.dns.verify_dmarc(with(parameters, &lookups))).await else {
            (result.proof, result.reason) = (Proof::TempError, Some(LATE.to_owned()));
            return (result, None);
        };
        let wish = output.dmarc_record().map(|_| match output.policy() {
            Policy::Reject => Wish::Reject,
            Policy::Quarantine => Wish::Quarantine,
            Policy::None | Policy::Unspecified => Wish::Nothing,
        });
        result.proof = match output.result() {
            DmarcResult::Pass => Proof::Pass,
            DmarcResult::Fail(_) => Proof::Fail,
            DmarcResult::TempError(_) => Proof::TempError,
            DmarcResult::PermError(_) => Proof::PermError,
            DmarcResult::None => Proof::None,
        };
        if let Some(wish) = wish {
            result.about.push(("policy.dmarc".to_owned(), wish.to_string()));
        }
        (result, wish)
    }

    async fn arc(&self, mail: &Mail<'_>, message: &AuthenticatedMessage<'_>) -> Check {
        let mut result = check(Method::Arc, Proof::None);
        if Chain::of(mail).fields == 0 {
            return result;
        }
        let weak = message.ams_headers.iter().any(|header| header.header.a == Algorithm::RsaSha1)
            || message.as_headers.iter().any(|header| header.header.a == Algorithm::RsaSha1);
        let long = message.ams_headers.iter().any(|header| header.header.h.len() > NAMES);
        if weak || long {
            (result.proof, result.reason) = (Proof::Fail, Some("a seal that is too weak or too long".into()));
            return result;
        }
        let lookups = Lookups::new(ARC_NAMES);
        let Ok(output) = timeout_at(self.end, self.dns.verify_arc(with(message, &lookups))).await else {
            (result.proof, result.reason) = (Proof::TempError, Some(LATE.to_owned()));
            return result;
        };
        if let Some(last) = output.sets().last() {
            result.about = vec![("header.d".to_owned(), last.seal.header.d.clone())];
        }
        result.proof = match output.result() {
            DkimResult::Pass => Proof::Pass,
            DkimResult::TempError(_) => Proof::TempError,
            // Fields there are, and no chain: that is none that holds.
            _ => Proof::Fail,
        };
        if result.proof != Proof::Pass {
            result.reason = signed(output.result()).1;
        }
        result
    }
}

/// The header as mail-auth reads it; none where there is too much of it.
fn parsed(head: &[u8]) -> Option<AuthenticatedMessage<'_>> {
    if head.len() > HEADER || head.iter().filter(|byte| **byte == b'\n').count() > 4 * FIELDS {
        return None;
    }
    let message = AuthenticatedMessage::parse(head).unwrap_or_default();
    (message.headers.len() <= FIELDS).then_some(message)
}

/// The hashes of the body are ours. Those of mail-auth 0.13.3 are wrong by the relaxed rules where a body ends in lines of
/// blanks, and leave out carriage returns that stand alone.
fn hash(message: &mut AuthenticatedMessage<'_>, body: &[u8]) {
    for (canon, algorithm, _, hash) in &mut message.body_hashes {
        let canon = match canon {
            Canonicalization::Relaxed => Canon::Relaxed,
            Canonicalization::Simple => Canon::Simple,
        };
        // What is signed by another algorithm is never asked about.
        *hash = if *algorithm == HashAlgorithm::Sha256 { body_hash(body, canon).to_vec() } else { Vec::new() };
    }
}

/// The message with each of its signatures alone, so that what one of them takes is not lost with another.
fn one_by_one<'x>(message: &AuthenticatedMessage<'x>) -> Vec<AuthenticatedMessage<'x>> {
    let alone = |header: &mail_auth::common::headers::Header<'x, mail_auth::dkim::Signature>| AuthenticatedMessage {
        headers: message.headers.clone(),
        from: message.from.clone(),
        body_hashes: message.body_hashes.clone(),
        dkim_headers: vec![header.clone()],
        ..AuthenticatedMessage::default()
    };
    message.dkim_headers.iter().take(SIGNATURES).map(alone).collect()
}

fn with<'x, P>(params: P, lookups: &'x Lookups) -> Parameters<'x, P, Lookups, Lookups, Lookups, Lookups, Lookups> {
    Parameters {
        params,
        cache_txt: Some(lookups),
        cache_mx: Some(lookups),
        cache_ptr: Some(lookups),
        cache_ipv4: Some(lookups),
        cache_ipv6: Some(lookups),
    }
}

fn signed(result: &DkimResult) -> (Proof, Option<String>) {
    match result {
        DkimResult::Pass => (Proof::Pass, None),
        DkimResult::None => (Proof::None, None),
        DkimResult::Neutral(Error::Dkim(DkimError::FailedBodyHashMatch)) => {
            (Proof::Fail, Some("the body has been changed".into()))
        }
        DkimResult::Neutral(Error::Dkim(DkimError::SignatureExpired)) => (Proof::Fail, Some("it has expired".into())),
        DkimResult::Neutral(error) => (Proof::Neutral, Some(error.to_string())),
        DkimResult::Fail(Error::Crypto(_)) => {
            (Proof::Fail, Some("the header has been changed, or the key is another".into()))
        }
        DkimResult::Fail(error) => (Proof::Fail, Some(error.to_string())),
        DkimResult::PermError(Error::Dns(_)) => (Proof::PermError, Some("there is no such key".into())),
        DkimResult::PermError(error) => (Proof::PermError, Some(error.to_string())),
        DkimResult::TempError(_) => (Proof::TempError, Some("the key could not be asked for".into())),
    }
}

fn check(method: Method, proof: Proof) -> Check {
    Check { method, proof, about: Vec::new(), reason: None }
}

fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

/// A domain in A-labels; what is none stays as it is.
pub(super) fn ascii(domain: &str) -> String {
    let domain = domain.trim_end_matches('.');
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned())
}
