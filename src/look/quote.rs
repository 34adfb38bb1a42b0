//! Text of strangers inside a sentence of ours.

/// As it may stand in evidence: no control characters, nothing that turns the direction of writing, no line ends, at most
/// `most` characters (attack row 145).
pub(super) fn shown(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut left = most;
    let mut was_blank = true;
    for c in text.chars() {
        let c = match c {
            c if c.is_whitespace() || c.is_control() => ' ',
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
            c => c,
        };
        if c == ' ' && was_blank {
            continue;
        }
        was_blank = c == ' ';
        if left == 0 {
            out.push('…');
            return out;
        }
        left -= 1;
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out
}

/// The same in quotation marks, cut to what a sentence bears.
pub(super) fn quoted(text: &str) -> String {
    format!("“{}”", shown(text, 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_break_a_sentence() {
        assert_eq!(shown(" a\r\n\tb\u{0}c ", 20), "a b c");
        assert_eq!(shown("gpj.\u{202e}exe", 20), "gpj.\u{fffd}exe");
        assert_eq!(shown("日本語テキスト", 3), "日本語…");
        assert_eq!(quoted("\u{1b}[31m"), "“[31m”");
    }
}
