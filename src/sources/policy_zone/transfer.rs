use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hickory_resolver::proto::{
    op::{Message, Query, ResponseCode},
    rr::{Name, RData, Record, RecordType, TSigVerifier, TSigner, rdata::tsig::TsigAlgorithm},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{
    rules::MAX_RULES,
    text::{MAX_BYTES, origin},
};
use crate::{base::Timestamp, sources::file};

/// How long a primary may take for each message.
const MESSAGE_TAKES: Duration = Duration::from_secs(20);
/// How long a whole transfer may take.
const ALL_TAKES: Duration = Duration::from_secs(300);
/// Seconds by which the clocks of the two sides may differ (RFC 8945 section 10).
const FUDGE: u16 = 300;
/// Bytes of a key file at most.
const LARGEST_KEY: u64 = 4096;

/// Whom a zone comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Primary {
    /// Where it answers.
    pub address: SocketAddr,
    /// With which key both sides sign.
    pub key: Option<Key>,
}

/// A key for TSIG (RFC 8945), HMAC-SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name, which the primary knows as well.
    pub name: String,
    /// The file with the key in base64.
    pub file: PathBuf,
}

/// What a primary has.
#[derive(Debug)]
pub enum Transferred {
    /// What is known already.
    Same,
    /// Another version: all records, between two of the SOA.
    Records(Vec<Record>),
}

/// Why there is no transfer.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The key.
    #[error("the key in {path} cannot be used: {why}; it holds one line in base64, of the algorithm hmac-sha256", path = path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The name of the zone.
    #[error(transparent)]
    Zone(#[from] super::ReadError),
    /// It cannot be reached, or breaks off.
    #[error("{0} cannot be asked: {1}")]
    Unreachable(SocketAddr, String),
    /// It takes too long.
    #[error("{0} took longer than {1} s")]
    Slow(SocketAddr, u64),
    /// It refuses.
    #[error("{0} answered {1}; does it allow transfers of this zone to this machine, with this key?")]
    Refused(SocketAddr, ResponseCode),
    /// It answers something else.
    #[error("{0} sent no whole zone: {1}")]
    Broken(SocketAddr, &'static str),
    /// Its signature is wrong or missing.
    #[error("what {0} sent is not signed with the key: {1}; is it the same on both sides, and are both clocks right?")]
    Unsigned(SocketAddr, String),
}

/// Asks the primary for the number of the zone and, where it is not `known`, for the zone (AXFR, RFC 5936). Nothing that
/// is not signed counts where there is a key.
///
/// # Errors
/// [`TransferError`]. Half a zone is none.
pub async fn transfer(
    primary: &Primary,
    zone: &str,
    known: Option<u32>,
    now: Timestamp,
) -> Result<Transferred, TransferError> {
    let slow = |_| TransferError::Slow(primary.address, ALL_TAKES.as_secs());
    timeout(ALL_TAKES, run(primary, zone, known, now)).await.map_err(slow)?
}

async fn run(primary: &Primary, zone: &str, known: Option<u32>, now: Timestamp) -> Result<Transferred, TransferError> {
    let (name, signer) = (origin(zone)?, primary.key.as_ref().map(Key::signer).transpose()?);
    let address = primary.address;
    let unreachable = |error: std::io::Error| TransferError::Unreachable(address, error.to_string());
    let connect = timeout(MESSAGE_TAKES, TcpStream::connect(address)).await;
    let stream = connect.map_err(|_| TransferError::Slow(address, MESSAGE_TAKES.as_secs()))?.map_err(unreachable)?;
    let mut line = Line { stream, address, signer, now };

    let (id, mut verifier) = line.ask(&name, RecordType::SOA).await?;
    let answer = line.answer(id, verifier.as_mut()).await?;
    let serial = answer.answers.iter().find_map(|record| match &record.data {
        RData::SOA(soa) if record.name == name => Some(soa.serial),
        _ => None,
    });
    let serial = serial.ok_or(TransferError::Broken(address, "it has no SOA record for the zone"))?;
    if known == Some(serial) {
        return Ok(Transferred::Same);
    }

    let (id, mut verifier) = line.ask(&name, RecordType::AXFR).await?;
    let (mut records, mut bytes): (Vec<Record>, usize) = (Vec::new(), 0);
    loop {
        let message = line.answer(id, verifier.as_mut()).await?;
        bytes += message.bytes;
        if bytes > MAX_BYTES || records.len() > 2 * MAX_RULES {
            return Err(TransferError::Broken(address, "it is larger than anything that is taken"));
        }
        if records.is_empty() && !matches!(message.answers.first(), Some(first) if is_soa(first, &name)) {
            return Err(TransferError::Broken(address, "it does not begin with the SOA record of the zone"));
        }
        if message.answers.is_empty() {
            return Err(TransferError::Broken(address, "a message of it is empty"));
        }
        let before = records.len();
        records.extend(message.answers);
        let ends = records.iter().skip(before.max(1)).position(|record| is_soa(record, &name));
        if let Some(place) = ends {
            if before.max(1) + place + 1 != records.len() {
                return Err(TransferError::Broken(address, "more stands behind its end"));
            }
            return Ok(Transferred::Records(records));
        }
    }
}

fn is_soa(record: &Record, zone: &Name) -> bool {
    record.record_type() == RecordType::SOA && record.name == *zone
}

impl Key {
    fn signer(&self) -> Result<TSigner, TransferError> {
        let wrong = |why: String| TransferError::Key { path: self.file.clone(), why };
        let bytes = file::read(&self.file, LARGEST_KEY).map_err(|error| wrong(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text".into()))?;
        let secret = STANDARD.decode(text.trim()).map_err(|error| wrong(error.to_string()))?;
        if secret.len() < 16 {
            return Err(wrong("it has less than 16 bytes".into()));
        }
        let name = Name::from_ascii(&self.name).map_err(|error| wrong(error.to_string()))?;
        TSigner::new(secret, TsigAlgorithm::HmacSha256, name, FUDGE).map_err(|error| wrong(error.to_string()))
    }
}

/// A connection to a primary.
struct Line {
    stream: TcpStream,
    address: SocketAddr,
    signer: Option<TSigner>,
    now: Timestamp,
}

struct Answer {
    answers: Vec<Record>,
    bytes: usize,
}

impl Line {
    async fn ask(&mut self, zone: &Name, what: RecordType) -> Result<(u16, Option<TSigVerifier>), TransferError> {
        let unreachable = |address, error: &dyn fmt::Display| TransferError::Unreachable(address, error.to_string());
        let mut message = Message::query();
        message.add_query(Query::query(zone.clone(), what));
        let id = message.metadata.id;
        let mut verifier = None;
        if let Some(signer) = &self.signer {
            let seconds = u64::try_from(self.now.secs()).unwrap_or(0);
            let signed = signer.sign_message(&message, seconds);
            let (signature, checks) =
                signed.map_err(|error| TransferError::Unsigned(self.address, error.to_string()))?;
            message.set_signature(signature);
            verifier = checks;
        }
        let bytes = message.to_vec().map_err(|error| unreachable(self.address, &error))?;
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        let mut framed = length.to_vec();
        framed.extend(bytes);
        self.stream.write_all(&framed).await.map_err(|error| unreachable(self.address, &error))?;
        Ok((id, verifier))
    }

    async fn answer(&mut self, id: u16, verifier: Option<&mut TSigVerifier>) -> Result<Answer, TransferError> {
        let address = self.address;
        let read = async {
            let length = usize::from(self.stream.read_u16().await?);
            let mut bytes = vec![0; length];
            self.stream.read_exact(&mut bytes).await?;
            std::io::Result::Ok(bytes)
        };
        let bytes = timeout(MESSAGE_TAKES, read).await;
        let bytes = bytes.map_err(|_| TransferError::Slow(address, MESSAGE_TAKES.as_secs()))?;
        let bytes = bytes.map_err(|error| TransferError::Unreachable(address, error.to_string()))?;
        let message =
            Message::from_vec(&bytes).map_err(|_| TransferError::Broken(address, "a message cannot be read"))?;
        if message.metadata.id != id {
            return Err(TransferError::Broken(address, "a message answers another question"));
        }
        if message.metadata.response_code != ResponseCode::NoError {
            return Err(TransferError::Refused(address, message.metadata.response_code));
        }
        if let Some(verifier) = verifier {
            verifier.verify(&bytes).map_err(|error| TransferError::Unsigned(address, error.to_string()))?;
        }
        Ok(Answer { bytes: bytes.len(), answers: message.answers })
    }
}
