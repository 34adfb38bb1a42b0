//! Files that a script puts together and hands over as a download.

use super::View;
use crate::look::{
    Check, Kind,
    check::Seen,
    file,
    page::{Packed, literals},
};

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    let script = &view.script;
    let makes =
        ["createobjecturl", "mssaveblob", "mssaveoropenblob", "data:application/", "showsavefilepicker", "saveas("]
            .iter()
            .any(|way| script.contains(way));
    let hands_over = script.contains(".download")
        || script.contains("mssave")
        || script.contains("setattribute('download'")
        || script.contains("setattribute(\"download\"")
        || script.contains("saveas(")
        || view.page.anchors.iter().any(|anchor| anchor.download.is_some());
    for packed in &view.page.packed {
        match packed {
            Packed::File(kind, length) if harms(*kind) && (makes || hands_over) => {
                seen.mark(
                    Check::SmuggledFile,
                    format!("a script puts together {kind} of {length} bytes and hands it over as a download"),
                );
            }
            Packed::Bytes(length) if makes && hands_over && names_what_runs(view) => {
                seen.mark(
                    Check::SmuggledFile,
                    format!("a script makes a download that runs something of an encoded text of {length} bytes"),
                );
            }
            Packed::Bytes(length) if makes && hands_over && clicks(script) => {
                seen.mark(
                    Check::SmuggledBytes,
                    format!("a script makes a download of an encoded text of {length} bytes"),
                );
            }
            _ => {}
        }
    }
    for anchor in &view.page.anchors {
        let href = anchor.href.trim_start();
        let is_data = href.get(..17).is_some_and(|start| start.eq_ignore_ascii_case("data:application/"));
        let name = anchor.download.as_deref().unwrap_or_default();
        if is_data && (file::is_starter(&file::ending(name)) || file::is_program(&file::ending(name))) {
            seen.mark(
                Check::SmuggledFile,
                "a link holds a file that runs something, whole, and hands it over as a download",
            );
        }
    }
}

fn harms(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Program
            | Kind::Starter
            | Kind::DiskImage
            | Kind::Zip
            | Kind::Archive
            | Kind::Gzip
            | Kind::Tar
            | Kind::OneNote
            | Kind::OldOffice
    )
}

/// Whether a script writes the name of a file that runs something.
fn names_what_runs(view: &View<'_>) -> bool {
    literals(&view.page.script, 4).iter().any(|literal| {
        let ending = file::ending(&literal.text);
        let is_name = literal.text.len() < 120 && !literal.text.contains(['/', '<', '(']);
        is_name
            && (file::is_starter(&ending) && ending != "js"
                || file::is_program(&ending) && ending != "com"
                || file::is_image(&ending))
    })
}

/// Whether the download begins by itself.
fn clicks(script: &str) -> bool {
    script.contains(".click()")
        || script.contains("dispatchevent")
        || script.contains("mssave")
        || script.contains("saveas(")
}
