//! text/enriched (RFC 1896) and text/richtext (RFC 1341): what is left to read when the commands are taken away.

use super::splice::Splice;

/// Commands in a row, at most, before one stands for text after all: a command has 60 characters (RFC 1896 section 4).
const COMMAND: usize = 80;

/// The text as a client shows it, and the way back.
pub(crate) fn rendered(text: &str) -> Splice {
    let mut splice = Splice::default();
    let (mut at, mut hidden) = (0, 0_usize);
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("<<") {
            if hidden == 0 {
                splice.push('<', at);
            }
            at += 2;
            continue;
        }
        if let Some(command) = command(rest) {
            match command.to_ascii_lowercase().as_str() {
                "param" => hidden += 1,
                "/param" => hidden = hidden.saturating_sub(1),
                "lt" => splice.push('<', at),
                "nl" | "np" | "paragraph" | "/paragraph" => splice.push('\n', at),
                _ => {}
            }
            at += command.len() + 2;
            continue;
        }
        if hidden == 0 {
            splice.push(character, at);
        }
        at += character.len_utf8();
    }
    splice.end(text.len());
    splice
}

/// The command that `rest` begins with, without its brackets.
fn command(rest: &str) -> Option<&str> {
    let inside = rest.strip_prefix('<')?;
    let end = inside.bytes().take(COMMAND).position(|byte| byte == b'>')?;
    let command = inside.get(..end)?;
    let word = command.strip_prefix('/').unwrap_or(command);
    let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain.then_some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_away() {
        let text = "<bold>a<<b</bold><color><param>red</param>c</color>d<lt>e<nl>f <x y> <";
        let rendered = rendered(text);
        assert_eq!(rendered.text(), "a<bcd<e\nf <x y> <");
        let at = rendered.text().find("cd").unwrap();
        let pieces: Vec<_> = rendered.pieces(at..at + 2).into_iter().map(|range| &text[range]).collect();
        assert_eq!(pieces, ["c", "d"]);
    }
}
