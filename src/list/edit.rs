//! Changes to the text of a list as an editor would make them: every other byte stays.

/// The text with these lines at its end. They end as the lines of the text do.
pub fn with_lines<'l>(text: &[u8], lines: impl IntoIterator<Item = &'l str>) -> Vec<u8> {
    let end: &[u8] = if text.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
    let mut text = text.to_vec();
    for line in lines {
        if text.last().is_some_and(|byte| *byte != b'\n') {
            text.extend(end);
        }
        text.extend(line.bytes());
        text.extend(end);
    }
    text
}

/// The text without these lines (from 1).
pub fn without_lines(text: &[u8], lines: &[u32]) -> Vec<u8> {
    let kept = (1_u32..).zip(text.split_inclusive(|byte| *byte == b'\n')).filter(|(number, _)| !lines.contains(number));
    kept.flat_map(|(_, line)| line).copied().collect()
}

/// The text with other lines in the place of these (from 1); each keeps its end.
pub fn with_replaced(text: &[u8], lines: &[(u32, String)]) -> Vec<u8> {
    let mut new = Vec::with_capacity(text.len());
    for (number, line) in (1_u32..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        match lines.iter().find(|(wanted, _)| *wanted == number) {
            Some((_, other)) => {
                new.extend(other.bytes());
                let end = line.len() - line.trim_ascii_end().len();
                new.extend(line.get(line.len() - end..).unwrap_or_default());
            }
            None => new.extend(line),
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_replaced_and_keeps_its_end() {
        let replaced = |text: &str| with_replaced(text.as_bytes(), &[(2, "x".to_owned())]);
        for (text, with) in [("a\nb\nc", "a\nx\nc"), ("a\r\nb\r\n", "a\r\nx\r\n"), ("a\nb", "a\nx"), ("a\n", "a\n")] {
            assert_eq!(replaced(text), with.as_bytes());
        }
    }

    #[test]
    fn lines_come_and_go_and_the_rest_stays() {
        for (text, with) in [
            ("", "x\n"),
            ("# a\nb\n", "# a\nb\nx\n"),
            ("# a\nb", "# a\nb\nx\n"),
            ("a\r\nb\r\n", "a\r\nb\r\nx\r\n"),
            ("a\r\nb", "a\r\nb\r\nx\r\n"),
            ("a\n\n", "a\n\nx\n"),
        ] {
            assert_eq!(with_lines(text.as_bytes(), ["x"]), with.as_bytes());
        }
        let text = "\u{feff}# a\nb # why\r\n\n c\nd";
        assert_eq!(without_lines(text.as_bytes(), &[2, 5]), "\u{feff}# a\n\n c\n".as_bytes());
        assert_eq!(without_lines(text.as_bytes(), &[]), text.as_bytes());
        assert_eq!(without_lines(text.as_bytes(), &[9]), text.as_bytes());
        assert_eq!(without_lines(&with_lines(b"a\n", ["x", "y"]), &[2, 3]), b"a\n");
    }
}
