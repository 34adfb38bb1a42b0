//! The published test vectors (`tests/vectors/link-v1.json`) and this module agree.
//!
//! `UPDATE_VECTORS=1 cargo test --lib link::vectors` writes the file anew. A link that stands in it is a promise:
//! vectors are added, never changed.

use serde_json::{Value, json};

use super::{
    derive::{Mac, Purpose, derive},
    destination::split,
    mint::{sign, tag_input},
    token::{Flags, Header, moment},
    *,
};
use crate::{
    base::{ClickId, MessageHash, RecipientHash, TenantId, Timestamp},
    url,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/link-v1.json");
const KEYRING: &str = include_str!("link-v1.keyring.toml");

/// Minutes since 2020: in the period of the old key and of the compromised one, in that of the signing key, now.
const THEN: u32 = 2_329_920; // 2024-06-06T00:00Z
const LATELY: u32 = 3_628_800; // 2026-11-25T00:00Z
const NOW: u32 = 3_628_860;
const TENANTS: [TenantId; 3] = [TenantId(1), TenantId(2), TenantId(0x0102)];

const OLD: u8 = 0x00;
const SIGNING: u8 = 0x20;
const COMPROMISED: u8 = 0x40;
const STRANGER: u8 = 0x60;

fn secret(first: u8) -> [u8; 32] {
    std::array::from_fn(|at| first + at as u8)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One link, valid or not, before it is written down.
#[derive(Clone)]
struct Case {
    key: u8,
    header: Header,
    https: bool,
    inside: bool,
    segment: String,
    rest: Vec<u8>,
    now: u32,
    allowed: Vec<TenantId>,
    logged: bool,
    glued: &'static str,
}

impl Case {
    /// A link to `url` as it is minted.
    fn to(url: &str) -> Self {
        let url = url::parse(url).unwrap();
        let parts = split(&url);
        let header = Header {
            key: derive::key_id(&secret(SIGNING)),
            tenant: TENANTS[0],
            flags: 0,
            issued: LATELY,
            message: MessageHash([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]),
            recipient: RecipientHash([0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01]),
        };
        let case = Self {
            key: SIGNING,
            header,
            https: url.is_https(),
            inside: parts.host_inside,
            segment: parts.segment,
            rest: parts.rest.into_bytes(),
            now: NOW,
            allowed: vec![TENANTS[0]],
            logged: false,
            glued: "",
        };
        case.placed(Place::Html)
    }

    fn simple() -> Self {
        Self::to("https://www.shop.example/a?b=1#c")
    }

    fn placed(mut self, place: Place) -> Self {
        self.header.flags = Flags { https: self.https, host_inside: self.inside, place }.to_byte();
        self
    }

    fn under(mut self, key: u8, issued: u32) -> Self {
        (self.key, self.header.key, self.header.issued) = (key, derive::key_id(&secret(key)), issued);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn minted(&self) -> Minted {
        let key = Mac::derived(&secret(self.key), Purpose::Tag, self.header.tenant);
        sign(&key, self.segment.clone(), self.header, &self.rest)
    }

    fn path(&self) -> String {
        format!("{}{}", self.minted(), self.glued)
    }

    fn open(&self, path: &str) -> Result<Verified<Link>, Damaged> {
        let opener = Keyring::parse(KEYRING).unwrap().opener(&TENANTS);
        opener.open_with(path.as_bytes(), &self.allowed, moment(self.now), &|_| self.logged)
    }

    fn circumstances(&self, name: &str, path: &str) -> serde_json::Map<String, Value> {
        let allowed: Vec<u16> = self.allowed.iter().map(|tenant| tenant.0).collect();
        let Value::Object(map) =
            json!({"name": name, "path": path, "now": self.now, "allowed": allowed, "logged": self.logged})
        else {
            unreachable!()
        };
        map
    }
}

fn valid(name: &str, case: &Case, out: &mut Vec<Value>) {
    let path = case.path();
    let link = case.open(&path).unwrap_or_else(|_| panic!("{name} does not open"));
    let Facts { tenant, place, message, recipient, .. } = link.facts;
    let mut input = case.header.to_bytes().to_vec();
    input.extend_from_slice(&case.rest);
    input.extend_from_slice(&link.id.0);
    let mut vector = case.circumstances(name, &path);
    let more = json!({
        "key": link.key.to_string(), "tenant": tenant.0, "place": place, "issued": case.header.issued,
        "message": message, "recipient": recipient, "host": case.segment, "https": case.https,
        "host_inside": case.inside, "bytes": hex(&input), "id": link.id.to_string(),
        "destination": link.destination.as_str(),
    });
    vector.extend(more.as_object().unwrap().clone());
    out.push(vector.into());
}

fn valid_vectors() -> Vec<Value> {
    let mut out = Vec::new();
    for (name, url) in [
        ("https", "https://www.shop.example/"),
        ("http", "http://www.shop.example/"),
        ("path, query and fragment", "https://www.shop.example/a/b;c=d/e?f=g&h=%20i#j"),
        ("empty query and fragment", "https://www.shop.example/?#"),
        ("fragment alone", "https://www.shop.example/#a/b?c"),
        ("odd port", "https://www.shop.example:8443/"),
        ("the other scheme's port", "http://www.shop.example:443/"),
        ("port 0", "https://www.shop.example:0/"),
        ("user", "https://user@www.shop.example/"),
        ("user and password", "https://user:pa%40ss%2F@www.shop.example:81/a@b"),
        ("password alone", "http://:secret@www.shop.example/"),
        ("IPv4 address in clear", "http://192.0.2.7:8080/login"),
        ("underscore in a label", "https://a_b.shop.example/"),
        ("A-labels", "https://xn--bcher-kva.example/%E6%97%A5%E6%9C%AC"),
        ("two letters", "https://a.b/"),
        ("IPv6 address inside", "https://[2001:db8::1]/a"),
        ("IPv6 address inside, port and user", "http://user@[2001:db8::1]:8080/a@b"),
        ("single label inside", "http://intranet/wiki"),
        ("single label inside, port", "https://localhost:8443/"),
        ("trailing dot inside", "https://www.shop.example./"),
        ("leading underscore inside", "https://_a.shop.example/"),
        ("leading hyphen inside", "https://-a.shop.example/"),
        ("empty label inside", "https://a..shop.example/"),
        ("odd characters inside", "https://a!b$c.shop.example/"),
        ("URL within a URL", "https://www.shop.example/r?u=https://other.example/?a=b#c"),
    ] {
        valid(name, &Case::to(url), &mut out);
    }
    for length in 0..3 {
        let url = format!("https://www.shop.example/{}", "x".repeat(length));
        valid(&format!("token characters modulo 4, {length}"), &Case::to(&url), &mut out);
    }
    let name = "x".repeat(63);
    let host = format!("{name}.{name}.{name}.{}", "y".repeat(61));
    valid("host of 253 bytes", &Case::to(&format!("https://{host}:65535/")), &mut out);
    valid("host of 254 bytes inside", &Case::to(&format!("https://{host}y/")), &mut out);
    valid("longest destination", &Case::to(&longest()), &mut out);
    for place in Place::ALL {
        valid(&format!("place {place}"), &Case::simple().placed(place), &mut out);
    }
    for (name, glued) in [
        ("full stop", "."),
        ("bracket", ")"),
        ("asterisk", "*"),
        ("escaped quotation mark", "%22"),
        ("query", "?fbclid=abc"),
        ("fragment", "#x"),
        ("underscore", "_"),
        ("hyphens", "--"),
        ("Japanese text", "。次のページ"),
        ("Japanese text, escaped", "%E3%80%82"),
        ("backslash", "\\"),
        ("quotation mark and more", "\">/a/b"),
        ("query with slashes", "?u=/a/b"),
        ("underscore and slash", "_/a"),
    ] {
        valid(&format!("glued: {name}"), &Case::simple().with(|case| case.glued = glued), &mut out);
    }
    let many = |case: &mut Case| case.allowed = vec![TENANTS[2], TENANTS[1]];
    valid("second tenant", &Case::simple().with(|case| case.header.tenant = TENANTS[1]).with(many), &mut out);
    valid("tenant 258", &Case::simple().with(|case| case.header.tenant = TENANTS[2]).with(many), &mut out);
    let shared = |case: &mut Case| case.header.recipient = RecipientHash::SHARED;
    valid("many recipients", &Case::simple().with(shared), &mut out);
    valid("verify-only key", &Case::simple().under(OLD, THEN), &mut out);
    valid("verify-only key, first minute", &Case::simple().under(OLD, FIRST), &mut out);
    valid("verify-only key, last minute", &Case::simple().under(OLD, LAST), &mut out);
    valid("signing key, first minute", &Case::simple().under(SIGNING, LAST), &mut out);
    valid("ten minutes ahead", &Case::simple().with(|case| case.header.issued = NOW + 10), &mut out);
    let logged = |case: &mut Case| case.logged = true;
    valid("compromised key, in the wrap log", &Case::simple().under(COMPROMISED, THEN).with(logged), &mut out);
    valid("under a decade later", &Case::simple().with(|case| case.now += 9 * 525_960), &mut out);
    out
}

/// First and last minute of the old key: 2024-01-01T00:00Z and 2025-01-01T00:00Z.
const FIRST: u32 = 2_103_840;
const LAST: u32 = 2_630_880;

fn longest() -> String {
    let start = "https://www.shop.example/";
    format!("{start}{}", "z".repeat(DESTINATION_MAX - start.len()))
}

fn invalid(name: &str, reason: &str, case: &Case, path: &str, out: &mut Vec<Value>) {
    assert!(case.open(path).is_err(), "{name} opens");
    let mut vector = case.circumstances(name, path);
    vector.insert("reason".into(), reason.into());
    out.push(vector.into());
}

fn invalid_vectors() -> Vec<Value> {
    let mut out = Vec::new();
    misspelt(&mut out);
    unsigned(&mut out);
    signed_nonsense(&mut out);
    out
}

/// A good link, spelt otherwise.
fn misspelt(out: &mut Vec<Value>) {
    let case = Case::simple();
    let Minted { host, token, .. } = case.minted();
    let (first, end) = (&token[..token.len() - 1], token.len());
    let no_flag = || case.clone().with(|case| case.segment = "-".into());
    let longer = case.clone().with(|case| case.rest = format!("/{}", "z".repeat(DESTINATION_MAX)).into_bytes());
    for (name, reason, path) in [
        ("empty path", "shape", String::new()),
        ("no slash first", "shape", format!("{host}/{token}")),
        ("no token", "shape", format!("/{host}")),
        ("empty token", "shape", format!("/{host}/")),
        ("no host", "host", format!("//{token}")),
        ("query in the host", "host", format!("/{host}?a/{token}")),
        ("host in upper case", "host", format!("/{}/{token}", host.to_uppercase())),
        ("port with a leading zero", "host", format!("/{host}:081/{token}")),
        ("port out of range", "host", format!("/{host}:65536/{token}")),
        ("empty port", "host", format!("/{host}:/{token}")),
        ("trailing dot in clear", "host", format!("/{host}./{token}")),
        ("single label in clear", "host", format!("/shop/{token}")),
        ("tilde", "host", format!("/~/{token}")),
        ("two hyphens", "host", format!("/--/{token}")),
        ("slash after the token", "slash", format!("/{host}/{token}/")),
        ("path after the token", "slash", format!("/{host}/{token}/a")),
        ("unknown version", "version", format!("/{host}/{first}2")),
        ("no version", "version", format!("/{host}/{}", &token[..end - 2])),
        ("two versions", "length", format!("/{host}/{token}1")),
        ("token of one byte too few for a rest", "length", format!("/{host}/{}1", &token[..58])),
        ("version alone", "length", format!("/{host}/1")),
        ("a rest one byte longer than the longest", "length", longer.path()),
        ("standard base64", "version", format!("/{host}/{}+{}", &token[..10], &token[11..])),
        ("unused bits set", "base64", twisted(&Case::to("https://www.shop.example/").path())),
        ("lower case", "key", format!("/{host}/{}", token.to_lowercase())),
        ("first half", "tag", format!("/{host}/{}1", &token[..60])),
        ("a character changed in the rest", "tag", format!("/{host}/{}A{}", &token[..40], &token[41..])),
        ("a character changed in the tag", "tag", format!("/{host}/{}A{}", &token[..end - 5], &token[end - 4..])),
        ("other host", "tag", format!("/www.other.example/{token}")),
        ("odd port added", "tag", format!("/{host}:8443/{token}")),
        ("host taken away", "tag", format!("/-/{token}")),
    ] {
        invalid(name, reason, &case, &path, out);
    }
    invalid("`-` without its flag, signed", "host-flag", &case, &no_flag().path(), out);
}

/// The same link with an unused low bit of its last character set.
fn twisted(path: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (front, last) = path.split_at(path.len() - 2);
    let at = ALPHABET.iter().position(|byte| *byte == last.as_bytes()[0]).unwrap();
    assert_eq!(at & 1, 0, "no unused bits");
    format!("{front}{}1", char::from(ALPHABET[at | 1]))
}

/// Well spelt, but under no key that opens it here and now.
fn unsigned(out: &mut Vec<Value>) {
    let simple = Case::simple;
    for (name, reason, case) in [
        ("unknown key", "key", simple().under(STRANGER, LATELY)),
        ("tenant that is not served", "tenant", simple().with(|case| case.header.tenant = TenantId(3))),
        ("tenant 0", "tenant", simple().with(|case| case.header.tenant = TenantId(0))),
        ("another tenant's link host", "tenant", simple().with(|case| case.allowed = vec![TENANTS[1]])),
        ("a link host of no tenant", "tenant", simple().with(|case| case.allowed.clear())),
        ("a minute before its key", "issued", simple().under(OLD, FIRST - 1)),
        ("a minute after its key stopped", "issued", simple().under(OLD, LAST + 1)),
        ("a minute before the signing key", "issued", simple().under(SIGNING, LAST - 1)),
        ("eleven minutes ahead", "issued", simple().with(|case| case.header.issued = NOW + 11)),
        ("the end of time", "issued", simple().with(|case| case.header.issued = u32::MAX)),
        ("another key's id", "tag", simple().with(|case| case.key = STRANGER)),
        ("compromised key, not in the wrap log", "compromised", simple().under(COMPROMISED, THEN)),
    ] {
        let case = case.with(|case| {
            if !case.allowed.is_empty() && case.allowed[0] == TENANTS[0] {
                case.allowed.extend([TenantId(0), TenantId(3)]);
            }
        });
        invalid(name, reason, &case, &case.path(), out);
    }
    let ours = simple();
    let theirs = simple().with(|case| case.header.tenant = TENANTS[1]);
    let key = Mac::derived(&secret(SIGNING), Purpose::Tag, TENANTS[0]);
    let crossed = sign(&key, theirs.segment.clone(), theirs.header, &theirs.rest);
    let both = ours.with(|case| case.allowed = TENANTS.to_vec());
    invalid("another tenant's tag key", "tag", &both, &crossed.to_string(), out);
}

/// Signed with the right key, and yet nothing that is ever minted.
fn signed_nonsense(out: &mut Vec<Value>) {
    let flags = |flags: u8| Case::simple().with(|case| case.header.flags = flags);
    let rest = |rest: &[u8]| Case::simple().with(|case| case.rest = rest.to_vec());
    let inside = |rest: &[u8]| Case::to("https://intranet/").with(|case| case.rest = rest.to_vec());
    let host = |host: &str| Case::simple().with(|case| case.segment = host.into());
    for (name, reason, case) in [
        ("reserved place 4", "flags", flags(0b1_0001)),
        ("reserved place 7", "flags", flags(0b1_1101)),
        ("unknown flag 0x20", "flags", flags(0b10_0001)),
        ("unknown flag 0x80", "flags", flags(0b1000_0001)),
        ("flag without `-`", "host-flag", flags(0b11)),
        ("hidden host", "host-place", inside(b"www.shop.example/")),
        ("hidden host with a port", "host-place", inside(b"www.shop.example:8443/")),
        ("no path", "rest", rest(b"a")),
        ("query without a path", "rest", rest(b"?a=b")),
        ("empty user", "rest", rest(b"@/")),
        ("two hosts", "rest", rest(b"user@other.example/")),
        ("no host at all", "rest", inside(b"/")),
        ("user without a host", "rest", inside(b"user@/")),
        ("space", "rest", rest(b"/a b")),
        ("line break", "rest", rest(b"/a\r\nSet-Cookie: a=b")),
        ("NUL", "rest", rest(b"/\0")),
        ("not ASCII", "rest", rest("/日本".as_bytes())),
        ("no UTF-8", "rest", rest(b"/\xff")),
        ("port with a leading zero, signed", "host", host("www.shop.example:08443")),
        ("host in upper case, signed", "host", host("WWW.shop.example")),
        ("empty label in clear, signed", "host", host("www..example")),
        ("the scheme's own port", "destination", host("www.shop.example:443")),
        ("a number for an IPv4 address", "destination", host("1.2")),
        ("backslash in the user", "destination", rest(b"a\\@/")),
        ("hash in the user", "destination", rest(b"a#@/")),
        ("IPv6 address not in short form", "destination", inside(b"[2001:db8:0:0:0:0:0:1]/")),
        ("upper case inside", "destination", inside(b"Intranet/")),
    ] {
        invalid(name, reason, &case, &case.path(), out);
    }
}

fn keys() -> Vec<Value> {
    let ring = Keyring::parse(KEYRING).unwrap();
    let key = |(first, key): (u8, &Key)| {
        let secret = secret(first);
        let of_tenant = |tenant: &TenantId| {
            let hex_of = |purpose| hex(derive(&secret, purpose, *tenant).as_slice());
            json!({
                "tenant": tenant.0, "tag": hex_of(Purpose::Tag), "message": hex_of(Purpose::Message),
                "recipient": hex_of(Purpose::Recipient),
            })
        };
        assert_eq!(key.id(), derive::key_id(&secret));
        json!({
            "secret": hex(&secret), "id": key.id().to_string(), "state": key.state().as_str(), "from": key.from,
            "until": key.until, "derived": TENANTS.iter().map(of_tenant).collect::<Vec<_>>(),
            "continue": hex(derive(&secret, Purpose::Continue, TenantId(0)).as_slice()),
        })
    };
    [SIGNING, OLD, COMPROMISED].into_iter().zip(ring.keys()).map(key).collect()
}

fn hashes() -> (Vec<Value>, Vec<Value>) {
    let ring = Keyring::parse(KEYRING).unwrap();
    let (mut messages, mut recipients) = (Vec::new(), Vec::new());
    for tenant in TENANTS {
        let minter = ring.minter(tenant, moment(NOW)).unwrap();
        for (id, body) in [
            ("", 0),
            ("<1@shop.example>", 0),
            ("<1@shop.example>", 1),
            (" <1@shop.example>\r\n", 1),
            ("<é@shop.example>", 0xff),
        ] {
            let hash = minter.message_hash(id.as_bytes(), &[body; 32]);
            messages.push(json!({"tenant": tenant.0, "message_id": id, "body_sha256": hex(&[body; 32]), "hash": hash}));
        }
        for address in ["a@corp.example", " A@Corp.Example\r\n", "\"a@b\"@CORP.example", "postmaster", ""] {
            let message = MessageHash([7; 8]);
            let hash = minter.recipient_hash(message, address);
            recipients.push(json!({"tenant": tenant.0, "message": message, "address": address, "hash": hash}));
        }
    }
    (messages, recipients)
}

fn nonces() -> Vec<Value> {
    let nonces = Keyring::parse(KEYRING).unwrap().nonces();
    let path = Case::simple().path();
    let (click, expires) = (ClickId(*b"0123456789"), moment(NOW).plus_millis(600_000));
    let nonce = nonces.issue(click, path.as_bytes(), expires);
    vec![json!({"click": hex(&click.0), "expires": expires.secs(), "path": path, "nonce": nonce})]
}

fn tag_input_of(case: &Case) -> String {
    // The recorder stands where the MAC stands, so that the vector shows what is really authenticated.
    let header = case.header.to_bytes();
    let mut bytes = b"sekisho link v1\0".to_vec();
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&(case.segment.len() as u16).to_be_bytes());
    bytes.extend_from_slice(case.segment.as_bytes());
    bytes.extend_from_slice(&(case.rest.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&case.rest);
    let key = || Mac::derived(&secret(case.key), Purpose::Tag, case.header.tenant);
    let (mut whole, mut pieces) = (key(), key());
    whole.update(&bytes);
    tag_input(&mut pieces, &header, case.segment.as_bytes(), case.rest.len());
    pieces.update(&case.rest);
    assert_eq!(whole.finish::<16>(), pieces.finish::<16>());
    hex(&bytes)
}

fn build() -> Value {
    let (messages, recipients) = hashes();
    json!({
        "about": "Test vectors of docs/LINK-FORMAT.md. Times are minutes since 2020-01-01T00:00Z unless said otherwise.",
        "format": "sekisho link v1",
        "keys": keys(),
        "tenants": TENANTS.map(|tenant| tenant.0),
        "tag_input": {"of": "https", "bytes": tag_input_of(&Case::to("https://www.shop.example/"))},
        "messages": messages,
        "recipients": recipients,
        "valid": valid_vectors(),
        "invalid": invalid_vectors(),
        "nonces": nonces(),
    })
}

#[test]
fn the_published_vectors_are_what_this_module_makes() {
    let built = build();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(FILE, serde_json::to_string_pretty(&built).unwrap() + "\n").unwrap();
    }
    let published: Value = serde_json::from_slice(&std::fs::read(FILE).unwrap()).unwrap();
    for (section, vectors) in built.as_object().unwrap() {
        assert_eq!(&published[section], vectors, "{section}: a published link is a promise; see the module's head");
    }
    assert_eq!(published.as_object().map(serde_json::Map::len), built.as_object().map(serde_json::Map::len));
}

#[test]
fn the_minutes_above_are_the_moments_they_say() {
    for (minutes, text) in [
        (THEN, "2024-06-06T00:00:00Z"),
        (LATELY, "2026-11-25T00:00:00Z"),
        (FIRST, "2024-01-01T00:00:00Z"),
        (LAST, "2025-01-01T00:00:00Z"),
    ] {
        assert_eq!(super::moment::text(minutes), text);
    }
    assert_eq!(moment(0), Timestamp::from_secs(1_577_836_800));
}
