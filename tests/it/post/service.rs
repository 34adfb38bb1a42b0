//! `sekisho milter` as a process.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use tempfile::TempDir;

pub(crate) struct Service {
    pub(crate) child: Child,
    stderr: Receiver<String>,
    /// Where the mail system finds it.
    pub(crate) place: String,
}

/// Where its things are, with a configuration.
pub(crate) struct Data(TempDir);

impl Data {
    /// `mail` are lines of the table `[mail]`.
    pub(crate) fn new(mail: &str) -> Self {
        let data = Self(tempfile::tempdir().unwrap());
        let text =
            format!("[[tenant]]\nid = 1\nname = \"Corp\"\nbase_url = \"https://go.corp.example\"\n[mail]\n{mail}\n");
        std::fs::write(data.path().join("sekisho.toml"), text).unwrap();
        data
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn block(&self, list: &str, entries: &str) {
        let folder = self.path().join("blocklists");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{list}.list")), entries).unwrap();
    }

    /// The command with these words on this data.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        // That is for the tests, and every variable of ours that is no key is refused.
        command.env_remove("SEKISHO_MESSAGES");
        command.arg("--data-dir").arg(self.path()).args(words).stdin(Stdio::null());
        command
    }
}

impl Service {
    pub(crate) fn milter(data: &Data, place: &str) -> Self {
        Self::start(data.command(&["milter", "--listen", place]), "finds the milter at ")
    }

    pub(crate) fn start(mut command: Command, says: &str) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (told, stderr) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| told.send(line)));
        let mut service = Self { child, stderr, place: String::new() };
        let line = service.until(says);
        service.place = line.split_once(says).unwrap().1.split(',').next().unwrap().trim().to_owned();
        service
    }

    /// As Postfix names it.
    pub(crate) fn for_postfix(&self) -> String {
        if self.place.starts_with("unix:") { self.place.clone() } else { format!("inet:{}", self.place) }
    }

    /// The next line on stderr that holds these words.
    pub(crate) fn until(&mut self, words: &str) -> String {
        let mut seen = String::new();
        loop {
            let line = self.stderr.recv_timeout(Duration::from_secs(30));
            let line = line.unwrap_or_else(|_| panic!("{words:?} was never said: {seen}"));
            if line.contains(words) {
                return line;
            }
            seen += &line;
            seen += "\n";
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; the code and what it still said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        let rest: Vec<String> = self.stderr.iter().collect();
        (code, rest.join("\n"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
