//! The client against a real clamd, with signatures of the test's own and no others.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixListener,
};

use sekisho::clamd::{CALLS, Clamd, ClamdError, Limits, Scanned, Socket};

/// The file of the EICAR that every scanner is to find, in two pieces, so that none finds it here.
pub(crate) fn eicar() -> Vec<u8> {
    [br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STAND".as_slice(), br"ARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat()
}

const OWN: &[u8] = b"sekisho-own-test-signature";

/// A clamd on a socket of its own, stopped when it is dropped.
pub(crate) struct Clamav {
    child: Child,
    folder: tempfile::TempDir,
}

impl Clamav {
    /// `None`, said aloud, where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let program = ["/usr/sbin/clamd", "/usr/bin/clamd", "/usr/local/sbin/clamd"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let Some(program) = program else {
            eprintln!("skipped: no clamd here (Debian: clamav-daemon)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("db")).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let signatures = format!("Own.Eicar:0:*:{}\nOwn.Word:0:*:{}\n", hex(&eicar()), hex(OWN));
        std::fs::write(at("db/own.ndb"), signatures).unwrap();
        let configuration = format!(
            "LocalSocket {}\nDatabaseDirectory {}\nTemporaryDirectory {}\nForeground yes\nStreamMaxLength 1M\nSelfCheck 0\n",
            at("clamd.ctl").display(),
            at("db").display(),
            folder.path().display(),
        );
        std::fs::write(at("clamd.conf"), configuration).unwrap();
        let mut child = Command::new(program)
            .arg("-c")
            .arg(at("clamd.conf"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // It says so when it listens.
        let mut line = String::new();
        while !line.contains("Self checking") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "clamd ended before it listened");
        }
        // Whoever writes to a pipe that nobody reads stands still one day.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Some(Self { child, folder })
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("clamd.ctl")
    }

    pub(crate) fn client(&self, bytes: usize) -> Clamd {
        Clamd::new(Socket::Unix(self.socket()), Limits { deadline: Duration::from_secs(30), bytes })
    }
}

impl Drop for Clamav {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_real_clamd_is_asked() {
    let Some(server) = Clamav::start() else { return };
    let clamd = server.client(64 << 20);
    run(async {
        clamd.ping().await.unwrap();
        assert!(clamd.version().await.unwrap().starts_with("ClamAV "));
        assert_eq!(clamd.scan(b"").await.unwrap(), Scanned::Nothing);
        assert_eq!(clamd.scan(b"an ordinary text").await.unwrap(), Scanned::Nothing);
        let found = |scanned: Scanned| match scanned {
            Scanned::Found(name) => name,
            other => panic!("{other:?}"),
        };
        assert!(found(clamd.scan(&eicar()).await.unwrap()).starts_with("Own.Eicar"));
        // Behind the first chunk, and over its end.
        for before in [70_000, 64 * 1024 - 5] {
            let long = [vec![b'.'; before], OWN.to_vec(), vec![b'.'; 1000]].concat();
            assert!(found(clamd.scan(&long).await.unwrap()).starts_with("Own.Word"));
        }
        // More than it takes, and more than is sent.
        assert_eq!(clamd.scan(&vec![0; 3 << 20]).await.unwrap(), Scanned::TooLong);
        assert_eq!(server.client(1000).scan(&[0; 1001]).await.unwrap(), Scanned::TooLong);
        // Many at once wait for their turn.
        let tasks: Vec<_> = (0..3 * CALLS)
            .map(|_| {
                tokio::spawn({
                    let clamd = clamd.clone();
                    async move { clamd.scan(OWN).await }
                })
            })
            .collect();
        for task in tasks {
            assert!(matches!(task.await.unwrap(), Ok(Scanned::Found(_))));
        }
    });
}

/// A client of one that takes a connection, reads a command and says `answer`; nothing at all for `None`.
async fn beside_one_that_says(answer: Option<&'static [u8]>, deadline: Duration) -> Result<String, ClamdError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut command = [0; 9];
        stream.read_exact(&mut command).await.unwrap();
        assert_eq!(&command, b"zVERSION\0");
        match answer {
            Some(answer) => drop(stream.write_all(answer).await),
            None => std::future::pending().await,
        }
    });
    let told = Clamd::new(Socket::Unix(path), Limits { deadline, bytes: 100 }).version().await;
    server.abort();
    told
}

#[test]
fn no_answer_is_an_error() {
    let long = Duration::from_secs(30);
    run(async {
        let nowhere = Socket::Unix("/nowhere/clamd.ctl".into());
        let gone = Clamd::new(nowhere, Limits { deadline: long, bytes: 100 }).scan(b"x").await.unwrap_err();
        assert!(matches!(gone, ClamdError::Unreachable { .. }) && gone.to_string().contains("[clamav]"), "{gone}");
        let late = beside_one_that_says(None, Duration::from_millis(20)).await.unwrap_err();
        assert!(matches!(late, ClamdError::Late(_)), "{late}");
        for odd in [b"".as_slice(), b"UNKNOWN COMMAND\0", b"\xff\x1b\0ClamAV 1"] {
            let told = beside_one_that_says(Some(odd), long).await.unwrap_err();
            assert!(matches!(told, ClamdError::Odd(_)), "{told}");
        }
        assert_eq!(beside_one_that_says(Some(b"ClamAV 1.4.6\0more"), long).await.unwrap(), "ClamAV 1.4.6");
        // An answer without an end is read up to a cap.
        static ENDLESS: [u8; 1 << 20] = [b'x'; 1 << 20];
        let told = beside_one_that_says(Some(&ENDLESS), long).await.unwrap_err();
        assert!(told.to_string().len() < 5000);
    });
}
