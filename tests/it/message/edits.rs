//! Edits carried back: one test a promise, by transfer encoding and charset.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, ISO_2022_JP, SHIFT_JIS, UTF_8};
use proptest::prelude::*;
use sekisho::message::{CarryError, Recoded};

use super::{edit, edited, opened, replace, taken_apart, text_of};

const LINK: &str = "https://go.example.test/abc/0123456789";

fn mail(headers: &str, body: &[u8]) -> Vec<u8> {
    [headers.replace('\n', "\r\n").as_bytes(), b"\r\n\r\n", body].concat()
}

/// Replaces `old` in the only part and hands back the message and whether it was re-encoded.
fn replaced(raw: &[u8], old: &str, new: &str) -> (Vec<u8>, Option<Recoded>) {
    let text = text_of(raw, "1");
    let (message, carried) = edited(raw, 0, &[replace(&text, old, new)]);
    (message, carried.recoded)
}

fn base64(bytes: &[u8], width: usize, newline: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(newline).into_bytes()
}

#[test]
fn no_edit_is_no_change() {
    for transfer in ["7bit", "quoted-printable", "base64"] {
        let raw = mail(&format!("Content-Transfer-Encoding: {transfer}"), b"a=3Db");
        let (message, carried) = edited(&raw, 0, &[]);
        assert_eq!((message, carried.edits.len(), carried.recoded), (raw, 0, None));
    }
}

#[test]
fn identity_bytes_stay_where_they_are() {
    let raw = mail("Content-Type: text/plain; charset=utf-8", "日本 http://a.example/ 表示\nx\r\n".as_bytes());
    let (message, recoded) = replaced(&raw, "http://a.example/", LINK);
    let wanted = String::from_utf8(raw).unwrap().replace("http://a.example/", LINK);
    assert_eq!((String::from_utf8(message).unwrap(), recoded), (wanted, None));
}

#[test]
fn identity_edits_stay_local_in_every_charset() {
    for encoding in [UTF_8, SHIFT_JIS, EUC_JP, ISO_2022_JP, GBK, BIG5] {
        let headers = format!("Content-Type: text/plain; charset={}", encoding.name());
        let text = "日本語の表示http://a.example/です。\r\n次の表示行。\r\n";
        let raw = mail(&headers, &encoding.encode(text).0);
        let (message, recoded) = replaced(&raw, "http://a.example/", LINK);
        assert_eq!(recoded, None, "{}", encoding.name());
        let wanted = mail(&headers, &encoding.encode(&text.replace("http://a.example/", LINK)).0);
        assert_eq!(message, wanted, "{}", encoding.name());
    }
    for (label, text) in
        [("euc-kr", "한국 a 링크"), ("koi8-r", "мир a мир"), ("iso-8859-1", "é a ü"), ("big5", "你好 a 你")]
    {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let headers = format!("Content-Type: text/plain; charset={label}");
        let (message, recoded) = replaced(&mail(&headers, &encoding.encode(text).0), "a", LINK);
        let wanted = mail(&headers, &encoding.encode(&text.replace('a', LINK)).0);
        assert_eq!((message, recoded), (wanted, None), "{label}");
    }
    assert_eq!(EUC_KR.name(), "EUC-KR");
}

#[test]
fn iso_2022_jp_takes_text_between_and_inside_kanji() {
    let headers = "Content-Type: text/plain; charset=iso-2022-jp";
    let raw = mail(headers, &ISO_2022_JP.encode("表a示本").0);
    let text = "表a示本";
    let at = |needle: &str| text.find(needle).unwrap();
    for edits in [
        vec![edit(0, 0, "<a>")],
        vec![edit(at("a"), at("a"), "<"), edit(at("a") + 1, at("a") + 1, ">")],
        vec![edit(at("a"), at("a"), "<a>"), edit(at("示"), at("示"), "</a>"), edit(text.len(), text.len(), ".")],
        vec![edit(at("本"), at("本"), "<b>")],
        vec![edit(0, at("本"), "x")],
        vec![edit(at("示"), text.len(), "")],
    ] {
        let (_, carried) = edited(&raw, 0, &edits);
        assert_eq!(carried.recoded, None, "{edits:?}");
        assert!(carried.edits.iter().all(|edit| edit.span.len() <= 20), "{carried:?}");
    }
    assert_eq!(edited(&raw, 0, &[edit(at("a"), at("示"), "")]).1.recoded, None);
    // Two escapes in a row are an attack to a browser: kanji against kanji are written out.
    let (_, carried) = edited(&raw, 0, &[edit(at("a"), at("示"), "日")]);
    assert_eq!(carried.recoded, Some(Recoded::Neighbours));
}

#[test]
fn jis_roman_is_left_and_entered_again() {
    let raw = mail("Content-Type: text/plain; charset=iso-2022-jp", b"\x1b(Jsee http://a.example/ \\9\x1b(B!\r\n");
    assert_eq!(text_of(&raw, "1"), "see http://a.example/ ¥9!\r\n");
    let (message, recoded) = replaced(&raw, "http://a.example/", LINK);
    assert_eq!(recoded, None);
    let wanted = format!("\r\n\r\n\x1b(Jsee \x1b(B{LINK}\x1b(J \\9\x1b(B!\r\n");
    assert!(message.ends_with(wanted.as_bytes()), "{message:?}");
}

#[test]
fn quoted_printable_changes_only_the_touched_lines() {
    let body = b"=E6=97=A5 first line that stays=\r\n as it is\r\n<a href=3d\"http://a.exam=\r\nple/\">x</a> =e9=\r\n tail \t\r\nlast=20\r\n";
    let raw = mail("Content-Type: text/html; charset=windows-1252\nContent-Transfer-Encoding: Quoted-Printable", body);
    let (message, recoded) = replaced(&raw, "http://a.example/", &format!("{LINK}?a=b&{}", "x".repeat(60)));
    assert_eq!(recoded, None);
    let message = String::from_utf8(message).unwrap();
    let body = message.split_once("\r\n\r\n").unwrap().1;
    assert!(body.starts_with("=E6=97=A5 first line that stays=\r\n as it is\r\n<a href=3d\"https://go"), "{body}");
    assert!(body.ends_with("\">x</a> =e9=\r\n tail \t\r\nlast=20\r\n"), "{body}");
    assert!(body.lines().all(|line| line.len() <= 76), "{body}");
}

#[test]
fn quoted_printable_guards_blanks_dashes_and_stray_signs() {
    let raw = mail("Content-Transfer-Encoding: quoted-printable", b"one two=\r\n\r\nx =zz -- y=");
    assert!(edited(&raw, 0, &[edit(4, 7, "")]).0.ends_with(b"\r\n\r\none =\r\n\r\nx =zz -- y="));
    let text = text_of(&raw, "1");
    let (message, _) = edited(&raw, 0, &[replace(&text, "two", ""), replace(&text, "x =zz ", "")]);
    let message = String::from_utf8(message).unwrap();
    assert!(message.ends_with("=2D- y=3D"), "{message}");
    // A deletion must not make an escape out of a stray sign.
    let raw = mail("Content-Transfer-Encoding: quoted-printable", b"a=x41b\r\n");
    edited(&raw, 0, &[edit(2, 3, "")]);
}

#[test]
fn quoted_printable_padding_stays_while_the_line_ends_there() {
    let raw = mail("Content-Transfer-Encoding: quoted-printable", b"see a.example \t\r\nnext");
    let (message, _) = replaced(&raw, "a.example", "b.example");
    assert!(message.ends_with(b"see b.example \t\r\nnext"), "{message:?}");
    let (message, _) = edited(&raw, 0, &[edit(13, 15, "")]);
    assert!(message.ends_with(b"see a.examplenext"), "{message:?}");
    let (message, _) = edited(&raw, 0, &[edit(4, 13, "x ")]);
    assert!(message.ends_with(b"see x=20 \t\r\nnext"), "{message:?}");
}

#[test]
fn quoted_printable_lines_join_and_split() {
    let raw = mail("Content-Transfer-Encoding: quoted-printable", b"a\r\nb\r\nc\r\n");
    edited(&raw, 0, &[edit(1, 3, "")]);
    edited(&raw, 0, &[edit(0, 3, ""), edit(3, 4, "B")]);
    edited(&raw, 0, &[edit(1, 1, " \r\n "), edit(4, 4, "\n"), edit(9, 9, "end "), edit(9, 9, "more")]);
    edited(&raw, 0, &[edit(7, 9, ""), edit(9, 9, " x ")]);
}

#[test]
fn base64_changes_from_the_first_touched_line_on() {
    for (width, newline, end) in [(76, "\r\n", "\r\n"), (60, "\r\n", ""), (72, "\n", "\n\n"), (100, "\r\n", "")] {
        let text = format!("{}http://a.example/{}", "start ".repeat(40), " end".repeat(50));
        let mut body = base64(text.as_bytes(), width, newline);
        body.extend_from_slice(end.as_bytes());
        let raw = mail("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", &body);
        let (message, recoded) = replaced(&raw, "http://a.example/", LINK);
        let mut wanted = base64(text.replace("http://a.example/", LINK).as_bytes(), width, newline);
        wanted.extend_from_slice(end.as_bytes());
        assert_eq!(recoded, None);
        assert_eq!(
            message,
            mail("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", &wanted)
        );
    }
}

#[test]
fn damaged_base64_keeps_its_healthy_lines() {
    let body = b"aHR0cDovL2EuZXhh\r\nbXBsZS8=aHR0cDov\r\n!L2I=\r\n";
    let raw = mail("Content-Transfer-Encoding: base64", body);
    assert_eq!(text_of(&raw, "1"), "http://a.example/http://b");
    let (message, _) = edited(&raw, 0, &[edit(17, 17, " ")]);
    assert!(message.ends_with(b"aHR0cDovL2EuZXhh\r\nbXBsZS8gaHR0cDov\r\nL2I=\r\n"), "{message:?}");
}

#[test]
fn a_line_that_would_be_too_long_makes_the_part_quoted_printable() {
    let body = format!("short\r\n{} http://a.example/ =\r\n--x\r\n", "x".repeat(970));
    let raw = mail(
        "Subject: x\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\nX: y",
        &[body.as_bytes(), b"\xe9\r\n"].concat(),
    );
    let (message, recoded) = replaced(&raw, "http://a.example/", LINK);
    assert_eq!(recoded, Some(Recoded::LongLine));
    let message = String::from_utf8(message).unwrap();
    let header = "Subject: x\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\nX: y\r\n\r\n";
    assert!(message.starts_with(&format!("{header}short\r\n")), "{message}");
    assert!(message.ends_with("=3D\r\n=2D-x\r\n=E9\r\n"), "{message}");
    assert!(message.lines().all(|line| line.len() <= 76 || line.starts_with("Content-")));
}

#[test]
fn a_long_line_that_no_edit_touches_stays() {
    let raw = mail("Subject: x", format!("{}\r\nhttp://a.example/\r\n", "x".repeat(2000)).as_bytes());
    assert_eq!(replaced(&raw, "http://a.example/", LINK).1, None);
}

#[test]
fn a_part_without_fields_gets_them() {
    let long = "x".repeat(990);
    let raw = mail("Subject: x", format!("http://a.example/{long}\r\n").as_bytes());
    let (message, _) = replaced(&raw, "http://a", LINK);
    assert!(message.starts_with(
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nhttps://go"
    ));
    let headerless = format!("\nhttp://a.example/{long}\n");
    let (message, _) = replaced(headerless.as_bytes(), "http://a", LINK);
    assert!(message.starts_with(b"MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\nhttps://go"));
    let bare = format!("no header here http://a.example/{long}\n");
    let (message, _) = replaced(bare.as_bytes(), "http://a", LINK);
    assert!(
        message.starts_with(
            b"MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\nno header here https://go"
        )
    );
}

#[test]
fn utf_16_becomes_utf_8() {
    let utf16 = |text: &str, mark: &[u8]| {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [mark, &bytes].concat()
    };
    for (label, mark) in [("utf-16", &b"\xff\xfe"[..]), ("utf-16le", b""), ("utf-16", b""), ("us-ascii", b"\xff\xfe")] {
        let bytes = utf16("日本 http://a.example/ \u{1f600}\r\n", mark);
        let headers =
            format!("Content-Type: text/plain; format=flowed; charset=\"{label}\"\nContent-Transfer-Encoding: base64");
        let (message, recoded) = replaced(&mail(&headers, &base64(&bytes, 76, "\r\n")), "http://a.example/", LINK);
        assert_eq!(recoded, Some(Recoded::Charset));
        let wanted = base64(format!("日本 {LINK} \u{1f600}\r\n").as_bytes(), 76, "\r\n");
        assert_eq!(message, mail(&headers.replace(&format!("\"{label}\""), "utf-8"), &wanted));
    }
}

#[test]
fn utf_7_becomes_utf_8() {
    let raw =
        mail("Content-Type: text/html (x); charset=UTF-7; x=y", b"+ADw-a href=+ACI-http://a.example/+ACI-+AD4-+ZeU-");
    let (message, recoded) = replaced(&raw, "http://a.example/", LINK);
    assert_eq!(recoded, Some(Recoded::Charset));
    let message = String::from_utf8(message).unwrap();
    assert!(message.starts_with("Content-Type: text/html (x); charset=utf-8; x=y\r\n"), "{message}");
    assert!(message.ends_with(&format!("<a href=3D\"{LINK}\">=E6=97=A5")), "{message}");
}

#[test]
fn text_that_the_charset_lacks_makes_the_part_utf_8() {
    let raw = mail("Content-Type: text/plain; charset=\"iso-8859-1\"; Charset=x", b"caf\xe9 http://a.example/");
    let (message, recoded) = replaced(&raw, "http://a.example/", "日");
    assert_eq!(recoded, Some(Recoded::Unencodable));
    let message = String::from_utf8(message).unwrap();
    assert!(message.starts_with("Content-Type: text/plain; charset=utf-8; \r\n"), "{message}");
    assert!(message.ends_with("caf=C3=A9 =E6=97=A5"), "{message}");
}

#[test]
fn seven_bit_stays_true() {
    let ascii = mail("Content-Type: text/plain\nContent-Transfer-Encoding: 7bit", b"see http://a.example/\r\n");
    assert_eq!(replaced(&ascii, "http://a.example/", LINK).1, None);
    let (message, recoded) = replaced(&ascii, "http://a.example/", "é");
    assert_eq!(recoded, Some(Recoded::EightBit));
    assert_eq!(
        String::from_utf8(message).unwrap(),
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nsee =C3=A9\r\n"
    );
}

#[test]
fn a_value_that_nothing_can_be_put_behind_is_written_anew() {
    let raw = mail(
        "Content-Type: text/html; name=\"open\nContent-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64",
        b"x",
    );
    let (message, _) = replaced(&raw, "x", "é");
    assert_eq!(
        String::from_utf8(message).unwrap(),
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9"
    );
}

#[test]
fn an_edit_never_makes_a_delimiter() {
    let raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee x--b\nx--b--\nx--c\n--b--\n";
    let text = text_of(raw, "1");
    let at = text.find("x--b--").unwrap();
    let (message, carried) = edited(raw, 1, &[edit(at, at + 1, "")]);
    assert_eq!(carried.recoded, Some(Recoded::Delimiter));
    assert!(String::from_utf8(message).unwrap().contains("\n=2D-b--\n"));
    let at = text.find("x--c").unwrap();
    assert_eq!(edited(raw, 1, &[edit(at, at + 1, "")]).1.recoded, None);
}

#[test]
fn text_for_an_empty_part_stays_off_the_delimiter() {
    for header in ["", "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n"] {
        let raw = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{header}\r\n--b--\r\n");
        let (message, _) = edited(raw.as_bytes(), 1, &[edit(0, 0, "text")]);
        assert!(message.ends_with(b"\r\n--b--\r\n"));
    }
}

#[test]
fn line_breaks_of_an_edit_stay_what_they_are() {
    // A CR before the LF of the delimiter, in a message of LF.
    let raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n";
    assert_eq!(edited(raw, 1, &[edit(1, 1, "\r")]).1.recoded, Some(Recoded::LineBreak));
    // An LF in a message of CR alone; and a CR there is a line break like any other.
    let raw = b"Content-Type: text/plain\r\rone\rtwo\r";
    assert_eq!(edited(raw, 0, &[edit(3, 3, "\n")]).1.recoded, Some(Recoded::LineBreak));
    assert_eq!(edited(raw, 0, &[edit(3, 3, "\rx")]).1.recoded, None);
    let raw = b"Content-Transfer-Encoding: quoted-printable\r\rone=\r one=3D\rtwo\r";
    let (message, _) = edited(raw, 0, &[edit(9, 9, LINK)]);
    assert!(message.ends_with(format!("one=\r one=3D\r{LINK}two\r").as_bytes()), "{message:?}");
    // Half a line break taken away, and one put behind a soft break of CR alone.
    let raw = b"Content-Transfer-Encoding: quoted-printable\n\na\r\nb=\rc\n";
    edited(raw, 0, &[edit(2, 3, "")]);
    edited(raw, 0, &[edit(1, 2, ""), edit(4, 4, "\n")]);
}

#[test]
fn a_reading_that_an_edit_would_change_is_written_out() {
    // Without the blank, two broken halves are a character.
    let raw = mail("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit", b"\xe3\x81 \x82");
    assert_eq!(replaced(&raw, " ", "").1, Some(Recoded::Neighbours));
    // Without the byte that is no UTF-8, the rest would be.
    let raw = mail("Content-Transfer-Encoding: 8bit", b"\xff\xc3\xa9");
    assert_eq!(replaced(&raw, "ÿ", "").1, Some(Recoded::Neighbours));
}

#[test]
fn bad_edits_are_refused() {
    let raw = mail("Content-Type: text/plain; charset=utf-8", "é".as_bytes());
    let structure = taken_apart(&raw);
    let source = opened(&raw, &structure.parts[0]);
    assert!(matches!(source.carry(&raw, &[edit(1, 2, "")]), Err(CarryError::NotText { at: 1, .. })));
    assert!(matches!(source.carry(&raw, &[edit(0, 3, "")]), Err(CarryError::Overlap { .. })));
    assert!(matches!(source.carry(&raw, &[edit(2, 2, ""), edit(0, 0, "")]), Err(CarryError::Overlap { .. })));
    let preamble = format!("Content-Type: multipart/mixed; boundary=b\n\n{}\n--b\n\n--b--", "x".repeat(990));
    let structure = taken_apart(preamble.as_bytes());
    let source = opened(preamble.as_bytes(), &structure.parts[1]);
    let error = source.carry(preamble.as_bytes(), &[edit(0, 0, LINK)]).unwrap_err();
    assert!(matches!(error, CarryError::NoHeader { reason: Recoded::LongLine, .. }), "{error}");
}

/// Pieces that texts, bodies and new texts are made of.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z=. -]{0,12}",
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just(" \t".to_owned()),
        Just("日本語の表示".to_owned()),
        Just("é".to_owned()),
        Just("http://a.example/?x=1&y=%20".to_owned()),
        Just("--b".to_owned()),
        Just("=41".to_owned()),
        Just("=\r\n".to_owned()),
        Just("\u{1b}$B".to_owned()),
        Just("\u{1b}(B".to_owned()),
        Just("x".repeat(100)),
        Just("y".repeat(990)),
        ".{0,3}",
    ]
}

/// Edits of `text` at pseudo-random places.
fn edits_of(text: &str, places: &[(usize, usize, String)]) -> Vec<sekisho::base::Edit<sekisho::base::Decoded>> {
    let cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut chosen: Vec<(usize, usize, &str)> = places
        .iter()
        .map(|(start, length, with)| {
            let start = start % cuts.len();
            (cuts[start], cuts[(start + length).min(cuts.len() - 1)], with.as_str())
        })
        .collect();
    chosen.sort_unstable();
    let mut done = 0;
    chosen.retain(|(start, end, _)| {
        let fits = *start >= done;
        if fits {
            done = *end;
        }
        fits
    });
    chosen.into_iter().map(|(start, end, with)| edit(start, end, with)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_the_part_the_edited_message_has_the_edited_text(
        body in proptest::collection::vec(piece(), 0..12),
        label in proptest::sample::select(vec!["utf-8", "", "us-ascii", "iso-2022-jp", "shift_jis", "euc-jp", "gb18030", "windows-1252", "utf-16", "utf-7"]),
        transfer in proptest::sample::select(vec!["7bit", "8bit", "quoted-printable", "base64"]),
        newline in proptest::sample::select(vec!["\r\n", "\n", "\r"]),
        html in any::<bool>(),
        noise in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..3),
        places in proptest::collection::vec((any::<usize>(), 0_usize..8, piece()), 0..4),
    ) {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(UTF_8);
        let body = if newline == "\r" { body.concat().replace('\n', "") } else { body.concat() };
        let mut bytes = encoding.encode(&body).0.into_owned();
        for (at, byte) in noise {
            let at = at % (bytes.len() + 1);
            bytes.insert(at, byte);
        }
        if transfer == "base64" {
            bytes = base64(&bytes, 76, newline);
        }
        let kind = if html { "text/html" } else { "text/plain" };
        let header = format!("MIME-Version: 1.0{newline}Content-Type: multipart/mixed; boundary=b{newline}{newline}--b{newline}Content-Type: {kind}; charset=\"{label}\"{newline}Content-Transfer-Encoding: {transfer}{newline}{newline}");
        let tail = format!("{newline}--b{newline}Content-Type: text/plain{newline}{newline}second{newline}--b--{newline}");
        let raw = [header.as_bytes(), &bytes, tail.as_bytes()].concat();
        let structure = taken_apart(&raw);
        prop_assume!(structure.parts.get(1).is_some_and(|part| part.id == "1"));
        let text = opened(&raw, &structure.parts[1]).text().to_owned();
        edited(&raw, 1, &edits_of(&text, &places));
    }
}
