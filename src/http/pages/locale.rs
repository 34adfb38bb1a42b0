use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use fluent_langneg::{LanguageIdentifier, NegotiationStrategy, negotiate_languages};

/// The languages of the pages, the first one being what is spoken to whoever asks for none of them. A new language is
/// one file beside these and one line here.
pub(super) const LOCALES: &[(&str, &str)] =
    &[("en", include_str!("../../../locales/en.ftl")), ("ja", include_str!("../../../locales/ja.ftl"))];

/// Longest `Accept-Language` that is read; the rest is ignored.
const ACCEPT_LANGUAGE_MAX: usize = 512;

/// The sentences of one language.
pub(crate) struct Locale {
    /// BCP 47 tag.
    pub(super) tag: &'static str,
    bundle: FluentBundle<FluentResource>,
}

impl Locale {
    /// Reads the sentences. Errors: what is wrong, and on which line.
    pub(crate) fn load(tag: &'static str, text: &str) -> Result<Self, (usize, String)> {
        let resource = FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| {
            let first = errors.first();
            let line =
                first.map_or(0, |error| text.bytes().take(error.pos.start).filter(|byte| *byte == b'\n').count());
            (line + 1, first.map_or_else(|| "cannot be read".to_owned(), ToString::to_string))
        })?;
        let language = tag.parse().map_err(|_| (0, format!("{tag:?} is not a language tag")))?;
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        bundle.add_resource(resource).map_err(|errors| {
            (0, errors.first().map_or_else(|| "message defined twice".to_owned(), ToString::to_string))
        })?;
        Ok(Self { tag, bundle })
    }

    /// Which way the language is written.
    pub(super) fn direction(&self) -> &'static str {
        if matches!(self.tag.split('-').next(), Some("ar" | "fa" | "he" | "ur")) { "rtl" } else { "ltr" }
    }

    /// The sentence `id`. Values stand in bidi isolates (U+2068, U+2069), so that a name written the other way round
    /// does not turn the sentence. Errors: in words, for whoever edits templates or sentences.
    pub(super) fn say(&self, id: &str, values: &FluentArgs<'_>) -> Result<String, String> {
        let message = self.bundle.get_message(id).and_then(|message| message.value());
        let pattern = message.ok_or_else(|| format!("locales/{}.ftl has no message {id:?}", self.tag))?;
        let mut errors = Vec::new();
        let sentence = self.bundle.format_pattern(pattern, Some(values), &mut errors).into_owned();
        match errors.first() {
            Some(error) => Err(format!("message {id:?} of locales/{}.ftl: {error}", self.tag)),
            None => Ok(sentence),
        }
    }
}

/// Index into [`LOCALES`] of the language that suits `accept`, an `Accept-Language` value (RFC 9110 section 12.5.4).
pub(super) fn negotiate(accept: &str) -> usize {
    let accept =
        accept.get(..ACCEPT_LANGUAGE_MAX).unwrap_or(if accept.len() > ACCEPT_LANGUAGE_MAX { "" } else { accept });
    let available: Vec<LanguageIdentifier> = LOCALES.iter().filter_map(|(tag, _)| tag.parse().ok()).collect();
    let wanted = wanted(accept);
    let found = negotiate_languages(&wanted, &available, None, NegotiationStrategy::Lookup);
    found.first().and_then(|tag| available.iter().position(|candidate| candidate == *tag)).unwrap_or(0)
}

/// The languages asked for, the best first: the negotiation itself knows nothing of weights.
fn wanted(accept: &str) -> Vec<LanguageIdentifier> {
    let mut ranges: Vec<(u16, LanguageIdentifier)> = accept
        .split(',')
        .filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1000), thousandths)?;
            Some((weight, tag.trim().parse().ok()?)).filter(|(weight, _)| *weight > 0)
        })
        .collect();
    ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    ranges.into_iter().map(|(_, tag)| tag).collect()
}

/// `0.85` is 850.
fn thousandths(weight: &str) -> Option<u16> {
    let weight: f32 = weight.trim().parse().ok()?;
    (0.0..=1.0).contains(&weight).then_some((weight * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn language(accept: &str) -> &'static str {
        LOCALES[negotiate(accept)].0
    }

    #[test]
    fn the_weight_decides_and_not_the_order() {
        assert_eq!(language("ja-JP,ja;q=0.9,en-US;q=0.8"), "ja");
        assert_eq!(language("en;q=0.1, ja;q=0.9"), "ja");
        assert_eq!(language("en-GB, ja;q=0.5"), "en");
        assert_eq!(language("ja;q=0, en;q=0.1"), "en");
    }

    #[test]
    fn whoever_asks_for_nothing_known_gets_the_first_language() {
        for accept in ["", "*", "fr", "tlh;q=1", ";;;,,,", "ja;q=nan", "ja;q=-1"] {
            assert_eq!(language(accept), "en", "{accept:?}");
        }
        assert_eq!(language(&format!("{}ja", "é,".repeat(300))), "en");
    }

    #[test]
    fn every_language_has_every_message() {
        let ids = |text: &str| -> BTreeSet<String> {
            let messages = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
            messages.filter_map(|line| Some(line.split_once(" =")?.0.to_owned())).collect()
        };
        let (first, text) = LOCALES[0];
        let wanted = ids(text);
        assert!(wanted.len() > 50);
        for (tag, text) in LOCALES {
            let found = ids(text);
            assert_eq!(
                wanted.symmetric_difference(&found).collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "{first} and {tag}"
            );
            assert!(Locale::load(tag, text).is_ok(), "{tag}");
        }
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line() {
        assert_eq!(Locale::load("en", "good = yes\n\nbad { = no\n").err().map(|(line, _)| line), Some(3));
    }
}
