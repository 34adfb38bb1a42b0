//! The page of the manual about checks: docs/CHECKS.md.

use std::fmt::Write as _;

use super::{Check, Weights};

const HEAD: &str = "# What pages and files are checked for

Where a policy lets the destination be looked at, what is found there is put through these checks. Each that sees
something leaves a mark with a weight and a sentence that says what it saw; the weights are added up. The score, the
marks and what they amount to stand in the click's record and in `sekisho check`.

This page is made from `data/page_weights.toml`; how often the checks are right is in [DETECTION.md](DETECTION.md).

";

const TAIL: &str = "
## What is not a mark

- A page that lets only people through (a CAPTCHA, “checking your browser”) is *unknown*, whatever else is on it, and never
  clean: nobody saw what is behind it. So is a page with hardly any text that leads on by a script which cannot be read.
- Whose a page claims to be is told by `data/page_brands.txt`, by the names in `data/protected_names.txt` and by the names
  that a tenant protects. A word that is common, or the name of software which people run themselves, makes
  `brand_software` and not `brand_claimed`.
- Texts that a script decodes (base64, percent signs, escapes, hexadecimal digits, numbers, backwards) are decoded, two
  layers deep and up to 2 MiB, and read as part of the page. No script is run.
- Of archives the list of contents is read (2,000 members), the first bytes of 64 members, and archives inside once more. 7z,
  RAR, CAB and others are known by their type alone.

## Changing a weight

A weight is one line of `data/page_weights.toml`, a word in any language one of `data/page_words.toml`, a brand one line of
`data/page_brands.txt`. Run `cargo test --test it look` afterwards: it says what the change does to pages that are known.
";

/// The page, as it stands in docs/CHECKS.md.
pub fn manual(weights: &Weights) -> String {
    let mut out = String::from(HEAD);
    let (suspicious, malicious) = (weights.suspicious, weights.malicious);
    let _ = writeln!(
        out,
        "From **{suspicious}** on a page or file is *suspicious*, from **{malicious}** on *malicious*.\n"
    );
    let _ =
        writeln!(out, "| check | weight | speaks of | what it sees | why it weighs so much |\n|---|---|---|---|---|");
    for check in Check::ALL {
        let row = weights.row(*check);
        let _ = writeln!(out, "| `{check}` | {} | {} | {} | {} |", row.weight, row.threat, row.what, row.why);
    }
    out.push_str(TAIL);
    out
}
