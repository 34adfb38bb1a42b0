use std::net::IpAddr;

use bytes::{Bytes, BytesMut};
use ppp::{HeaderResult, PartialResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest PROXY header that is read: the addresses, and what a load balancer may add about its TLS.
const LONGEST: usize = 4096;
/// How version 1 begins, and how long its line may be.
const VERSION_1: &[u8] = b"PROXY ";
const LINE: usize = 107;

/// What a load balancer says of a connection before it hands it on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Introduction {
    /// Who stands behind the load balancer; `None` where it speaks for itself.
    pub(super) client: Option<IpAddr>,
    /// What was read beyond the header.
    pub(super) ahead: Bytes,
}

/// Why there is no introduction.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Unintroduced {
    #[error("the connection ended within the PROXY header")]
    Ended,
    #[error("the PROXY header did not come in time")]
    TooSlow,
    #[error("no PROXY header of version 1 or 2")]
    Malformed,
    #[error("the PROXY header is longer than {LONGEST} bytes")]
    TooLong,
}

/// Reads the PROXY header (version 1 or 2) with which `stream` has to begin.
pub(super) async fn introduction(stream: &mut (impl AsyncRead + Unpin)) -> Result<Introduction, Unintroduced> {
    let mut read = BytesMut::with_capacity(256);
    loop {
        if let Some((client, length)) = look(&read)? {
            let _header = read.split_to(length);
            return Ok(Introduction { client, ahead: read.freeze() });
        }
        if read.len() >= LONGEST {
            return Err(Unintroduced::TooLong);
        }
        match stream.read_buf(&mut read).await {
            Ok(0) | Err(_) => return Err(Unintroduced::Ended),
            Ok(_) => {}
        }
    }
}

/// The client and the length of the header that `bytes` begins with; `None` while it is not all there.
fn look(bytes: &[u8]) -> Result<Option<(Option<IpAddr>, usize)>, Unintroduced> {
    let compared = bytes.len().min(VERSION_1.len());
    if bytes.get(..compared) == VERSION_1.get(..compared) && !bytes.contains(&b'\n') {
        // Version 1 is one line, and only a whole one can be read.
        return if bytes.len() < LINE { Ok(None) } else { Err(Unintroduced::Malformed) };
    }
    match HeaderResult::parse(bytes) {
        HeaderResult::V1(Ok(header)) => {
            let client = match header.addresses {
                v1::Addresses::Tcp4(ends) => Some(ends.source_address.into()),
                v1::Addresses::Tcp6(ends) => Some(ends.source_address.into()),
                v1::Addresses::Unknown => None,
            };
            Ok(Some((client, header.header.len())))
        }
        HeaderResult::V2(Ok(header)) => {
            let stream = matches!(header.protocol, v2::Protocol::Stream);
            let client = match (header.command, header.addresses) {
                (v2::Command::Local, _) | (_, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => None,
                (v2::Command::Proxy, _) if !stream => return Err(Unintroduced::Malformed),
                (v2::Command::Proxy, v2::Addresses::IPv4(ends)) => Some(ends.source_address.into()),
                (v2::Command::Proxy, v2::Addresses::IPv6(ends)) => Some(ends.source_address.into()),
            };
            Ok(Some((client, header.header.len())))
        }
        HeaderResult::V2(incomplete) if incomplete.is_incomplete() => Ok(None),
        _ => Err(Unintroduced::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use ppp::v2::{Builder, Command, IPv4, IPv6, Protocol, Version};
    use proptest::prelude::*;

    use super::*;

    /// What is read of `bytes` when they come in pieces of this size.
    fn read(bytes: &[u8], piece: usize) -> Result<Introduction, Unintroduced> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut near, mut far) = tokio::io::duplex(piece.max(1));
            let bytes = bytes.to_vec();
            tokio::spawn(async move {
                // A reader that has seen enough goes.
                let _ = tokio::io::AsyncWriteExt::write_all(&mut far, &bytes).await;
            });
            let mut introduction = introduction(&mut near).await?;
            let mut rest = introduction.ahead.to_vec();
            near.read_to_end(&mut rest).await.unwrap();
            introduction.ahead = rest.into();
            Ok(introduction)
        })
    }

    fn version_2(command: Command, protocol: Protocol, addresses: impl Into<v2::Addresses>) -> Vec<u8> {
        Builder::with_addresses(Version::Two | command, protocol, addresses).build().unwrap()
    }

    #[test]
    fn both_versions_tell_of_the_client() {
        let ip = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let four = IPv4::new([192, 0, 2, 1], [203, 0, 113, 9], 5000, 443);
        let six = IPv6::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2], 5000, 443);
        for (header, client) in [
            (b"PROXY TCP4 192.0.2.1 203.0.113.9 5000 443\r\n".to_vec(), ip("192.0.2.1")),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 5000 443\r\n".to_vec(), ip("2001:db8::1")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN some words\r\n".to_vec(), None),
            (version_2(Command::Proxy, Protocol::Stream, four), ip("192.0.2.1")),
            (version_2(Command::Proxy, Protocol::Stream, six), ip("2001:db8::1")),
            (version_2(Command::Local, Protocol::Unspecified, four), None),
        ] {
            for piece in [1, 7, 10_000] {
                let whole = [&header[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
                let ahead = Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n");
                assert_eq!(read(&whole, piece), Ok(Introduction { client, ahead }), "{header:?} by {piece}");
            }
            for short in [1, 9, header.len() - 1] {
                assert_eq!(read(&header[..short], 100), Err(Unintroduced::Ended), "{header:?} to {short}");
            }
        }
    }

    #[test]
    fn whatever_else_a_connection_begins_with_is_no_introduction() {
        let datagram = version_2(Command::Proxy, Protocol::Datagram, IPv4::new([192, 0, 2, 1], [192, 0, 2, 2], 1, 2));
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01",
            b"PROXY TCP4 192.0.2.1\r\n",
            b"PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
            b"proxy tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
            &datagram,
        ] {
            assert_eq!(read(bytes, 1000), Err(Unintroduced::Malformed), "{bytes:?}");
        }
        let mut long = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec();
        long.resize(70_000, 0);
        assert_eq!(read(&long, 100_000), Err(Unintroduced::TooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_however_they_come(
            start in prop_oneof![
                Just(&b""[..]),
                Just(&b"PROXY "[..]),
                Just(&b"PROXY TCP4 192.0.2.1 "[..]),
                Just(&b"\r\n\r\n\0\r\nQUIT\n"[..]),
                Just(&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"[..]),
            ],
            rest in proptest::collection::vec(any::<u8>(), 0..80),
            piece in 1..40_usize,
        ) {
            let bytes = [start, &rest].concat();
            let (whole, in_pieces) = (read(&bytes, 1000), read(&bytes, piece));
            prop_assert_eq!(whole.is_ok(), in_pieces.is_ok());
            if whole.is_ok() {
                prop_assert_eq!(whole, in_pieces);
            }
        }

        #[test]
        fn a_client_comes_through_as_it_is(client in any::<[u8; 4]>(), port in any::<u16>(), rest in proptest::collection::vec(any::<u8>(), 0..40)) {
            let header = version_2(Command::Proxy, Protocol::Stream, IPv4::new(client, [192, 0, 2, 1], port, 443));
            let introduction = read(&[&header[..], &rest].concat(), 1000).unwrap();
            prop_assert_eq!(introduction, Introduction { client: Some(client.into()), ahead: rest.into() });
        }
    }
}
