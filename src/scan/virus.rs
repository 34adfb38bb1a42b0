use super::journey::Seen;
use crate::{
    clamd::{Clamd, Scanned},
    judge::{Threat, Tier},
    net::Page,
    sources::Objection,
};

/// Adds what a virus scanner says of a file to what was seen of it. One that says nothing leaves it open what the file is.
pub(super) async fn ask(clamd: &Clamd, page: &Page, seen: &mut Seen) {
    match clamd.scan(&page.bytes).await {
        Ok(Scanned::Nothing) => {}
        Ok(Scanned::Found(name)) => {
            let evidence = format!("the virus scanner finds {name} in the file");
            seen.objections.insert(0, Objection { tier: Tier::Malicious, threat: Threat::Malware, evidence });
        }
        Ok(Scanned::TooLong) => {
            seen.note.get_or_insert_with(|| "it is too long for the virus scanner".to_owned());
        }
        Err(error) => {
            tracing::warn!(%error, "a file was not looked at by the virus scanner");
            seen.unseen.get_or_insert_with(|| "the virus scanner did not say what the file is".to_owned());
        }
    }
}
