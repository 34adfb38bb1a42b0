//! What a manager of services is told by `sekisho serve` and `sekisho api` (sd_notify(3)).

use std::{os::unix::net::UnixDatagram, process::Child, time::Duration};

use super::{Folder, command};

/// A manager that listens for one service.
struct Manager {
    socket: UnixDatagram,
    child: Child,
}

impl Manager {
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        // A service that says nothing more fails the test instead of hanging it.
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut command = command(&folder.with(args));
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000").stderr(std::process::Stdio::null());
        Self { child: command.spawn().unwrap(), socket }
    }

    /// Waits for a word that holds all of these.
    fn until(&self, words: &[&str]) -> String {
        let mut bytes = [0; 4096];
        loop {
            let length = self.socket.recv(&mut bytes).unwrap_or_else(|_| panic!("never told of {words:?}"));
            let told = String::from_utf8(bytes[..length].to_vec()).unwrap();
            if words.iter().all(|word| told.contains(word)) {
                return told;
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn services_tell_when_they_answer_reload_live_and_end() {
    for (args, answering) in [
        (
            ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"].as_slice(),
            "STATUS=answering clicks on ",
        ),
        (&["api", "--listen", "127.0.0.1:0"], "STATUS=answering programs on "),
    ] {
        let folder = Folder::new();
        let mut manager = Manager::start(&folder, args);
        manager.until(&["READY=1\n", answering]);
        manager.until(&["WATCHDOG=1"]);
        manager.signal("HUP");
        // The manager takes what comes behind this moment for the answer to its signal.
        manager.until(&["RELOADING=1\n", "MONOTONIC_USEC="]);
        manager.until(&["READY=1\n", "read again"]);
        manager.signal("TERM");
        manager.until(&["STOPPING=1"]);
        assert_eq!(manager.child.wait().unwrap().code(), Some(0));
    }
}
