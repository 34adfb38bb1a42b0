use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

fn scan(text: &str, lines: Lines) -> Vec<Word> {
    words(text, &Grammar { suffixes: &SUFFIXES, own: &|_| None, lines, care: Care::Usual })
}

/// What is found, as it stands in the text.
fn found(text: &str) -> Vec<&str> {
    scan(text, Lines::Fixed).into_iter().map(|word| text.get(word.range).unwrap()).collect()
}

#[test]
fn urls_end_where_the_sentence_goes_on() {
    for (text, wanted) in [
        ("the page below.https://a.example/x", "https://a.example/x"),
        ("see https://a.example/x, or", "https://a.example/x"),
        ("(https://a.example/x_(y))", "https://a.example/x_(y)"),
        ("[https://a.example/x].", "https://a.example/x"),
        ("[here](https://a.example/x)[there]", "https://a.example/x"),
        ("\"https://a.example/?q=1\"...", "https://a.example/?q=1"),
        ("'http://a.example/'", "http://a.example/"),
        ("HTTPS://A.EXAMPLE/X!", "HTTPS://A.EXAMPLE/X"),
        ("<https://a.example/x>", "https://a.example/x"),
        ("https://a.example/x\u{202e}moc", "https://a.example/x"),
        ("http:\\\\a.example\\x", "http:\\\\a.example\\x"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
        ("http://user:pw@a.example/x", "http://user:pw@a.example/x"),
        ("http://a_b.example/", "http://a_b.example/"),
        ("http://a.example/a|b", "http://a.example/a|b"),
        ("http://localhost", "http://localhost"),
        ("http://@a.example/", "http://@a.example/"),
        ("http://*http://a.example/", "http://a.example/"),
        ("詳細はhttps://a.example/abcをご覧ください", "https://a.example/abc"),
        ("https://a.example/x。次", "https://a.example/x"),
        ("「https://a.example/x」", "https://a.example/x"),
        ("https://ja.example/wiki/日本", "https://ja.example/wiki/日本"),
        ("http://例え.jp/引き出し", "http://例え.jp/引き出し"),
        ("http://www.example.comをご覧", "http://www.example.com"),
        ("http://a.рф/", "http://a.рф/"),
    ] {
        assert_eq!(found(text), [wanted], "{text}");
    }
}

#[test]
fn bare_hosts_are_those_of_known_suffixes() {
    for (text, wanted) in [
        ("visit example.com now", vec!["example.com"]),
        ("(www.example.co.jp/a?b=c).", vec!["www.example.co.jp/a?b=c"]),
        ("example.com:8080/x example.com:", vec!["example.com:8080/x", "example.com"]),
        ("詳しくはexample.comをご覧", vec!["example.com"]),
        ("a.рф", vec!["a.рф"]),
        ("テストexample.comテストexample.orgです", vec!["example.com", "example.org"]),
        ("name.al+tag@example.com", vec![]),
        ("mail user@example.com or x.y@z.example.com", vec![]),
        ("src/example.com/x = a=example.com 3.14 e.g. final.docx", vec![]),
        ("ftp://example.com hxxp://example.com/ example[.]com", vec![]),
        ("one.example.com,two.example.com", vec!["one.example.com", "two.example.com"]),
        ("evil.sh/x", vec!["evil.sh/x"]),
        ("127.0.0.1/x", vec!["127.0.0.1/x"]),
    ] {
        assert_eq!(found(text), wanted, "{text}");
    }
}

#[test]
fn names_that_are_no_hosts_have_a_shape_that_says_so() {
    for (text, shape) in [
        ("README.md", Shape::FileName),
        ("install.sh", Shape::FileName),
        ("done.It", Shape::Sentence),
        ("3.You", Shape::Sentence),
        ("R.Hughes", Shape::Sentence),
        ("evil.Com", Shape::Bare),
        ("EVIL.IN", Shape::Bare),
        ("10.20.30.40", Shape::Address),
        ("Example.COM", Shape::Bare),
    ] {
        assert_eq!(scan(text, Lines::Fixed).first().map(|word| word.shape), Some(shape), "{text}");
    }
}

#[test]
fn urls_over_lines_are_joined_where_the_text_says_so() {
    let value = |text, lines| scan(text, lines).into_iter().map(|word| word.value).collect::<Vec<_>>();
    for text in ["<https://a.example/x\r\n  yz>", "<URL:https://a.example/x\nyz>"] {
        assert_eq!(value(text, Lines::Fixed), ["https://a.example/xyz"], "{text}");
    }
    assert_eq!(value("<https://a.example/x\n y z>", Lines::Fixed), ["https://a.example/x"]);
    assert_eq!(value("<https://a.example/x\nyz", Lines::Fixed), ["https://a.example/x"]);
    assert_eq!(value("> https://a.example/x \r\n> yz, ok", Lines::DelSp), ["https://a.example/xyz"]);
    assert_eq!(value("https://a.example/x \r\nyz", Lines::Fixed), ["https://a.example/x"]);
}

#[test]
fn links_of_ours_end_where_they_end() {
    let own = |text: &str| text.starts_with("https://go.example/t").then_some("https://go.example/t".len());
    let text = "ahttps://go.example/t(https://go.example/tをb.com";
    let grammar = Grammar { suffixes: &SUFFIXES, own: &own, lines: Lines::Fixed, care: Care::Usual };
    let found: Vec<_> = words(text, &grammar).into_iter().map(|word| text.get(word.range).unwrap()).collect();
    assert_eq!(found, ["https://go.example/t", "https://go.example/t", "b.com"]);
}

#[test]
fn hostile_text_is_read_in_one_pass() {
    for text in [
        format!("http://{}", "a@".repeat(200_000)),
        "http://".repeat(100_000),
        "http://*".repeat(100_000),
        "http://*@".repeat(100_000),
        "<http://".repeat(100_000),
        "a.".repeat(300_000),
        ".".repeat(600_000),
        format!("http://x/{}", ")".repeat(600_000)),
        format!("http://{}", "aあ.".repeat(100_000)),
        "a.comあ".repeat(60_000),
        "https://例え.jpを".repeat(20_000),
        "https://a.example/)".repeat(20_000),
    ] {
        scan(&text, Lines::Fixed);
        scan(&text, Lines::DelSp);
    }
}

proptest! {
    #[test]
    fn words_are_in_order_and_apart(
        text in "(http|https|HTTP|:|/|//|\\\\|www\\.|example|\\.com|\\.|@|\\(|\\)|<|>|<URL:| |\r\n| \r\n|あ|。|é|:80|\\?|#|\\PC){0,30}"
    ) {
        for lines in [Lines::Space, Lines::Fixed, Lines::DelSp] {
            let mut done = 0;
            for word in scan(&text, lines) {
                prop_assert!(word.range.start >= done && word.range.start < word.range.end);
                prop_assert!(text.get(word.range.clone()).is_some());
                done = word.range.end;
            }
        }
    }
}
