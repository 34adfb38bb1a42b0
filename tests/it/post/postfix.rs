//! A Postfix of its own: configuration, queue and mailbox in a folder, ports of its own, ended when it is dropped.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::smtp::Client;

pub(crate) struct Postfix {
    folder: TempDir,
    master: Child,
    pub(crate) port: u16,
}

/// A port that nobody has. Others may take it before it is used; then the start fails, loudly.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

const SERVICES: &str = "
pickup    unix  n - n 60  1 pickup
cleanup   unix  n - n -   0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n -   - trivial-rewrite
bounce    unix  - - n -   0 bounce
defer     unix  - - n -   0 bounce
trace     unix  - - n -   0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -   - proxymap
smtp      unix  - - n -   - smtp
error     unix  - - n -   - error
retry     unix  - - n -   - error
virtual   unix  - n n -   - virtual
lmtp      unix  - - n -   - lmtp
anvil     unix  - - n -   1 anvil
showq     unix  n - n -   - showq
postlog   unix-dgram n - n - 1 postlogd
";

impl Postfix {
    /// `None`, said aloud, where it cannot run. `main` and `services` are lines of main.cf and master.cf.
    pub(crate) fn start(main: &str, services: &str) -> Option<Self> {
        if !Path::new("/usr/lib/postfix/sbin/master").exists() {
            eprintln!("skipped: there is no Postfix (apt-get install postfix)");
            return None;
        }
        if fs::metadata("/proc/self").map(|about| std::os::unix::fs::MetadataExt::uid(&about)).ok() != Some(0) {
            eprintln!("skipped: Postfix runs as root alone");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // Its processes give up their rights and still have to pass.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        let at = folder.path();
        for name in ["etc", "queue", "data", "box"] {
            fs::create_dir(at.join(name)).unwrap();
        }
        let own = |name: &str, user: &str| {
            assert!(Command::new("chown").arg(user).arg(at.join(name)).status().unwrap().success());
        };
        own("data", "postfix");
        own("box", "nobody");
        let at = at.display();
        let settings = format!(
            "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
             command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\n\
             setgid_group = postdrop\nmeta_directory = /etc/postfix\nshlib_directory = /usr/lib/postfix\n\
             maillog_file = {at}/mail.log\nmaillog_file_prefixes = {at}\ninet_protocols = ipv4\n\
             inet_interfaces = 127.0.0.1\nmyhostname = mx.corp.example\nmydestination =\nalias_maps =\n\
             local_recipient_maps =\nmynetworks = 127.0.0.0/8\nsmtpd_peername_lookup = no\ndisable_dns_lookups = yes\n\
             smtpd_authorized_xclient_hosts = 127.0.0.0/8\nvirtual_mailbox_domains = corp.example, out.example\n\
             virtual_mailbox_base = {at}/box\nvirtual_mailbox_maps = static:all/\nvirtual_uid_maps = static:65534\n\
             virtual_gid_maps = static:65534\nvirtual_transport = virtual\nmessage_size_limit = 104857600\n\
             mailbox_size_limit = 0\nvirtual_mailbox_limit = 0\nminimal_backoff_time = 1s\nmaximal_backoff_time = 1s\n\
             queue_run_delay = 1s\nsmtpd_client_connection_count_limit = 0\nsmtpd_error_sleep_time = 0\n\
             milter_default_action = tempfail\n{main}\n"
        );
        fs::write(folder.path().join("etc/main.cf"), settings).unwrap();
        let listener = format!("127.0.0.1:{port} inet n - n - 40 smtpd\n");
        fs::write(folder.path().join("etc/master.cf"), format!("{listener}{SERVICES}{services}")).unwrap();
        let etc = folder.path().join("etc");
        let checked = Command::new("/usr/sbin/postfix").arg("-c").arg(&etc).arg("check").output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8(checked.stderr).unwrap());
        let master = Command::new("/usr/lib/postfix/sbin/master")
            .args(["-d", "-c"])
            .arg(&etc)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut postfix = Self { folder, master, port };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(postfix.master.try_wait().unwrap().is_none(), "Postfix ended: {}", postfix.log());
            assert!(began.elapsed() < Duration::from_secs(20), "Postfix does not answer: {}", postfix.log());
            std::thread::yield_now();
        }
        Some(postfix)
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.port)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("mail.log")).unwrap_or_default()
    }

    /// The messages in the mailbox, once there are `count` of them, with LF line breaks as a Maildir has them.
    pub(crate) fn delivered(&self, count: usize) -> Vec<Vec<u8>> {
        let (mut before, mut since) = (0, Instant::now());
        loop {
            let files = self.maildir();
            if files.len() >= count && self.queued() == 0 {
                return files.iter().map(|file| fs::read(file).unwrap()).collect();
            }
            if files.len() != before {
                (before, since) = (files.len(), Instant::now());
            }
            let comes = since.elapsed() < Duration::from_secs(60);
            assert!(comes, "{} of {count} messages were delivered, and no more: {}", files.len(), self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn maildir(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("box/all/new")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Messages that are still to be delivered.
    pub(crate) fn queued(&self) -> usize {
        ["incoming", "active", "deferred", "maildrop"].iter().map(|queue| self.files(queue)).sum()
    }

    /// Messages that are kept aside.
    pub(crate) fn held(&self) -> usize {
        self.files("hold")
    }

    fn files(&self, queue: &str) -> usize {
        // Files come and go while they are counted.
        let mut open = vec![self.folder.path().join("queue").join(queue)];
        let mut count = 0;
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(entry.path()),
                    _ => count += 1,
                }
            }
        }
        count
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Its master ends all it started when it is asked to.
        let _ = Command::new("kill").arg(self.master.id().to_string()).status();
        let _ = self.master.wait();
    }
}
