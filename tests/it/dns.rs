//! Servers of names for tests: a real rbldnsd with zones of the test's own, and one that answers as no server should.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// A program of a Debian package, also where only root has it in the path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: {name} is not installed (scripts/test installs it)");
    }
    found
}

/// A port on the loopback that nobody has, over UDP and TCP.
pub(crate) fn free_port() -> u16 {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = udp.local_addr().unwrap().port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A child that is killed when dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Running {
    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks for the A record of a name until somebody answers at all.
pub(crate) fn wait_for_answers(server: SocketAddr, name: &str) {
    let began = Instant::now();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    socket.connect(server).unwrap();
    let mut answer = [0; 512];
    loop {
        // Refused while nobody listens yet.
        let _ = socket.send(&question(name));
        if socket.recv(&mut answer).is_ok() {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{server} never answered");
    }
}

fn question(name: &str) -> Vec<u8> {
    let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, 1, 0, 1]);
    bytes
}

/// rbldnsd with these zones: name, kind of data set, lines.
pub(crate) struct Rbldnsd {
    pub(crate) address: SocketAddr,
    _child: Running,
    _folder: tempfile::TempDir,
}

impl Rbldnsd {
    pub(crate) fn start(zones: &[(&str, &str, &str)]) -> Option<Self> {
        let program = program("rbldnsd")?;
        let folder = tempfile::tempdir().unwrap();
        // It gives up the rights of root before it reads.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        let mut command = Command::new(program);
        command.args(["-n", "-b", &format!("127.0.0.1/{port}"), "-w"]).arg(folder.path());
        for (number, (zone, kind, lines)) in zones.iter().enumerate() {
            let file = format!("zone{number}");
            fs::write(
                folder.path().join(&file),
                format!("$SOA 300 ns.example. dns.example. 1 300 60 600 120\n{lines}"),
            )
            .unwrap();
            command.arg(format!("{zone}:{kind}:{file}"));
        }
        let child = Running::of(&mut command);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        wait_for_answers(address, zones[0].0);
        Some(Self { address, _child: child, _folder: folder })
    }
}

/// What a server does with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Does {
    /// Answers with these addresses and this time to live.
    Tells(u32, Vec<Ipv4Addr>),
    /// Says that there is no such name; so many seconds are the minimum of its SOA.
    Denies(u32),
    /// Says that something is wrong with it.
    Fails,
    /// Says nothing.
    Hangs,
    /// Answers another question than it was asked, by its number.
    Mistakes(Ipv4Addr),
    /// Says over UDP that the answer is too long, and tells it over TCP.
    CutsOff(Ipv4Addr),
}

type Rule = Box<dyn Fn(&str) -> Does + Send + Sync>;

/// A server that does what a test says, and remembers what it was asked.
pub(crate) struct Wild {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    rule: Mutex<Rule>,
    asked: Mutex<BTreeMap<String, usize>>,
    over_tcp: Mutex<usize>,
    ends: AtomicBool,
}

impl Wild {
    pub(crate) fn start(rule: impl Fn(&str) -> Does + Send + Sync + 'static) -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let shared = Arc::new(Shared {
            rule: Mutex::new(Box::new(rule)),
            asked: Mutex::default(),
            over_tcp: Mutex::default(),
            ends: AtomicBool::new(false),
        });
        let (one, two) = (Arc::clone(&shared), Arc::clone(&shared));
        let threads =
            vec![std::thread::spawn(move || one.answer_udp(&udp)), std::thread::spawn(move || two.answer_tcp(&tcp))];
        Self { address, shared, threads }
    }

    pub(crate) fn now(&self, rule: impl Fn(&str) -> Does + Send + Sync + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
    }

    /// How often each name was asked over UDP.
    pub(crate) fn asked(&self) -> BTreeMap<String, usize> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub(crate) fn questions(&self) -> usize {
        self.asked().values().sum()
    }

    pub(crate) fn over_tcp(&self) -> usize {
        *self.shared.over_tcp.lock().unwrap()
    }
}

impl Drop for Wild {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        // Each thread is woken from what it waits for.
        let waker = UdpSocket::bind("127.0.0.1:0").unwrap();
        let _ = waker.send_to(&[], self.address);
        let _ = std::net::TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

impl Shared {
    fn answer_udp(&self, socket: &UdpSocket) {
        let mut bytes = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            if self.ends.load(Ordering::SeqCst) {
                return;
            }
            let question = &bytes[..length];
            let Some(name) = name_of(question) else { continue };
            *self.asked.lock().unwrap().entry(name.clone()).or_default() += 1;
            let does = (self.rule.lock().unwrap())(&name);
            if let Some(answer) = answer(question, &does, false) {
                socket.send_to(&answer, from).unwrap();
            }
        }
    }

    fn answer_tcp(&self, listener: &TcpListener) {
        while let Ok((mut stream, _)) = listener.accept() {
            if self.ends.load(Ordering::SeqCst) {
                return;
            }
            stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            let mut length = [0; 2];
            if stream.read_exact(&mut length).is_err() {
                continue;
            }
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut question).unwrap();
            *self.over_tcp.lock().unwrap() += 1;
            let does = (self.rule.lock().unwrap())(&name_of(&question).unwrap());
            if let Some(answer) = answer(&question, &does, true) {
                stream.write_all(&u16::try_from(answer.len()).unwrap().to_be_bytes()).unwrap();
                stream.write_all(&answer).unwrap();
            }
        }
    }
}

fn name_of(question: &[u8]) -> Option<String> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*question.get(at)?);
        if length == 0 {
            return Some(labels.join("."));
        }
        labels.push(String::from_utf8(question.get(at + 1..at + 1 + length)?.to_vec()).ok()?);
        at += 1 + length;
    }
}

fn answer(question: &[u8], does: &Does, over_tcp: bool) -> Option<Vec<u8>> {
    let end = 12 + name_of(question)?.len() + 2 + 4;
    let asked = &question[12..end];
    let (mut id, flags, code) = ([question[0], question[1]], 0x84_u8, |code: u8| 0x80 | code);
    let (mut answers, mut soa, mut low, mut high) = (Vec::new(), None, code(0), flags);
    match does {
        Does::Tells(ttl, addresses) => answers.extend(addresses.iter().map(|address| (*ttl, *address))),
        Does::Denies(minimum) => (soa, low) = (Some(*minimum), code(3)),
        Does::Fails => low = code(2),
        Does::Hangs => return None,
        Does::Mistakes(address) => {
            id[0] ^= 0x55;
            answers.push((300, *address));
        }
        Does::CutsOff(address) if over_tcp => answers.push((300, *address)),
        Does::CutsOff(_) => high |= 2,
    }
    let mut bytes = id.to_vec();
    bytes.extend([high, low, 0, 1, 0, u8::try_from(answers.len()).unwrap(), 0, u8::from(soa.is_some()), 0, 0]);
    bytes.extend(asked);
    for (ttl, address) in answers {
        bytes.extend([0xc0, 12, 0, 1, 0, 1]);
        bytes.extend(ttl.to_be_bytes());
        bytes.extend([0, 4]);
        bytes.extend(address.octets());
    }
    if let Some(minimum) = soa {
        // At the root, with names of no length, and a time to live that does not shorten the minimum.
        bytes.extend([0, 0, 6, 0, 1]);
        bytes.extend(2_000_000_u32.to_be_bytes());
        bytes.extend([0, 22, 0, 0]);
        for number in [1, 300, 60, 600, minimum] {
            bytes.extend(number.to_be_bytes());
        }
    }
    Some(bytes)
}

/// A server of TXT records: what it has it tells, names that begin with `hang` it lets wait, and all others do not exist.
pub(crate) struct Texts {
    pub(crate) address: SocketAddr,
    records: Arc<Mutex<BTreeMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Texts {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (records, asked, ends) =
            (Arc::<Mutex<BTreeMap<String, String>>>::default(), Arc::default(), Arc::default());
        let mut texts = Self { address, records, asked, ends, thread: None };
        let (records, asked, ends) =
            (Arc::clone(&texts.records), Arc::clone(&texts.asked), Arc::<AtomicBool>::clone(&texts.ends));
        texts.thread = Some(std::thread::spawn(move || {
            let mut bytes = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let question = &bytes[..length];
                let Some(name) = name_of(question).map(|name| name.to_ascii_lowercase()) else { continue };
                asked.lock().unwrap().push(name.clone());
                let text = records.lock().unwrap().get(&name).cloned();
                if !name.starts_with("hang") {
                    socket.send_to(&tell_text(question, text.as_deref()), from).unwrap();
                }
            }
        }));
        texts
    }

    pub(crate) fn set(&self, name: &str, text: &str) {
        self.records.lock().unwrap().insert(name.to_owned(), text.to_owned());
    }

    pub(crate) fn records(&self) -> BTreeMap<String, String> {
        self.records.lock().unwrap().clone()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&[0], self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn tell_text(question: &[u8], text: Option<&str>) -> Vec<u8> {
    let end = 12 + name_of(question).unwrap().len() + 2 + 4;
    let asked = &question[12..end];
    let is_text = asked.ends_with(&[0, 16, 0, 1]);
    let answer = text.filter(|_| is_text);
    let code = if text.is_some() { 0x80 } else { 0x83 };
    let mut bytes = vec![question[0], question[1], 0x84, code, 0, 1, 0, u8::from(answer.is_some()), 0, 0, 0, 0];
    if answer.is_none() {
        bytes[9] = 1;
    }
    bytes.extend(asked);
    match answer {
        Some(text) => {
            let pieces: Vec<u8> = text
                .as_bytes()
                .chunks(255)
                .flat_map(|piece| std::iter::once(u8::try_from(piece.len()).unwrap()).chain(piece.iter().copied()))
                .collect();
            bytes.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44]);
            bytes.extend(u16::try_from(pieces.len()).unwrap().to_be_bytes());
            bytes.extend(pieces);
        }
        None => {
            bytes.extend([0, 0, 6, 0, 1, 0, 0, 1, 44, 0, 22, 0, 0]);
            for number in [1_u32, 300, 60, 600, 1] {
                bytes.extend(number.to_be_bytes());
            }
        }
    }
    bytes
}
