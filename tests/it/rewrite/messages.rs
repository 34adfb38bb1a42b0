//! Small messages, one thing each.

#[test]
fn debug_one() {
    for path in std::env::var("ONE").unwrap_or_default().split_whitespace() {
        let raw = std::fs::read(path).unwrap();
        let once = super::laws::rewrite(&raw);
        eprintln!("{}", serde_json::to_string_pretty(&once.report).unwrap());
        std::fs::write("/tmp/out.eml", once.message).unwrap();
    }
}
