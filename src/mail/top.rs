use crate::message::is_field;

/// A message with these fields before it; between them and a body without a header stands an empty line. Its line breaks
/// are those of the message: a pipe brings line feeds alone.
pub fn with_top(top: &[(String, String)], message: Vec<u8>) -> Vec<u8> {
    if top.is_empty() {
        return message;
    }
    let first = message.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line_feed = first.len() < message.len() && !first.ends_with(b"\r");
    let newline = if line_feed { "\n" } else { "\r\n" };
    let mut out = Vec::with_capacity(message.len() + 2000);
    for (name, value) in top {
        let value = if line_feed { value.replace("\r\n", newline) } else { value.clone() };
        out.extend_from_slice(format!("{name}: {value}{newline}").as_bytes());
    }
    if !first.is_empty() && first != b"\r" && !is_field(first) {
        out.extend_from_slice(newline.as_bytes());
    }
    out.extend_from_slice(&message);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_before_a_message_never_swallow_its_body() {
        let top = [("A".to_owned(), "b".to_owned())];
        let with = |message: &str| String::from_utf8(with_top(&top, message.into())).unwrap();
        assert_eq!(with("C: d\r\n\r\ne"), "A: b\r\nC: d\r\n\r\ne");
        assert_eq!(with("\r\ne"), "A: b\r\n\r\ne");
        assert_eq!(with("no field\r\n"), "A: b\r\n\r\nno field\r\n");
        assert_eq!(with(" folded\r\n"), "A: b\r\n\r\n folded\r\n");
        assert_eq!(with(""), "A: b\r\n");
    }

    #[test]
    fn line_breaks_are_those_of_the_message() {
        let top = [("A".to_owned(), "b\r\n\tc".to_owned())];
        assert_eq!(with_top(&top, b"C: d\n\ne".to_vec()), b"A: b\n\tc\nC: d\n\ne");
        assert_eq!(with_top(&top, b"C: d\r\n\r\ne".to_vec()), b"A: b\r\n\tc\r\nC: d\r\n\r\ne");
    }
}
