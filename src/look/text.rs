//! Text as it is compared: folded, with words found where they stand alone.

use memchr::memmem;

/// Lower case; full-width letters and digits as the usual ones; letters of other scripts inside a Latin word as what they
/// look like; nothing invisible; every blank one space.
pub(super) fn fold(text: &str) -> String {
    fold_telling(text).0
}

/// The same, and whether a word was written with letters of another script or with something invisible in it.
pub(super) fn fold_telling(text: &str) -> (String, Option<String>) {
    let (mut out, mut salted) = (String::with_capacity(text.len()), None);
    for word in text.split(|c: char| c.is_whitespace() || c == '\u{3000}').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        let start = out.len();
        if word.is_ascii() {
            out.push_str(word);
            if let Some(written) = out.get_mut(start..) {
                written.make_ascii_lowercase();
            }
            continue;
        }
        let is_latin = word.bytes().any(|byte| byte.is_ascii_alphabetic());
        let mut was_letter = false;
        let mut odd = false;
        let mut hidden = false;
        for c in word.chars() {
            if is_invisible(c) {
                hidden |= was_letter;
                continue;
            }
            // Something invisible between two letters of a Latin word, not at its end.
            odd |= hidden && c.is_ascii_alphabetic();
            hidden = false;
            let seen = match wide(c) {
                Some(c) => c,
                None => match if is_latin { looks_like(c) } else { None } {
                    Some(seen) => {
                        odd = true;
                        seen
                    }
                    None => c,
                },
            };
            was_letter = seen.is_ascii_alphabetic();
            out.extend(seen.to_lowercase());
        }
        if odd && salted.is_none() {
            salted = Some(word.to_owned());
        }
    }
    (out, salted)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn wide(c: char) -> Option<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        _ => None,
    }
}

/// Cyrillic and Greek letters that nobody tells from Latin ones.
fn looks_like(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'α' | 'Α' => 'a',
        'В' | 'Β' => 'b',
        'с' | 'С' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'Ε' => 'e',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ι' | 'Ι' => 'i',
        'ј' | 'Ј' => 'j',
        'К' | 'к' | 'Κ' | 'κ' => 'k',
        'М' | 'Μ' => 'm',
        'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'Τ' | 'τ' => 't',
        'ν' => 'v',
        'ԝ' => 'w',
        'х' | 'Х' | 'Χ' | 'χ' => 'x',
        'у' | 'У' | 'Υ' => 'y',
        'Ζ' => 'z',
        _ => return None,
    })
}

/// Letters from which on a word may stand inside another one.
const LONG: usize = 5;

/// Whether a folded text has a word. Short Latin ones count only where they stand alone.
pub(super) fn has_word(folded: &str, word: &str) -> bool {
    word_at(folded, word, word.len() < LONG).is_some()
}

/// The same, alone wherever it stands.
pub(super) fn has_word_alone(folded: &str, word: &str) -> bool {
    word_at(folded, word, true).is_some()
}

fn word_at(folded: &str, word: &str, alone: bool) -> Option<usize> {
    if word.is_empty() {
        return None;
    }
    memmem::find_iter(folded.as_bytes(), word.as_bytes()).find(|at| {
        if !alone {
            return true;
        }
        let joins = |one: Option<u8>, other: Option<u8>| {
            matches!((one, other), (Some(one), Some(other)) if one.is_ascii_alphanumeric() && other.is_ascii_alphanumeric())
        };
        let bytes = folded.as_bytes();
        let byte = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied();
        let (first, last) = (byte(Some(*at)), byte(Some(*at + word.len() - 1)));
        !joins(byte(at.checked_sub(1)), first) && !joins(last, byte(Some(*at + word.len())))
    })
}

/// The first of `words` that a folded text has.
pub(super) fn first_of<'w>(folded: &str, words: &'w [String]) -> Option<&'w str> {
    words.iter().map(String::as_str).find(|word| has_word(folded, word))
}

/// How many of `words` it has.
pub(super) fn count_of(folded: &str, words: &[String]) -> usize {
    words.iter().filter(|word| has_word(folded, word)).count()
}

/// The name of a field as words: `cardNumber`, `cc-num`, `user[password]`.
pub(super) fn spaced(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let mut was_lower = false;
    for c in name.chars() {
        match c {
            '_' | '-' | '.' | '[' | ']' | ':' | '$' | '/' => out.push(' '),
            c if c.is_uppercase() && was_lower => {
                out.push(' ');
                out.push(c);
            }
            c => out.push(c),
        }
        was_lower = c.is_lowercase();
    }
    out
}

/// The entries of a data file with their lines: `#` begins a comment, empty lines are none.
pub(super) fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_as_they_look() {
        assert_eq!(fold("  Ｐａｓｓ  WORD\n日本 "), "pass word 日本");
        assert_eq!(fold_telling("Pass\u{200b}word x"), ("password x".into(), Some("Pass\u{200b}word".into())));
        assert_eq!(fold_telling("Раssword"), ("password".into(), Some("Раssword".into())));
        assert_eq!(fold_telling("Пароль пользователя").1, None);
        assert_eq!(fold_telling("soft\u{ad}-hyphen word\u{200b} 2\u{200b}x").1, None);
    }

    #[test]
    fn short_words_stand_alone() {
        assert!(!has_word("shopping", "pin") && has_word("your pin?", "pin") && has_word("ダイレクトpin", "pin"));
        assert!(has_word("mypassword2", "password"));
        assert!(has_word("暗証番号を", "暗証番号") && !has_word("x", ""));
        assert!(!has_word_alone("the sparkling", "spark"));
    }

    #[test]
    fn names_of_fields_are_words() {
        assert_eq!(fold(&spaced("cardNumber")), "card number");
        assert_eq!(fold(&spaced("user[password_2]")), "user password 2");
        assert_eq!(fold(&spaced("CVV")), "cvv");
    }
}
