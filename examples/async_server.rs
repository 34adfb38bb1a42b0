//! A server of messages on loopback: whoever connects sends a message and closes its side, and gets it back with signed
//! links. Rewriting is computing, so it runs beside the tasks that wait for bytes: at most as many messages at once as
//! there are permits, none larger than a cap, and none slower than a deadline.
//!
//! `cargo run --example async_server -- sekisho-data/keyring.toml`, then `nc -N 127.0.0.1 8025 < letter.eml`
#![allow(clippy::print_stderr, clippy::disallowed_methods)]

use std::{io, sync::Arc, time::Duration};

use sekisho::base::{TenantId, Timestamp};
use sekisho::link::{Keyring, LinkBase};
use sekisho::rewrite::{Envelope, Policy, Rewriter};
use sekisho::url::Suffixes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

const LARGEST: usize = 64 << 20;
const DEADLINE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut arguments = std::env::args().skip(1);
    let keyring = Keyring::parse(&std::fs::read_to_string(arguments.next().ok_or("name the keyring")?)?)?;
    runtime.block_on(serve(&keyring, arguments.next().as_deref().unwrap_or("127.0.0.1:8025")))
}

async fn serve(keyring: &Keyring, address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let now = now()?;
    let (minter, opener) = (keyring.minter(TenantId(1), now)?, keyring.opener(&[TenantId(1)]));
    let base = LinkBase::parse("https://go.corp.example")?;
    let rewriter = Arc::new(Rewriter::new(minter, opener, base, Arc::new(Suffixes::builtin()), Policy::default()));

    let at_once = Arc::new(Semaphore::new(std::thread::available_parallelism()?.get()));
    let listener = TcpListener::bind(address).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    loop {
        let (client, _) = listener.accept().await?;
        // Who waits for a permit waits before a byte is read: messages do not pile up in memory.
        let permit = Arc::clone(&at_once).acquire_owned().await?;
        let rewriter = Arc::clone(&rewriter);
        tokio::spawn(async move {
            match tokio::time::timeout(DEADLINE, answer(client, rewriter)).await {
                Ok(Err(error)) => eprintln!("refused: {error}"),
                Err(_) => eprintln!("refused: too slow"),
                Ok(Ok(())) => {}
            }
            drop(permit);
        });
    }
}

async fn answer(client: TcpStream, rewriter: Arc<Rewriter>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let message = read(&client).await?;
    let now = now()?;
    // The one line that matters: away from the threads that serve everybody.
    let rewritten = tokio::task::spawn_blocking(move || rewriter.rewrite(&message, &Envelope { recipient: None }, now));
    write(&client, &rewritten.await??.message).await?;
    Ok(())
}

async fn read(client: &TcpStream) -> io::Result<Vec<u8>> {
    let (mut message, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
    loop {
        client.readable().await?;
        match client.try_read(&mut buffer) {
            Ok(0) => return Ok(message),
            Ok(read) if message.len() + read > LARGEST => return Err(io::ErrorKind::FileTooLarge.into()),
            Ok(read) => message.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write(client: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        client.writable().await?;
        match client.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn now() -> Result<Timestamp, std::time::SystemTimeError> {
    Ok(Timestamp::from_secs(std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_secs() as i64))
}
