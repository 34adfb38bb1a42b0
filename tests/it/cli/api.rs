//! `sekisho api` and `sekisho tokens`: who is let in, what programs are told, and that nothing is lost.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStderr, Command},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{CONFIG, DATA, Folder, NO_INPUT, ONE_TENANT, USAGE, command};

const LETTER: &[u8] = b"From: a@corp.example\r\nTo: b@corp.example\r\nSubject: Hello\r\n\
    Message-ID: <1@corp.example>\r\n\r\nSee https://www.example.com/a?b=1#c and http://other.example/\r\n";
const MESSAGE: &str = "message/rfc822";
const JSON: &str = "application/json";

/// A running API; killed when dropped.
struct Served {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.body.escape_ascii()))
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// It is a problem with this status and these words.
    fn problem(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.text());
        assert!(self.head.contains("content-type: application/problem+json\r\n"), "{}", self.head);
        let problem = self.json();
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
        assert_eq!(problem["status"], status);
        let keys: BTreeSet<&String> = problem.as_object().unwrap().keys().collect();
        assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["detail", "status", "title"]);
    }
}

impl Served {
    fn start(place: &[&str]) -> Self {
        let mut args = vec!["api", "--listen", "127.0.0.1:0"];
        args.extend(place);
        let mut child = command(&args).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut served = Self { child, stderr, address: String::new() };
        let line = served.until("answering programs on ");
        served.address = line.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        served
    }

    fn until(&mut self, words: &str) -> String {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "{words:?} was never said: {seen}");
            if line.contains(words) {
                return line;
            }
            seen += &line;
        }
    }

    fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        // Whoever is refused early may not be read to the end.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let at = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..at + 2].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: answer[at + 4..].to_vec() }
    }

    fn post(&self, token: &str, target: &str, media: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {token}");
        self.ask("POST", target, &[("Authorization", &bearer), ("Content-Type", media)], body)
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn token(folder: &Folder, name: &str, more: &[&str]) -> String {
    let made = folder.run(&[&["tokens", "add", name], more].concat()).ok();
    let token = made.out.trim().to_owned();
    assert!(token.starts_with("sekisho_"), "{token}");
    token
}

const ALL: [&str; 6] = ["--scope", "rewrite", "--scope", "restore", "--scope", "decode"];

fn links(message: &str) -> Vec<&str> {
    message.split_ascii_whitespace().filter(|word| word.starts_with("http://localhost:8480/")).collect()
}

#[test]
fn a_message_goes_through_comes_back_and_its_links_are_told() {
    let folder = Folder::new();
    let token = token(&folder, "mail host", &ALL);
    let served = Served::start(&folder.with(&[]));
    let sent = served.post(&token, "/v1/rewrite?recipient=b%2B1@corp.example&sender=a@corp.example", MESSAGE, LETTER);
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert!(
        sent.head.contains("content-type: message/rfc822\r\n") && sent.head.contains("cache-control: no-store\r\n")
    );
    let message = sent.text();
    let links = links(&message);
    assert_eq!(links.len(), 2, "{message}");
    // What went out is in the wrap log: revoking by its sender finds it.
    let revoke = ["revoke", "sender", "a@corp.example", "--reason", "x", "--by", "y", "--dry-run", "--json"];
    assert_eq!(folder.run(&revoke).ok().json()[0]["touches"]["links"], 2);

    let restored = served.post(&token, "/v1/restore", MESSAGE, &sent.body);
    assert_eq!((restored.status, restored.body.as_slice()), (200, LETTER));

    let bearer = format!("Bearer {token}");
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "Message/RFC822; x=y"), ("Accept", "application/json")];
    let told = served.ask("POST", "/v1/rewrite", &headers, LETTER).json();
    let whole = STANDARD.decode(told["message"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8(whole).unwrap().contains("http://localhost:8480/www.example.com/"));
    assert_eq!(told["report"]["counts"]["wrapped"], 2);

    let question = json!({ "links": [links[0], "https://elsewhere.example/"] }).to_string();
    let decoded = served.post(&token, "/v1/decode", JSON, question.as_bytes()).json();
    let rows = decoded["links"].as_array().unwrap();
    assert_eq!(
        (&rows[0]["valid"], &rows[0]["url"]),
        (&Value::Bool(true), &Value::from("https://www.example.com/a?b=1#c"))
    );
    assert_ne!(rows[0]["recipient"], told["report"]["recipient"], "one copy names its recipient, the other none");
    assert_eq!(rows[1]["valid"], Value::Bool(false));

    // What is answered is what the document says.
    let document = served.ask("GET", "/v1/openapi.json", &[], b"").json();
    let schemas = &document["components"]["schemas"];
    for (schema, answer) in [("Rewritten", &told), ("DecodedLinks", &decoded)] {
        holds(&schemas[schema], answer);
    }
}

/// Every required property is there, and those of a schema that lists rows are each row's own.
fn holds(schema: &Value, value: &Value) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(name.as_str().unwrap()).is_some(), "{name} is missing: {value}");
    }
    for (name, of) in properties {
        match &value[name] {
            Value::Array(rows) if of["items"]["properties"].is_object() => {
                for row in rows {
                    let told: Vec<&String> = row.as_object().unwrap().keys().collect();
                    assert!(told.iter().all(|key| of["items"]["properties"].get(key).is_some()), "{told:?}");
                    holds(&of["items"], row);
                }
            }
            inner => holds(of, inner),
        }
    }
}

#[test]
fn nobody_is_let_in_without_a_token_that_is_good_for_it() {
    let folder = Folder::new();
    let file = folder.write(
        "sekisho.toml",
        &format!("data_dir = \".\"\n{ONE_TENANT}{}", ONE_TENANT.replace("= 1", "= 2").replace("go.", "go2.")),
    );
    let place = ["--config", &file];
    let make = |args: &[&str]| super::run(&[args, &place].concat());
    make(&["keys", "init"]).ok();
    let mut served = Served::start(&place);
    let none = served.ask("POST", "/v1/rewrite", &[("Content-Type", MESSAGE)], LETTER);
    none.problem(401, "a token is needed");
    assert!(none.head.contains("www-authenticate: Bearer"), "{}", none.head);
    served.post("sekisho_x", "/v1/rewrite", MESSAGE, LETTER).problem(401, "does not count");

    // A token counts as soon as it is made, and no longer once it is taken back.
    let add = |name: &str, more: &[&str]| make(&[&["tokens", "add", name], more].concat()).ok().out.trim().to_owned();
    let one = add("one", &["--scope", "rewrite", "--tenant", "1"]);
    let all = add("all", &ALL);
    assert_eq!(served.post(&one, "/v1/rewrite", MESSAGE, LETTER).status, 200);
    served.post(&one, "/v1/rewrite?tenant=2", MESSAGE, LETTER).problem(403, "good for tenant 1 alone");
    served.post(&one, "/v1/decode", JSON, b"{\"links\":[]}").problem(403, "not good for decode");
    served.post(&all, "/v1/rewrite", MESSAGE, LETTER).problem(400, "name the tenant");
    served.post(&all, "/v1/rewrite?tenant=3", MESSAGE, LETTER).problem(400, "no tenant 3");
    let second = served.post(&all, "/v1/rewrite?tenant=2", MESSAGE, LETTER);
    assert!(second.text().contains("https://go2.corp.example/"), "{}", second.text());
    // Links of both are ours; a token of one tenant puts back only those.
    assert_eq!(served.post(&all, "/v1/restore", MESSAGE, &second.body).body, LETTER);
    let others = served.post(&all, "/v1/restore?tenant=1", MESSAGE, &second.body).text();
    assert!(others.contains("https://go2.corp.example/"), "{others}");
    make(&["tokens", "remove", "one"]).ok();
    served.post(&one, "/v1/rewrite", MESSAGE, LETTER).problem(401, "does not count");

    // Where the tokens cannot be read nobody is let in, and everybody keeps the message.
    let tokens = folder.join("tokens.toml");
    let good = fs::read_to_string(&tokens).unwrap();
    fs::write(&tokens, "[[token]]\nname = 1\n").unwrap();
    let later = served.post(&all, "/v1/rewrite?tenant=1", MESSAGE, LETTER);
    later.problem(503, "cannot be read");
    assert!(later.head.contains("retry-after: 60\r\n"), "{}", later.head);
    assert!(served.until("nobody is let in").contains("tokens.toml:2:8"));
    fs::write(&tokens, good).unwrap();
    assert_eq!(served.post(&all, "/v1/rewrite?tenant=1", MESSAGE, LETTER).status, 200);
}

#[test]
fn what_is_wrong_with_a_request_is_told() {
    let folder = Folder::new();
    let file =
        folder.write("sekisho.toml", &format!("data_dir = \".\"\n{ONE_TENANT}[limits]\nmessage_megabytes = 1\n"));
    let place = ["--config", &file];
    super::run(&["keys", "init", "--config", &file]).ok();
    let mut made = vec!["tokens", "add", "all", "--config", &file];
    made.extend(ALL);
    let token = super::run(&made).ok().out.trim().to_owned();
    let served = Served::start(&place);
    let bearer = format!("Bearer {token}");
    let got = served.ask("GET", "/v1/rewrite", &[("Authorization", &bearer)], b"");
    got.problem(405, "takes POST");
    assert!(got.head.contains("allow: POST\r\n"), "{}", got.head);
    served.post(&token, "/v1/frobnicate", MESSAGE, LETTER).problem(404, "openapi.json");
    served.post(&token, "/v1/rewrite", "text/plain", LETTER).problem(415, "message/rfc822");
    served.post(&token, "/v1/rewrite?recipent=x", MESSAGE, LETTER).problem(400, "recipent");
    served.post(&token, "/v1/rewrite?tenant=x", MESSAGE, LETTER).problem(400, "tenant=x");
    served.post(&token, "/v1/decode", JSON, b"{\"link\":\"x\"}").problem(400, "unknown field");
    let many = json!({ "links": vec!["x"; 1001] }).to_string();
    served.post(&token, "/v1/decode", JSON, many.as_bytes()).problem(400, "at most 1000");
    let large = [b"Subject: x\r\n\r\n".as_slice(), &vec![b'x'; 1 << 20]].concat();
    served.post(&token, "/v1/rewrite", MESSAGE, &large).problem(413, "limits.message_megabytes");
    assert_eq!(served.ask("GET", "/healthz", &[], b"").text(), "ok\n");
}

#[test]
fn it_is_renewed_by_a_hangup_and_ends_when_told() {
    let folder = Folder::new();
    let token = token(&folder, "a", &ALL);
    let mut served = Served::start(&folder.with(&[]));
    let toml = folder.join("sekisho.toml");
    let text = fs::read_to_string(&toml).unwrap();
    fs::write(&toml, "nonsense").unwrap();
    served.signal("HUP");
    assert!(served.until("stays").contains("sekisho.toml:1:"));
    assert!(served.post(&token, "/v1/rewrite", MESSAGE, LETTER).text().contains("http://localhost:8480/"));
    fs::write(&toml, text.replace("http://localhost:8480", "https://go.corp.example")).unwrap();
    served.signal("HUP");
    served.until("read again");
    assert!(served.post(&token, "/v1/rewrite", MESSAGE, LETTER).text().contains("https://go.corp.example/"));
    served.signal("TERM");
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}

#[test]
fn tokens_are_made_listed_and_taken_back() {
    let folder = Folder::new();
    let made = token(&folder, "mail host", &["--scope", "rewrite", "--until", "2090-01-01"]);
    let file = fs::read_to_string(folder.join("tokens.toml")).unwrap();
    assert!(!file.contains(&made) && file.contains("sha256"), "{file}");
    let row = &folder.run(&["tokens", "list", "--json"]).ok().json()[0];
    assert_eq!(
        *row,
        json!({ "name": "mail host", "scopes": ["rewrite"], "tenant": null, "until": "2090-01-01T00:00:00Z",
                "counts": true })
    );
    assert!(folder.run(&["tokens", "list"]).ok().out.contains("rewrite; all tenants; until 2090-01-01T00:00:00Z"));
    let add = |name: &str, more: &[&str]| folder.run(&[&["tokens", "add", name], more].concat());
    add("mail host", &["--scope", "decode"]).refused(DATA, &["already"]);
    add("a\nb", &["--scope", "decode"]).refused(USAGE, &["no name for a token"]);
    add("b", &["--scope", "all"]).refused(USAGE, &["rewrite, restore, decode"]);
    add("b", &["--scope", "decode", "--until", "2020-01-01"]).refused(USAGE, &["is over"]);
    add("b", &["--scope", "decode", "--tenant", "9"]).refused(USAGE, &["no tenant 9"]);
    folder.run(&["tokens", "remove", "b"]).refused(NO_INPUT, &["no token \"b\""]);
    folder.run(&["tokens", "remove", "mail host"]).ok();
    assert_eq!(folder.run(&["tokens", "list"]).ok().out, "");
}

#[test]
fn tokens_do_not_cross_a_network_in_the_clear() {
    let folder = Folder::new();
    folder.run(&["api", "--listen", "0.0.0.0:0"]).refused(CONFIG, &["--listen", "in the clear", "[tls]"]);
    let file =
        folder.write("sekisho.toml", &format!("data_dir = \".\"\n{ONE_TENANT}[api]\nlisten = \"192.0.2.1:1\"\n"));
    super::run(&["config", "check", "--config", &file]).refused(CONFIG, &["sekisho.toml:7:10", "in the clear"]);
}
