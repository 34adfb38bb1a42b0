//! Response policy zones: by transfer from a real name server, from a file, and from one that sends half of it.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use sekisho::{
    base::Clock as _,
    judge::Tier,
    sources::{
        Source as _,
        policy_zone::{Key, Origin, PolicyZone, Primary, Settings},
    },
    url::{self, Suffixes},
};

use super::{HandClock, START};
use crate::dns::{Does, Running, Wild, free_port, program, wait_for_answers};

const ZONE: &str = "rpz.test";
const SECRET: &str = "c2VraXNoby10ZXN0LWtleS0wMTIzNDU2Nzg5YWJjZGVm";
const RULES: &str = "evil.com CNAME .\n*.evil.com CNAME *.\ngood.evil.com CNAME rpz-passthru.\n\
                     trap.org CNAME garden.corp.example.\n32.7.2.0.192.rpz-ip CNAME .\n24.0.9.9.9.rpz-nsip CNAME .\n";

/// A name server with the zone, which gives it to those who have the key.
struct Bind {
    child: Running,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Bind {
    fn start() -> Option<Self> {
        let program = program("named")?;
        let folder = tempfile::tempdir().unwrap();
        let (path, port) = (folder.path().display().to_string(), free_port());
        fs::write(
            folder.path().join("named.conf"),
            format!(
                "options {{ directory \"{path}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
                 pid-file none; session-keyfile \"{path}/session.key\"; recursion no; dnssec-validation no; notify no; }};\n\
                 controls {{ }};\nkey \"transfer\" {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n\
                 zone \"{ZONE}\" {{ type primary; file \"zone\"; allow-transfer {{ key transfer; }}; }};\n"
            ),
        )
        .unwrap();
        write_zone(folder.path(), 1, RULES);
        let mut command = Command::new(program);
        // Four threads of it would do nothing but wait.
        command.args(["-f", "-n", "1", "-c"]).arg(folder.path().join("named.conf"));
        let child = Running::of(&mut command);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        wait_for_answers(address, ZONE);
        fs::write(folder.path().join("key"), format!("{SECRET}\n")).unwrap();
        fs::write(folder.path().join("other-key"), "YW5vdGhlci1rZXktYWx0b2dldGhlci0xMjM0NTY3OA==").unwrap();
        Some(Self { child, address, folder })
    }

    fn primary(&self, key: Option<&str>) -> Primary {
        let key = key.map(|file| Key { name: "transfer".into(), file: self.folder.path().join(file) });
        Primary { address: self.address, key }
    }
}

fn write_zone(folder: &Path, serial: u32, rules: &str) {
    let soa =
        format!("$TTL 60\n@ SOA ns.corp.example. dns.corp.example. {serial} 120 60 3600 60\n@ NS ns.corp.example.\n");
    fs::write(folder.join("zone"), soa + rules).unwrap();
}

struct Room {
    zone: PolicyZone,
    clock: Arc<HandClock>,
}

impl Room {
    fn of(origin: Origin) -> Self {
        // Signatures hold the moment, so this clock begins with the one of the name server.
        let now = sekisho::app::SystemClock.now();
        Self::at(origin, now.millis())
    }

    fn at(origin: Origin, millis: i64) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(millis)));
        let settings = Settings { name: "rpz".into(), zone: ZONE.into(), origin, tier: Tier::Malicious };
        let zone = PolicyZone::open(settings, Arc::new(Suffixes::builtin()), clock.clone());
        Self { zone, clock }
    }

    /// What it has against a host; `Err` where it is silent.
    async fn against(&self, host: &str) -> Result<Vec<String>, String> {
        let finding = self.zone.ask(url::parse(&format!("http://{host}/x")).unwrap()).await;
        finding.map(|found| found.objections.into_iter().map(|one| one.evidence).collect()).map_err(|why| why.0)
    }

    async fn is_clear(&self, host: &str) -> bool {
        self.against(host).await == Ok(vec![])
    }
}

#[tokio::test]
async fn a_zone_is_transferred_kept_and_followed() {
    let Some(bind) = Bind::start() else { return };
    let kept = bind.folder.path().join("kept/rpz.zone");
    let origin = Origin::Primary(bind.primary(Some("key")), kept.clone());
    let room = Room::of(origin.clone());
    assert!(room.against("evil.com").await.unwrap_err().contains("it has not come yet"));
    assert_eq!(room.zone.refresh().await, Duration::from_secs(120), "{:?}", room.zone.state());
    assert_eq!(room.against("evil.com").await.unwrap(), ["evil.com stands in rpz.test, version 1: no such name"]);
    assert_eq!(
        room.against("a.b.evil.com").await.unwrap(),
        ["*.evil.com stands in rpz.test, version 1: nothing there"]
    );
    assert_eq!(room.against("trap.org").await.unwrap(), ["trap.org stands in rpz.test, version 1: led elsewhere"]);
    assert_eq!(room.against("192.0.2.7").await.unwrap(), ["192.0.2.7/32 stands in rpz.test, version 1: no such name"]);
    for host in ["good.evil.com", "www.trap.org", "example.com", "192.0.2.8"] {
        assert!(room.is_clear(host).await, "{host}");
    }
    let state = room.zone.state();
    assert_eq!((state.rules, state.skipped.triggers, state.taken, state.failed), (5, 1, 1, 0));

    // Nothing new is not sent again, and is a sign of life.
    room.clock.0.fetch_add(100_000, Ordering::Relaxed);
    room.zone.refresh().await;
    assert_eq!((room.zone.state().taken, room.zone.state().as_of), (1, Some(room.clock.now())));

    // A new version, and one that a start finds on the disk without the primary.
    write_zone(bind.folder.path(), 2, "other.com CNAME .\n");
    bind.child.signal("HUP");
    let began = Instant::now();
    while room.zone.state().serial != Some(2) {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", room.zone.state());
        room.zone.refresh().await;
    }
    assert!(room.is_clear("evil.com").await && !room.is_clear("other.com").await);
    let as_of = room.zone.state().as_of;
    drop(bind.child);
    assert_eq!(room.zone.refresh().await, Duration::from_secs(60), "the wait after a failure");
    assert!(room.zone.state().problem.unwrap().contains("cannot be asked"));
    let again = Room::at(origin, room.clock.now().millis());
    assert_eq!((again.zone.state().serial, again.zone.state().as_of), (Some(2), as_of));
    assert!(!again.is_clear("other.com").await && again.is_clear("example.com").await);

    // When its time is over it objects and proves nothing.
    again.clock.0.fetch_add(3_601_000, Ordering::Relaxed);
    assert!(again.against("example.com").await.unwrap_err().contains("proves nothing any more"));
    assert!(!again.is_clear("other.com").await);

    // Of a damaged file the one before counts.
    fs::write(&kept, "torn").unwrap();
    let damaged = Room::of(Origin::Primary(again_primary(), kept));
    assert_eq!(damaged.zone.state().serial, Some(1));
}

/// Somebody who is not asked.
fn again_primary() -> Primary {
    Primary { address: SocketAddr::from(([127, 0, 0, 1], 9)), key: None }
}

#[tokio::test]
async fn without_the_right_key_there_is_no_zone_and_the_reason_is_told() {
    let Some(bind) = Bind::start() else { return };
    for (key, words) in
        [(None, "does it allow transfers"), (Some("other-key"), "with this key"), (Some("no"), "cannot be used")]
    {
        let room = Room::of(Origin::Primary(bind.primary(key), bind.folder.path().join("kept")));
        room.zone.refresh().await;
        let problem = room.zone.state().problem.unwrap();
        assert!(problem.contains(words), "{problem}");
        assert!(room.against("evil.com").await.unwrap_err().contains(words));
    }
}

#[tokio::test]
async fn half_a_zone_or_an_unsigned_one_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let refreshed = async |primary: Primary| {
        let room = Room::of(Origin::Primary(primary, kept.clone()));
        room.zone.refresh().await;
        room.zone.state().problem.unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sender = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&[0, 200, 1, 2, 3]).unwrap();
    });
    assert!(refreshed(Primary { address, key: None }).await.contains("cannot be asked"));
    sender.join().unwrap();
    // Addresses where a SOA should stand, and no signature where there has to be one.
    let server = Wild::start(|_| Does::Tells(60, vec![Ipv4Addr::LOCALHOST]));
    let address = server.address;
    assert!(refreshed(Primary { address, key: None }).await.contains("no SOA record"));
    let file = folder.path().join("key");
    fs::write(&file, SECRET).unwrap();
    let key = Some(Key { name: "transfer".into(), file });
    let problem = refreshed(Primary { address, key }).await;
    assert!(problem.contains("is not signed with the key"), "{problem}");
    assert!(!kept.exists());
}

#[tokio::test]
async fn a_file_is_followed_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zone");
    write_zone(folder.path(), 7, RULES);
    let room = Room::at(Origin::File(path.clone()), START.millis());
    assert_eq!(room.zone.state().serial, Some(7));
    let write = |text: &str, secs: u64| {
        fs::write(&path, text).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
    };
    write("<html>404</html>\n", 1);
    room.zone.refresh().await;
    assert!(room.zone.state().problem.is_some());
    assert!(!room.is_clear("evil.com").await && room.is_clear("example.com").await);
    write("@ SOA a. b. 8 1 1 1 1\nother.com CNAME .\n", 2);
    room.zone.refresh().await;
    let state = room.zone.state();
    assert_eq!((state.serial, state.problem, state.rules), (Some(8), None, 1));
    // It has no time of its own: whoever writes it sees to that.
    room.clock.0.fetch_add(1_000_000_000, Ordering::Relaxed);
    assert!(room.is_clear("evil.com").await);
    fs::remove_file(&path).unwrap();
    room.zone.refresh().await;
    assert!(!room.is_clear("other.com").await, "what was in force stays");
}

#[tokio::test]
async fn a_zone_that_loses_most_of_its_rules_is_not_taken_before_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let many: String = (0..150).map(|number| format!("h{number}.com CNAME .\n")).collect();
    write_zone(folder.path(), 1, &many);
    let origin = Origin::File(folder.path().join("zone"));
    let room = Room::at(origin.clone(), START.millis());
    write_zone(folder.path(), 2, "h1.com CNAME .\n");
    let file = fs::File::options().write(true).open(folder.path().join("zone")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    room.zone.refresh().await;
    let state = room.zone.state();
    assert_eq!((state.serial, state.rules), (Some(1), 150));
    assert!(state.problem.unwrap().contains("has 1 rules where 150 are in force"));
    assert_eq!(Room::at(origin, START.millis()).zone.state().rules, 1, "a start takes what is there");
}
