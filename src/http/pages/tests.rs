use super::*;

fn shipped() -> Pages {
    Pages::load(None).unwrap()
}

#[test]
fn every_template_renders_in_every_language() {
    let pages = shipped();
    for language in Language::all() {
        for (name, page) in samples() {
            let html = pages.render(&page, language).unwrap();
            assert!(html.contains(&format!("<html lang=\"{}\"", language.tag())), "{name}");
        }
    }
}
