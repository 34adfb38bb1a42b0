use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use crate::click::{Brand, Color};

const STYLE: &str = include_str!("../../../templates/style.css");

/// Which paper a page is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// By day.
    Light,
    /// `prefers-color-scheme: dark`.
    Dark,
}

/// Whether `color` can be read on the pages' own paper. Error: a sentence that names the ratio.
pub fn legible(color: Color, paper: Paper) -> Result<Color, String> {
    for name in ["--paper", "--sheet"] {
        let Some(under) = color_of(STYLE, paper, name) else { continue };
        let ratio = color.contrast(under);
        if ratio < Color::TEXT_CONTRAST {
            let (which, way) = match paper {
                Paper::Light => ("light", "darker"),
                Paper::Dark => ("dark", "lighter"),
            };
            return Err(format!(
                "{color} has a contrast of {ratio:.2} to 1 with the {which} paper {under}, and text needs 4.5 to 1: \
                 choose a {way} one"
            ));
        }
    }
    Ok(color)
}

/// What a brand adds to the style sheet; empty where it adds nothing. One colour says nothing of the other paper.
pub(super) fn style_of(brand: &Brand) -> String {
    let rule = |color: Color| format!(":root{{--indigo:{color};--on-indigo:{}}}", color.ink());
    let light = brand.light.map(|color| format!("@media not (prefers-color-scheme:dark){{{}}}", rule(color)));
    let dark = brand.dark.map(|color| format!("@media (prefers-color-scheme:dark){{{}}}", rule(color)));
    [light, dark].into_iter().flatten().collect()
}

/// The source expression that lets a style sheet through a Content-Security-Policy.
pub(super) fn hash(style: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(style.as_bytes())))
}

/// A colour that the style sheet names.
fn color_of(style: &str, paper: Paper, name: &str) -> Option<Color> {
    let mut values = style.split(name).skip(1).filter_map(|rest| {
        let value = rest.strip_prefix(": ")?.split(';').next()?;
        let long =
            if value.len() == 4 { value.chars().flat_map(|c| [c, c]).skip(1).collect() } else { value.to_owned() };
        Color::parse(&long).ok()
    });
    match paper {
        Paper::Light => values.next(),
        Paper::Dark => values.nth(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2 AA: 4.5 to 1 for text, 3 to 1 for what bounds a field or a button and for the ring of the focus.
    #[test]
    fn every_colour_of_the_pages_is_legible_on_both_papers() {
        for paper in [Paper::Light, Paper::Dark] {
            let color = |name| color_of(STYLE, paper, name).unwrap_or_else(|| panic!("no {name} on {paper:?}"));
            for (text, under, least) in [
                ("--ink", "--paper", 7.0),
                ("--ink", "--sheet", 7.0),
                ("--soft", "--paper", 4.5),
                ("--soft", "--sheet", 4.5),
                ("--vermilion", "--paper", 4.5),
                ("--amber", "--paper", 4.5),
                ("--moss", "--paper", 4.5),
                ("--indigo", "--paper", 4.5),
                ("--indigo", "--sheet", 4.5),
                ("--on-indigo", "--indigo", 4.5),
            ] {
                let ratio = color(text).contrast(color(under));
                assert!(ratio >= least, "{text} on {under} ({paper:?}): {ratio:.2}");
            }
        }
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_told_with_its_ratio() {
        let told = legible(Color::parse("#ffe066").unwrap(), Paper::Light).unwrap_err();
        assert!(
            told.starts_with("#ffe066 has a contrast of 1.2") && told.contains("4.5 to 1: choose a darker"),
            "{told}"
        );
        let told = legible(Color::parse("#2f4d85").unwrap(), Paper::Dark).unwrap_err();
        assert!(told.contains("dark paper") && told.contains("lighter"), "{told}");
        assert!(legible(Color::parse("#7a1f3d").unwrap(), Paper::Light).is_ok());
    }
}
