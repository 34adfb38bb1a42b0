//! Pages and files that were looked at, through the public surface. The pages stand in `tests/pages`, all of our own making.

use std::{path::Path, sync::LazyLock};

use sekisho::{
    look::{Around, Body, Looked, Lore, examine, manual},
    url::{Names, Suffixes, parse},
};

mod files;
mod pages;

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);
static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names::builtin();
    names.protect("corp.example").unwrap();
    names
});
/// The files that are built in, as they lie there now: weights can be tried without building anything.
static LORE: LazyLock<Lore> = LazyLock::new(|| {
    let files = ["page_weights.toml", "page_brands.txt", "page_icons.txt", "page_words.toml"];
    let [weights, brands, icons, words] = files
        .map(|file| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file)).unwrap());
    Lore::parse(&weights, &brands, &icons, &words).unwrap()
});

fn looked(url: &str, status: u16, content_type: Option<&str>, disposition: Option<&str>, bytes: &[u8]) -> Looked {
    let url = parse(url).unwrap();
    let body = Body { url: &url, status, content_type, disposition, bytes, is_cut: false };
    examine(&body, &Around { suffixes: &SUFFIXES, names: &NAMES, lore: &LORE, icon: None })
}

/// A page of the manual that is made from code: written with SEKISHO_BLESS, compared without.
fn manual_page(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("SEKISHO_BLESS").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "docs/{name} is not what the code says: run this with SEKISHO_BLESS=1");
}

#[test]
fn the_manual_has_the_checks() {
    manual_page("CHECKS.md", &manual(LORE.weights()));
}
