use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::{
    judge::Threat,
    list::prefixes::{BadRice, rice},
};

/// Bytes of one answer with lists at most: some twenty times the lists of today.
pub const MAX_LIST_BYTES: usize = 128 << 20;
/// Bytes of one answer with hashes at most.
const MAX_SEARCH_BYTES: usize = 1 << 20;
/// How long getting lists may take.
const LISTS_TAKE: Duration = Duration::from_secs(120);
/// How long a question about prefixes may take, whether or not a click still waits.
const SEARCH_TAKES: Duration = Duration::from_secs(4);
const CONNECTING_TAKES: Duration = Duration::from_secs(3);

/// The API at one address.
pub struct Api {
    client: reqwest::Client,
    url: String,
    key: Option<String>,
}

/// Why the API said nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// There is no client to ask with.
    #[error("no client can be made for {0}: {1}")]
    Client(String, String),
    /// It cannot be reached, or breaks off.
    #[error("{0} cannot be asked: {1}")]
    Unreachable(String, String),
    /// It refuses.
    #[error("{0} answered {1}{hint}", hint = hint(*.1))]
    Status(String, u16),
    /// It says more than anybody takes.
    #[error("{0} answered with more than {1} bytes")]
    TooLong(String, usize),
    /// It says something else.
    #[error("{0} answered something else than it should: {1}")]
    Nonsense(String, String),
}

fn hint(status: u16) -> &'static str {
    match status {
        400 | 401 | 403 => "; is the key in `key_file` right, and the API switched on for it?",
        404 => "; is `url` right? It has no path",
        429 => ": more was asked than the key allows",
        _ => "",
    }
}

/// A list as an update brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What to send with the next request.
    pub version: Vec<u8>,
    /// Whether it changes what is there; it stands in its place otherwise.
    pub is_partial: bool,
    /// Places of entries that go.
    pub removals: Vec<u32>,
    /// Entries that come.
    pub additions: Vec<u32>,
    /// The checksum of what comes out; none where nothing changed.
    pub checksum: Option<[u8; 32]>,
    /// How long to wait before the next request.
    pub wait: Duration,
}

/// Whole hashes for some prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Told {
    pub(super) hashes: Vec<([u8; 32], Vec<Threat>)>,
    pub(super) counts_for: Duration,
}

impl Told {
    /// What a hash was found to be.
    pub(super) fn of(&self, hash: &[u8; 32]) -> Vec<Threat> {
        let of = self.hashes.iter().filter(|(whole, _)| whole == hash);
        of.flat_map(|(_, threats)| threats).copied().collect()
    }
}

impl Api {
    /// The API at `url`, with the key that it wants.
    ///
    /// # Errors
    /// [`ApiError::Client`].
    pub fn new(url: &str, key: Option<String>) -> Result<Self, ApiError> {
        let built = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECTING_TAKES)
            .pool_max_idle_per_host(4)
            .user_agent(concat!("sekisho/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = built.map_err(|error| ApiError::Client(url.to_owned(), chain(&error)))?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), key })
    }

    /// The lists of these names, as they changed since these versions.
    ///
    /// # Errors
    /// [`ApiError`]; a list that cannot be read fails them all.
    pub async fn lists(&self, lists: &[(String, Vec<u8>)]) -> Result<Vec<Wanted>, ApiError> {
        let mut query: Vec<(&str, String)> = lists.iter().map(|(name, _)| ("names", name.clone())).collect();
        let known = lists.iter().filter(|(_, version)| !version.is_empty());
        query.extend(known.map(|(_, version)| ("version", STANDARD.encode(version))));
        let answer = self.get("hashLists:batchGet", &query, LISTS_TAKE, MAX_LIST_BYTES).await?;
        let answer: Lists = self.read(&answer)?;
        answer.hash_lists.into_iter().map(|list| list.read().map_err(|why| self.nonsense(why))).collect()
    }

    /// The whole hashes that begin with these prefixes.
    pub(super) async fn search(&self, prefixes: &[u32]) -> Result<Told, ApiError> {
        let encoded = prefixes.iter().map(|prefix| ("hashPrefixes", STANDARD.encode(prefix.to_be_bytes())));
        let query: Vec<(&str, String)> = encoded.collect();
        let answer = self.get("hashes:search", &query, SEARCH_TAKES, MAX_SEARCH_BYTES).await?;
        let answer: Search = self.read(&answer)?;
        let counts_for = duration(answer.cache_duration.as_deref()).map_err(|why| self.nonsense(why))?;
        let hashes = answer.full_hashes.into_iter().map(|hash| hash.read().map_err(|why| self.nonsense(why)));
        Ok(Told { hashes: hashes.collect::<Result<_, _>>()?, counts_for })
    }

    async fn get(
        &self,
        method: &str,
        query: &[(&str, String)],
        limit: Duration,
        most: usize,
    ) -> Result<Vec<u8>, ApiError> {
        let unreachable = |error: reqwest::Error| ApiError::Unreachable(self.url.clone(), chain(&error.without_url()));
        let mut url = format!("{}/v5/{method}?alt=json", self.url);
        for (name, value) in query {
            // Names and base64 have three characters that mean something else in a query.
            let value = value.replace('%', "%25").replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
            url += &format!("&{name}={value}");
        }
        let mut request = self.client.get(url).timeout(limit);
        if let Some(key) = &self.key {
            // In a header, so that it stands in no log of addresses.
            request = request.header("x-goog-api-key", key);
        }
        let mut answer = request.send().await.map_err(unreachable)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(ApiError::Status(self.url.clone(), answer.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > most {
                return Err(ApiError::TooLong(self.url.clone(), most));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn read<'a, T: Deserialize<'a>>(&self, bytes: &'a [u8]) -> Result<T, ApiError> {
        serde_json::from_slice(bytes).map_err(|error| self.nonsense(error.to_string()))
    }

    fn nonsense(&self, why: impl fmt::Display) -> ApiError {
        ApiError::Nonsense(self.url.clone(), why.to_string())
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("url", &self.url).finish_non_exhaustive()
    }
}

/// An error with what lies under it, which is where it says what happened.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut under = error.source();
    while let Some(error) = under {
        text += &format!(": {error}");
        under = error.source();
    }
    text
}

/// Why an answer cannot be read.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("{0}")]
    Rice(#[from] BadRice),
    #[error("{0} is not in base64")]
    Base64(&'static str),
    #[error("{0} has not 32 bytes")]
    Length(&'static str),
    #[error("{0:?} is no duration")]
    Duration(String),
    #[error("the list {0:?} has no prefixes of four bytes")]
    OtherLength(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lists {
    #[serde(default)]
    hash_lists: Vec<HashList>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HashList {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    partial_update: bool,
    compressed_removals: Option<Coded>,
    additions_four_bytes: Option<Coded>,
    #[serde(flatten)]
    others: OtherAdditions,
    minimum_wait_duration: Option<String>,
    sha256_checksum: Option<String>,
}

/// Additions of other lengths, which no list has that is asked for here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OtherAdditions {
    additions_eight_bytes: Option<serde::de::IgnoredAny>,
    additions_sixteen_bytes: Option<serde::de::IgnoredAny>,
    additions_thirty_two_bytes: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Coded {
    #[serde(default)]
    first_value: u32,
    #[serde(default)]
    rice_parameter: i64,
    #[serde(default)]
    entries_count: i64,
    #[serde(default)]
    encoded_data: String,
}

impl Coded {
    fn read(&self) -> Result<Vec<u32>, Wrong> {
        let data = base64("encodedData", &self.encoded_data)?;
        Ok(rice(self.first_value, self.rice_parameter, self.entries_count, &data)?)
    }
}

impl HashList {
    fn read(self) -> Result<Wanted, Wrong> {
        let OtherAdditions { additions_eight_bytes: a, additions_sixteen_bytes: b, additions_thirty_two_bytes: c } =
            &self.others;
        if a.is_some() || b.is_some() || c.is_some() {
            return Err(Wrong::OtherLength(self.name));
        }
        let numbers = |coded: Option<Coded>| coded.map_or_else(|| Ok(Vec::new()), |coded| coded.read());
        let checksum = self.sha256_checksum.filter(|text| !text.is_empty());
        Ok(Wanted {
            version: base64("version", &self.version)?,
            is_partial: self.partial_update,
            removals: numbers(self.compressed_removals)?,
            additions: numbers(self.additions_four_bytes)?,
            checksum: checksum.map(|text| whole("sha256Checksum", &text)).transpose()?,
            wait: duration(self.minimum_wait_duration.as_deref())?,
            name: self.name,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    #[serde(default)]
    full_hashes: Vec<FullHash>,
    cache_duration: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FullHash {
    full_hash: String,
    #[serde(default)]
    full_hash_details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default)]
    threat_type: String,
    #[serde(default)]
    attributes: Vec<String>,
}

impl FullHash {
    fn read(self) -> Result<([u8; 32], Vec<Threat>), Wrong> {
        let threats = self.full_hash_details.iter().filter_map(Detail::threat);
        Ok((whole("fullHash", &self.full_hash)?, threats.collect()))
    }
}

impl Detail {
    /// What it says. One with a type or an attribute that nobody knows is passed over whole, as the protocol asks; one
    /// that must not be acted on, or is about frames alone, says nothing of where a click leads.
    fn threat(&self) -> Option<Threat> {
        if !self.attributes.is_empty() {
            return None;
        }
        match self.threat_type.as_str() {
            "SOCIAL_ENGINEERING" => Some(Threat::Phishing),
            "MALWARE" | "UNWANTED_SOFTWARE" | "POTENTIALLY_HARMFUL_APPLICATION" => Some(Threat::Malware),
            _ => None,
        }
    }
}

fn base64(what: &'static str, text: &str) -> Result<Vec<u8>, Wrong> {
    // The alphabet for addresses is allowed in JSON as well.
    let text = text.replace('-', "+").replace('_', "/");
    STANDARD.decode(&text).map_err(|_| Wrong::Base64(what))
}

fn whole(what: &'static str, text: &str) -> Result<[u8; 32], Wrong> {
    base64(what, text)?.try_into().map_err(|_| Wrong::Length(what))
}

/// `300s`, `1.5s`; nothing is no time at all.
fn duration(text: Option<&str>) -> Result<Duration, Wrong> {
    let Some(text) = text else { return Ok(Duration::ZERO) };
    let secs = text.strip_suffix('s').and_then(|number| number.parse::<f64>().ok());
    secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok()).ok_or_else(|| Wrong::Duration(text.to_owned()))
}
