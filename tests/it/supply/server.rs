use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Whole answers by path.
type Answers = Mutex<Vec<(String, Vec<u8>)>>;

/// Answers on loopback, one connection after the other, with what is set for a path; it ends with the test.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    set: Arc<Answers>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (set, heard) = (Arc::<Answers>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (answers, asked) = (Arc::clone(&set), Arc::clone(&heard));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = answer(stream, &answers, &asked);
            }
        });
        Self { address, set, heard }
    }

    /// The whole answer to a path, byte for byte.
    pub(super) fn set_raw(&self, path: &str, answer: impl Into<Vec<u8>>) {
        let mut set = self.set.lock().unwrap();
        set.retain(|(other, _)| other != path);
        set.push((path.to_owned(), answer.into()));
    }

    pub(super) fn set(&self, path: &str, head: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        self.set_raw(path, [head.as_bytes(), body].concat());
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request so far: its first line and its headers, in lower case.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, set: &Answers, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while reader.read_line(&mut request)? > 2 {}
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    heard.lock().unwrap().push(request.to_ascii_lowercase());
    let found = set.lock().unwrap().iter().find(|(other, _)| *other == path).map(|(_, answer)| answer.clone());
    let none = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
    match found {
        // Nothing is ever said.
        Some(answer) if answer.is_empty() => {
            let _ = reader.read_line(&mut request);
            Ok(())
        }
        found => stream.write_all(&found.unwrap_or(none)),
    }
}
