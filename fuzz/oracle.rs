//! What must hold of any bytes, target by target. The fuzz targets call it, and so does the test that runs the samples
//! and old findings (`tests/it/fuzz.rs`).
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use sekisho::{
    base::{Edit, Span, TenantId, Timestamp, apply},
    link::{self, Keyring, LinkBase, Opener},
    list::{
        Context, ListAction,
        import::{Format, How, Names as HostNames, Row, guess, import},
        parse,
        prefixes::{Prefixes, rice as read_rice},
    },
    look::{Around, Body, Lore, MAX_MARKS, examine, onward},
    message::{Limits, Role, normal, split_as, views},
    rewrite::{Done, Envelope, Policy, Rewriter, Rewritten},
    url::{Names, Suffixes},
};

const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
const TENANT: TenantId = TenantId(1);
const BASE: &str = "https://go.corp.example";

/// Bytes of one input that are looked at.
const LONGEST: usize = 64 * 1024;

struct House {
    rewriter: Rewriter,
    opener: Opener,
}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let ring = Keyring::generate([7; 32], NOW);
    let opener = ring.opener(&[TENANT]);
    let base = LinkBase::parse(BASE).unwrap();
    let suffixes = Arc::new(Suffixes::builtin());
    let minter = ring.minter(TENANT, NOW).unwrap();
    House { rewriter: Rewriter::new(minter, opener.clone(), base, suffixes, Policy::default()), opener }
});

static NAMES: LazyLock<Names> = LazyLock::new(Names::builtin);
static LORE: LazyLock<Lore> = LazyLock::new(Lore::builtin);
static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

fn short(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(LONGEST)]
}

/// Every byte lies somewhere, parts lie in their parents, and all readers of the normal form read the same.
pub(crate) fn split(bytes: &[u8]) {
    let raw = short(bytes);
    let limits = Limits::default();
    let structure = sekisho::message::split(raw, &limits);
    for part in &structure.parts {
        assert!(part.header.end() <= part.body.start() && part.body.end() <= raw.len());
        let around = part.parent.map(|parent| &structure.parts[parent]);
        assert!(around.is_none_or(|around| around.body.start() <= part.header.start() && part.body.end() <= around.body.end()));
    }
    for view in views(&structure.ambiguities) {
        split_as(&view.bytes(raw), &limits, view);
    }
    if !structure.limits_hit.is_empty() {
        return;
    }
    let written = normal(raw, &structure, &limits);
    let again = sekisho::message::split(&written, &limits);
    let leaves = |raw: &[u8], structure: &sekisho::message::Structure| -> Vec<(String, String)> {
        let leaf = |part: &&sekisho::message::Part| part.role == Role::Leaf && part.media.kind == "text";
        let text = |part: &sekisho::message::Part| part.open(raw, &limits).unwrap().text().to_owned();
        let plain = |text: String| text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned();
        structure.parts.iter().filter(leaf).map(|part| (part.media.to_string(), plain(text(part)))).collect()
    };
    let encoded = structure.parts.iter().any(|part| part.role == Role::Multipart && !part.transfer.is_identity());
    if !encoded {
        let (before, after) = (leaves(raw, &structure), leaves(&written, &again));
        // What nothing delimits becomes a text of its own.
        assert!(before.len() <= after.len(), "{}", String::from_utf8_lossy(&written));
    }
}

/// Encodings and charsets are undone, and an edit put through them is what is read afterwards.
pub(crate) fn decode(bytes: &[u8]) {
    const TRANSFERS: [&str; 6] = ["7bit", "8bit", "quoted-printable", "base64", "x-uuencode", "other"];
    const CHARSETS: [&str; 14] = [
        "utf-8",
        "us-ascii",
        "windows-1252",
        "iso-2022-jp",
        "shift_jis",
        "euc-jp",
        "gbk",
        "big5",
        "euc-kr",
        "utf-16",
        "utf-16be",
        "utf-7",
        "koi8-r",
        "x-none",
    ];
    let [transfer, charset, kind, body @ ..] = short(bytes) else { return };
    let transfer = TRANSFERS[usize::from(*transfer) % TRANSFERS.len()];
    let charset = CHARSETS[usize::from(*charset) % CHARSETS.len()];
    let subtype = ["plain", "html"][usize::from(*kind) % 2];
    let head = format!(
        "MIME-Version: 1.0\r\nContent-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n"
    );
    let raw = [head.as_bytes(), body].concat();
    let limits = Limits::default();
    let structure = sekisho::message::split(&raw, &limits);
    let part = &structure.parts[0];
    let opened = part.open(&raw, &limits).unwrap();
    part.other_texts(part.body.of(&raw), part.transfer);
    let text = opened.text();
    let middle = text.floor_char_boundary(text.len() / 2);
    let edits = [Edit::new(Span::new(middle, middle), "https://go.corp.example/x")];
    let wanted = apply(text.as_bytes(), &edits).unwrap();
    for carried in [opened.carry(&raw, &edits), opened.carry_whole(&raw, &edits)] {
        let message = apply(&raw, &carried.unwrap().edits).unwrap();
        let structure = sekisho::message::split(&message, &limits);
        let read = structure.parts[0].open(&message, &limits).unwrap();
        assert_eq!(read.text().as_bytes(), wanted);
    }
}

fn part(media: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: a@example.com\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: {media}\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A page.
pub(crate) fn html(bytes: &[u8]) {
    laws(&part("text/html; charset=utf-8", short(bytes)));
}

/// A text; flowed, enriched or marked up as the first byte says.
pub(crate) fn text(bytes: &[u8]) {
    const KINDS: [&str; 4] = ["plain", "plain; format=flowed; delsp=yes", "enriched", "markdown"];
    let [kind, body @ ..] = short(bytes) else { return };
    laws(&part(&format!("text/{}", KINDS[usize::from(*kind) % KINDS.len()]), body));
}

/// A calendar.
pub(crate) fn calendar(bytes: &[u8]) {
    laws(&part("text/calendar; charset=utf-8", short(bytes)));
}

/// A path that came in with a click.
pub(crate) fn link(bytes: &[u8]) {
    let opened = HOUSE.opener.open(bytes, &[TENANT], NOW);
    if let Ok(found) = opened {
        let told = link::decode(&[BASE.as_bytes(), bytes].concat()).expect("what opens can be told");
        assert_eq!(told.destination, found.into_inner().destination);
    }
    if let Ok(told) = link::decode(bytes) {
        let _ = sekisho::url::single_use(&told.destination);
    }
}

/// A list: in our own grammar, or in the format that the first byte says. What is taken is an entry of the grammar, and
/// what it is written as means the same.
pub(crate) fn list(bytes: &[u8]) {
    let [format, text @ ..] = short(bytes) else { return };
    let suffixes = &*SUFFIXES;
    let context = Context { suffixes, own_hosts: &[], never_block: None };
    guess(text);
    let (own, _) = parse("x", text, &context);
    for entry in &own.entries {
        let (again, bad) = parse("x", format!("@action {}\n{entry}", own.action), &context);
        assert_eq!((again.entries.first().map(|entry| &entry.scope), bad.len()), (Some(&entry.scope), 0), "{entry}");
    }
    let (_, format) = Format::NAMES[usize::from(*format) % Format::NAMES.len()];
    let how = How { context: &context, action: ListAction::Block, names: HostNames::Domains, key: None };
    let _ = import(text, format, &how, &mut |row| match row {
        Row::Taken(taken) => {
            let (again, bad) = parse("x", taken.entry.to_string(), &context);
            let same = again.entries.first().is_some_and(|entry| entry.scope == taken.entry.scope);
            assert!(same && bad.is_empty(), "{format}: {} {bad:?}", taken.entry);
        }
        Row::Refused(refused) => assert!(!refused.to_string().is_empty() && !refused.cause.remedy().is_empty()),
    });
}

/// A page or a file to which a link leads; the first byte says as what it is declared. Whatever it is, the marks are few,
/// short and without control characters, and they add up.
pub(crate) fn look(bytes: &[u8]) {
    const TYPES: [Option<&str>; 6] = [
        None,
        Some("text/html"),
        Some("text/html; charset=shift_jis"),
        Some("image/svg+xml"),
        Some("application/pdf"),
        Some("text/plain"),
    ];
    let [declared, body @ ..] = short(bytes) else { return };
    let url = sekisho::url::parse("https://files.corp.example/a/report.pdf").unwrap();
    let body = Body {
        url: &url,
        status: if *declared & 0x80 == 0 { 200 } else { 403 },
        content_type: TYPES[usize::from(*declared) % TYPES.len()],
        disposition: (*declared & 0x40 != 0).then_some("attachment; filename=\"a.js\""),
        bytes: body,
        is_cut: *declared & 0x20 != 0,
    };
    let around = Around { suffixes: &SUFFIXES, names: &NAMES, lore: &LORE, icon: None };
    let looked = examine(&body, &around);
    assert!(looked.marks.len() <= MAX_MARKS);
    assert_eq!(looked.score, looked.marks.iter().map(|mark| mark.weight).sum::<u32>());
    for mark in &looked.marks {
        assert!(mark.evidence.len() <= 1024 && !mark.evidence.contains(char::is_control), "{mark:?}");
    }
    assert_eq!(looked.sha256.is_some(), !body.is_cut);
    assert_eq!(examine(&body, &around), looked);
    if let Some(next) = onward(&body) {
        assert!(sekisho::url::parse(next.as_str()).is_ok_and(|again| again == next));
    }
}

/// Numbers as a server of hash prefixes sends them: a first one, a parameter, a count and bits. What is read is in order and
/// is written in no other way, and as places of entries that go it is a change of a list or refused.
pub(crate) fn rice(bytes: &[u8]) {
    let [a, b, c, d, parameter, count, data @ ..] = short(bytes) else { return };
    let (first, parameter, count) = (u32::from_be_bytes([*a, *b, *c, *d]), i64::from(*parameter), i64::from(*count));
    let Ok(numbers) = read_rice(first, parameter, count, data) else { return };
    assert!(numbers.is_sorted() && numbers.len() as i64 == count + 1 && numbers[0] == first);
    if count > 0 {
        let mut bits = Vec::new();
        for pair in numbers.windows(2) {
            let step = pair[1] - pair[0];
            bits.extend(std::iter::repeat_n(true, (step >> parameter) as usize));
            bits.push(false);
            bits.extend((0..parameter).map(|place| step >> place & 1 == 1));
        }
        let written = bits.iter().enumerate().all(|(at, bit)| (data[at / 8] >> (at % 8) & 1 == 1) == *bit);
        assert!(written, "{numbers:?}");
    }
    let list = Prefixes::from_bytes(&(0..300_u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>()).unwrap();
    let left: Vec<u8> = (0..300_u32).filter(|number| !numbers.contains(number)).flat_map(u32::to_be_bytes).collect();
    let left = Prefixes::from_bytes(&left).unwrap();
    let fits = numbers.last().is_some_and(|last| *last < 300) && numbers.windows(2).all(|pair| pair[0] < pair[1]);
    assert_eq!(list.updated(&numbers, &[], &left.checksum()).ok(), fits.then_some(left));
}

/// A whole message.
pub(crate) fn message(bytes: &[u8]) {
    laws(short(bytes));
}

/// The laws of the rewriter.
fn laws(raw: &[u8]) {
    let house = &*HOUSE;
    let envelope = Envelope { recipient: Some("user@corp.example") };
    // 4: a message is never lost. What cannot be taken apart is refused, which keeps it.
    let Ok(once) = house.rewriter.rewrite(raw, &envelope, NOW) else { return };
    nothing_else_moves(raw, &once);
    same_destination(&once);
    // 2 and 5: what is left to find in the result is nothing, and so twice is once.
    let twice = house.rewriter.rewrite(&once.message, &envelope, NOW).unwrap();
    assert_eq!(twice.report.counts.wrapped, 0, "{:?}", twice.report.links);
    assert_eq!(twice.report.counts.defanged, 0, "{:?}", twice.report.links);
    assert!(twice.message == once.message, "{:?}\n{:?}", twice.report.changes, String::from_utf8_lossy(&once.message));
    // 5: and back.
    let back = house.rewriter.restore(&once.message, NOW).unwrap();
    let destinations =
        |rows: &[sekisho::rewrite::ReportedLink], wanted: fn(Done) -> bool| -> BTreeSet<Option<String>> {
            rows.iter().filter(|row| wanted(row.done)).map(|row| row.destination.clone()).collect()
        };
    let wrapped = destinations(&once.report.links, |done| matches!(done, Done::Wrapped | Done::AlreadyOurs));
    let restored = destinations(&back.report.links, |done| done == Done::Restored);
    assert_eq!(restored, wrapped);
}

/// 1: between two changes the bytes are the same.
fn nothing_else_moves(raw: &[u8], once: &Rewritten) {
    let (mut from, mut to) = (0, 0);
    for change in &once.report.changes {
        let kept = change.at.checked_sub(from).expect("changes in order");
        assert_eq!(raw.get(from..change.at), once.message.get(to..to + kept));
        from = change.at + change.removed;
        to += kept + change.inserted;
    }
    assert_eq!(raw.get(from..), once.message.get(to..));
}

/// 3: a link opens to what the report says that it leads to.
fn same_destination(once: &Rewritten) {
    for row in once.report.links.iter().filter(|row| row.done == Done::Wrapped) {
        let path = row.link.as_deref().and_then(|link| link.strip_prefix(BASE)).expect("a link of ours");
        let found = HOUSE.opener.open(path.as_bytes(), &[TENANT], NOW).expect("a link that opens").into_inner();
        assert_eq!(Some(found.destination.as_str()), row.destination.as_deref());
    }
}

/// Whatever a mail system says, a message that is answered as it came is told to it without a change; and where the bytes
/// are cut makes no difference.
#[cfg(feature = "server")]
pub(crate) fn milter(bytes: &[u8]) {
    use sekisho::mail::milter::{Command, Draft, Frame, Session, Step, changes};
    fn drafts(pieces: &[&[u8]]) -> Vec<Draft> {
        let (mut session, mut read, mut drafts) = (Session::new(LONGEST, true), Vec::new(), Vec::new());
        for piece in pieces {
            read.extend_from_slice(piece);
            while let Ok(Some((frame, length))) = Frame::first(&read) {
                let command = Command::of(frame);
                let step = command.map(|command| session.take(command, &|address| address.is_loopback()));
                match step {
                    Ok(Ok(Step::Examine(draft))) => drafts.push(*draft),
                    Ok(Ok(Step::End)) | Ok(Err(_)) | Err(_) => return drafts,
                    Ok(Ok(_)) => {}
                }
                read.drain(..length);
            }
        }
        drafts
    }
    let bytes = short(bytes);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let whole = drafts(&[bytes]);
    assert_eq!(whole, drafts(&[first, second]));
    for draft in whole.iter().filter(|draft| !draft.too_large) {
        if let Ok(changes) = changes(draft, &draft.letter.raw) {
            assert!(changes.header.is_empty() && changes.body.is_empty(), "{changes:?}");
        }
    }
}

/// A command is understood or refused, and a message ends at the same place wherever its bytes are cut.
#[cfg(feature = "server")]
pub(crate) fn filter(bytes: &[u8]) {
    use sekisho::mail::filter::{Command, Data};
    let bytes = short(bytes);
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(Command::Mail(path) | Command::Recipient(path)) = Command::parse(line) {
            assert!(!path.address.contains(['\r', '\n']), "{path:?}");
        }
    }
    let read = |size: usize| {
        let (mut data, mut used) = (Data::new(LONGEST), 0);
        for piece in bytes.chunks(size.max(1)) {
            match data.take(piece) {
                Some(last) => return Some((used + last, data.is_bare(), data.into_message())),
                None => used += piece.len(),
            }
        }
        None
    };
    let whole = read(bytes.len());
    assert_eq!(whole, read(7));
    if let Some((used, _, message)) = whole {
        assert!(bytes[..used].ends_with(b".\r\n") && message.len() <= used);
    }
}

/// A field of results is read or refused, what is read is written so that it is read again, and of a message nothing goes but
/// whole fields in our name.
#[cfg(feature = "server")]
pub(crate) fn results(bytes: &[u8]) {
    use sekisho::auth::{NAME, ResultsField, path, without_forged};
    let bytes = short(bytes);
    if let Some(field) = ResultsField::parse(bytes) {
        let again = ResultsField::parse(field.value().as_bytes()).expect("what is written can be read");
        assert_eq!(again.checks.len(), field.checks.len());
    }
    path(bytes);
    let (ours, other) = (format!("{NAME}: mx.corp.example; spf=pass\r\n").into_bytes(), b"A: b\r\n".to_vec());
    let without = |raw: &[u8]| without_forged(raw, "mx.corp.example").into_owned();
    assert!(without(bytes).len() <= bytes.len());
    // Whatever follows may be more of the field before it.
    assert_eq!(without(&[&ours, &other, bytes].concat()), without(&[&other, bytes].concat()));
}
