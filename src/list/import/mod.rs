//! Lists that others wrote, in their formats: bytes in; entries, and refusals with line, column and cause, out.
//!
//! One format a file. Each row is translated into an entry of the one grammar and read by the one reader, so that an
//! import can do nothing that a line of a list cannot: a public suffix, our own hosts and the never-block list are
//! refused here as well. What a format says that no entry can say (an exception, an option, a redirection) is refused
//! by name; nothing is widened or narrowed without a word. Rows are handed on one by one and none is kept, so a feed of
//! any size costs what its caller keeps of it. No bytes are trusted and none make it panic.

mod adblock;
mod cause;
mod csv;
mod dnsmasq;
mod domains;
mod format;
mod guess;
mod haul;
mod hosts;
mod jpcert;
mod json;
mod lines;
mod microsoft;
mod misp;
mod no_list;
mod own;
mod phishing_database;
mod phishtank;
mod place;
mod row;
mod rpz;
mod sink;
mod unbound;
mod urlhaus;
mod urls;

pub use cause::Cause;
pub use format::Format;
pub use guess::{Guess, guess};
pub use haul::Haul;
pub use no_list::NoList;
pub use row::{Refused, Row, Taken, Tally};
pub use sink::{How, Names};

use sink::Sink;

/// Reads a list that is written in `format`; `visit` gets each row that was taken or refused, in their order.
///
/// # Errors
/// The bytes are no list of this format at all. Rows may have been visited before that showed: whoever gets an error
/// lets them go.
pub fn import(bytes: &[u8], format: Format, how: &How<'_>, visit: &mut dyn FnMut(Row)) -> Result<Tally, NoList> {
    no_list::refuse(bytes)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut sink = Sink::new(how, visit);
    match format {
        Format::List => lines::each(bytes, &mut sink, own::line),
        Format::Hosts => lines::each(bytes, &mut sink, hosts::line),
        Format::Domains => lines::each(bytes, &mut sink, domains::line),
        Format::Wildcard => lines::each(bytes, &mut sink, domains::wildcard_line),
        Format::AdBlock => lines::each(bytes, &mut sink, adblock::line),
        Format::Dnsmasq => lines::each(bytes, &mut sink, dnsmasq::line),
        Format::Unbound => lines::each(bytes, &mut sink, unbound::line),
        Format::Rpz => rpz::read(bytes, &mut sink),
        Format::Urls | Format::OpenPhish => lines::each(bytes, &mut sink, urls::line),
        Format::PhishingDatabase => lines::each(bytes, &mut sink, phishing_database::line),
        Format::UrlhausCsv => urlhaus::read(bytes, &mut sink)?,
        Format::PhishTankCsv => phishtank::read_csv(bytes, &mut sink)?,
        Format::JpcertCsv => jpcert::read(bytes, &mut sink)?,
        Format::Json => json::read(bytes, &mut sink)?,
        Format::PhishTankJson => phishtank::read_json(bytes, &mut sink)?,
        Format::Misp => misp::read(bytes, &mut sink)?,
        Format::MsTenantBlock => lines::each(bytes, &mut sink, microsoft::tenant_block),
        Format::MsTenantAllow => lines::each(bytes, &mut sink, microsoft::tenant_allow),
        Format::MsDoNotRewrite => lines::each(bytes, &mut sink, microsoft::do_not_rewrite),
    }
    let mut tally = sink.finish();
    tally.unended = format.is_of_lines() && bytes.last().is_some_and(|byte| *byte != b'\n');
    Ok(tally)
}
