//! Pages and forms that stand in encoded texts, and scripts that nobody shall read.

use super::View;
use crate::look::{
    Check,
    check::Seen,
    page::{Packed, Secret, literals},
};

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    for packed in &view.page.packed {
        match packed {
            Packed::Page(how) if writes(view) => {
                seen.mark(
                    Check::WritesItself,
                    format!("a script writes the page, or a part of it, out of a text {how}"),
                );
            }
            Packed::Unaddressed(address) => {
                seen.mark(Check::DataPage, format!("it shows or goes on to a page without an address ({address})"));
            }
            _ => {}
        }
    }
    let leads = view.page.plain_scripts.iter().flat_map(|script| crate::look::page::location_targets(script).0);
    let refresh = view.page.refresh.iter().map(|refresh| refresh.to_ascii_lowercase());
    let goes = leads.map(|(target, _)| target.trim_start().to_ascii_lowercase()).chain(refresh);
    for target in goes {
        if target.contains("data:text/html") || target.starts_with("blob:") || target.contains("url=blob:") {
            seen.mark(Check::DataPage, "it goes on to a page without an address");
        }
    }
    let hides = |secret: &(Secret, usize)| {
        let plain = view
            .secrets
            .iter()
            .any(|(known, form)| *known == secret.0 && !view.page.forms.get(*form).is_some_and(|form| form.was_packed));
        view.page.forms.get(secret.1).is_some_and(|form| form.was_packed) && !plain
    };
    if let Some((secret, _)) = view.secrets.iter().find(|secret| hides(secret)) {
        seen.mark(
            Check::HiddenForm,
            format!("the form that asks for {} stands in an encoded text only", secret.name()),
        );
    }
    if let Some(why) = packed_script(view) {
        seen.mark(Check::PackedScript, format!("a script is made unreadable: {why}"));
    }
}

/// Whether a script puts something into the page.
fn writes(view: &View<'_>) -> bool {
    const WAYS: [&str; 11] = [
        "document.write",
        "innerhtml",
        "outerhtml",
        "insertadjacenthtml",
        "srcdoc",
        "createobjecturl",
        "domparser",
        "eval(",
        "function(",
        "['write']",
        "[\"write\"]",
    ];
    WAYS.iter().any(|way| view.script.contains(way))
}

/// Why a script counts as unreadable.
fn packed_script(view: &View<'_>) -> Option<&'static str> {
    /// Names of numbers from which on they are no accident.
    const NAMES: usize = 40;
    let script = &view.script;
    if script.contains("eval(function(p,a,c,k,e,") {
        return Some("it is packed, and unpacks itself to run");
    }
    let numbered = memchr::memmem::find_iter(script.as_bytes(), b"_0x").take(NAMES).count();
    if numbered >= NAMES {
        return Some("its names are numbers");
    }
    if script.contains("[][(![]+[])") || script.contains("゚ω゚") {
        return Some("it is written without letters");
    }
    let runs = ["eval(", "function(", "settimeout(\"", "settimeout('"].iter().any(|way| script.contains(way));
    let undone = ["atob(", "unescape(", "fromcharcode", "decodeuricomponent("].iter().any(|way| script.contains(way));
    let long = || {
        literals(&view.page.script, 400)
            .iter()
            .any(|literal| literal.was_escaped || entropy(&literal.text) > 5.2 && !literal.text.contains(' '))
    };
    (runs && undone && script.contains("eval(") && long()).then_some("it runs what it decodes from a long text")
}

/// Bits a character: about 4.2 for prose, about 6 for base64.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let all = text.len().max(1) as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum()
}
