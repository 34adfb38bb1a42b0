//! A server of hash-prefix lists, written to the published protocol (Safe Browsing, version 5) and to nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread::JoinHandle,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What it holds and does; tests change it while it runs.
pub(crate) struct Holds {
    /// Lists by name, each with all of its states so far.
    pub(crate) lists: BTreeMap<String, Vec<BTreeSet<u32>>>,
    /// Whole hashes with the type of threat and attributes.
    pub(crate) hashes: Vec<([u8; 32], String, Vec<String>)>,
    pub(crate) wait: String,
    pub(crate) cache: String,
    /// The status of every answer.
    pub(crate) status: u16,
    /// In place of the checksum of a list.
    pub(crate) checksum: Option<[u8; 32]>,
    /// Whether lists of another length are sent.
    pub(crate) eight: bool,
    /// The first line of every request and the key that came with it.
    pub(crate) requests: Vec<(String, Option<String>)>,
}

pub(crate) struct HashServer {
    pub(crate) url: String,
    holds: Arc<Mutex<Holds>>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

pub(crate) fn prefix(text: &str) -> u32 {
    u32::from_be_bytes(hash(text)[..4].try_into().unwrap())
}

impl HashServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let holds = Arc::new(Mutex::new(Holds {
            lists: BTreeMap::new(),
            hashes: Vec::new(),
            wait: "1800s".into(),
            cache: "300s".into(),
            status: 200,
            checksum: None,
            eight: false,
            requests: Vec::new(),
        }));
        let shared = Arc::clone(&holds);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if !answer(stream.unwrap(), &shared) {
                    return;
                }
            }
        });
        Self { url, holds, thread: Some(thread) }
    }

    pub(crate) fn holds(&self) -> MutexGuard<'_, Holds> {
        self.holds.lock().unwrap()
    }

    /// The list of this name is from now on: prefixes of the hashes of these texts.
    pub(crate) fn list(&self, name: &str, texts: &[&str]) {
        let state = texts.iter().map(|text| prefix(text)).collect();
        self.holds().lists.entry(name.to_owned()).or_default().push(state);
    }

    /// The whole hash of this text is known for this.
    pub(crate) fn knows(&self, text: &str, threat: &str, attributes: &[&str]) {
        let attributes = attributes.iter().map(|word| (*word).to_owned()).collect();
        self.holds().hashes.push((hash(text), threat.to_owned(), attributes));
    }

    /// How often this method was called.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.holds().requests.iter().filter(|(line, _)| line.contains(method)).count()
    }
}

impl Drop for HashServer {
    fn drop(&mut self) {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(b"END\r\n\r\n").unwrap();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Answers one request; whether to go on.
fn answer(stream: TcpStream, holds: &Mutex<Holds>) -> bool {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return true };
    if first == "END" {
        return false;
    }
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let key = headers.iter().find_map(|line| line.strip_prefix("x-goog-api-key: "));
    let mut holds = holds.lock().unwrap();
    holds.requests.push((first.clone(), key.map(str::to_owned)));
    let target = first.split(' ').nth(1).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), unescaped(value)))
        .collect();
    let body = match path {
        "/v5/hashLists:batchGet" => holds.lists(&query),
        "/v5/hashes:search" => holds.search(&query),
        _ => panic!("no such method: {first}"),
    };
    assert!(query.contains(&("alt".to_owned(), "json".to_owned())));
    let body = body.to_string();
    let head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", holds.status, body.len());
    // Who hung up needs no answer.
    let _ = (&stream).write_all((head + &body).as_bytes());
    true
}

fn unescaped(text: &str) -> String {
    text.replace("%2B", "+").replace("%3D", "=").replace("%26", "&").replace("%25", "%")
}

impl Holds {
    fn lists(&self, query: &[(String, String)]) -> Value {
        let all = |name: &str| {
            query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let versions: Vec<String> =
            all("version").iter().map(|text| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()).collect();
        let lists = all("names").into_iter().filter_map(|name| {
            let states = self.lists.get(&name)?;
            let now = states.last().unwrap();
            let sum: Vec<u8> = now.iter().flat_map(|number| number.to_be_bytes()).collect();
            let sum = self.checksum.unwrap_or_else(|| Sha256::digest(sum).into());
            let known =
                versions.iter().find_map(|version| version.strip_prefix(&format!("{name}/"))?.parse::<usize>().ok());
            let mut list = json!({
                "name": name,
                "version": STANDARD.encode(format!("{name}/{}", states.len() - 1)),
                "minimumWaitDuration": self.wait,
                "metadata": { "new": "fields are passed over" },
            });
            let before = known.map(|known| &states[known]);
            let empty = BTreeSet::new();
            let added: Vec<u32> = now.difference(before.unwrap_or(&empty)).copied().collect();
            let gone: Vec<u32> = before
                .into_iter()
                .flatten()
                .enumerate()
                .filter(|(_, number)| !now.contains(number))
                .map(|(place, _)| u32::try_from(place).unwrap())
                .collect();
            if before.is_some() {
                list["partialUpdate"] = true.into();
            }
            if before.is_none_or(|before| before != now) {
                list["sha256Checksum"] = STANDARD.encode(sum).into();
            }
            if !added.is_empty() {
                list[if self.eight { "additionsEightBytes" } else { "additionsFourBytes" }] = coded(&added, 28);
            }
            if !gone.is_empty() {
                list["compressedRemovals"] = coded(&gone, 3);
            }
            Some(list)
        });
        json!({ "hashLists": lists.collect::<Vec<_>>() })
    }

    fn search(&self, query: &[(String, String)]) -> Value {
        let asked: Vec<Vec<u8>> = query
            .iter()
            .filter(|(key, _)| key == "hashPrefixes")
            .map(|(_, value)| STANDARD.decode(value).unwrap())
            .collect();
        assert!(!asked.is_empty() && asked.len() <= 30 && asked.iter().all(|prefix| prefix.len() == 4));
        let found = self.hashes.iter().filter(|(hash, ..)| asked.iter().any(|prefix| hash.starts_with(prefix)));
        let full = found.map(|(hash, threat, attributes)| {
            json!({
                "fullHash": STANDARD.encode(hash),
                "fullHashDetails": [{ "threatType": threat, "attributes": attributes }],
            })
        });
        json!({ "fullHashes": full.collect::<Vec<_>>(), "cacheDuration": self.cache })
    }
}

/// Golomb-Rice with this parameter, as the protocol's documentation has it.
fn coded(numbers: &[u32], parameter: u32) -> Value {
    let mut bits = String::new();
    for pair in numbers.windows(2) {
        let step = pair[1] - pair[0];
        bits += &"1".repeat((step >> parameter) as usize);
        bits.push('0');
        for place in 0..parameter {
            bits.push(if step >> place & 1 == 1 { '1' } else { '0' });
        }
    }
    let byte = |eight: &[u8]| eight.iter().rev().fold(0, |byte: u8, bit| byte << 1 | (bit - b'0'));
    let data: Vec<u8> = bits.as_bytes().chunks(8).map(byte).collect();
    json!({
        "firstValue": numbers[0],
        "riceParameter": parameter,
        "entriesCount": numbers.len() - 1,
        "encodedData": STANDARD.encode(data),
    })
}
