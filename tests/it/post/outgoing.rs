//! What our people send: links of ours are the sender's again before he signs, so that his signature holds where it arrives.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sekisho::rewrite::Envelope;

use super::{
    letters::{crlf, restorer},
    milter::now,
    postfix::{Postfix, free_port},
    service::{Data, Service},
};

/// OpenDKIM as a milter that signs for corp.example.
struct Signer {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Signer {
    fn start() -> Option<Self> {
        if !Path::new("/usr/sbin/opendkim").exists() {
            eprintln!("skipped: there is no OpenDKIM (apt-get install opendkim python3-dkim)");
            return None;
        }
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let key = folder.path().join("key.pem");
        let made = Command::new("openssl").args(["genrsa", "-traditional", "-out"]).arg(&key).arg("2048").output();
        assert!(made.unwrap().status.success());
        let config = folder.path().join("opendkim.conf");
        // Every byte of the body counts.
        let text = format!(
            "Mode s\nDomain corp.example\nSelector test\nKeyFile {}\nCanonicalization simple/simple\n\
             Socket inet:{port}@127.0.0.1\nInternalHosts 127.0.0.0/8\nOversignHeaders From\nRequireSafeKeys no\n",
            key.display()
        );
        fs::write(&config, text).unwrap();
        let child = Command::new("/usr/sbin/opendkim")
            .args(["-f", "-x"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let signer = Self { child, folder, port };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "OpenDKIM does not answer");
            std::thread::yield_now();
        }
        Some(signer)
    }

    /// Whether another program finds the signature sound.
    fn verifies(&self, message: &[u8]) -> bool {
        let file = self.folder.path().join("message");
        fs::write(&file, message).unwrap();
        let public = Command::new("openssl")
            .args(["rsa", "-pubout", "-outform", "DER", "-in"])
            .arg(self.folder.path().join("key.pem"))
            .output()
            .unwrap();
        let der = self.folder.path().join("public.der");
        fs::write(&der, public.stdout).unwrap();
        let check = "import base64, dkim, sys\nkey = base64.b64encode(open(sys.argv[1], 'rb').read())\n\
                     record = b'v=DKIM1; k=rsa; p=' + key\n\
                     good = dkim.verify(open(sys.argv[2], 'rb').read(), dnsfunc=lambda name, timeout=5: record)\n\
                     sys.exit(0 if good else 3)\n";
        // Debian's own, for which the package of dkimpy is.
        let checked = Command::new("/usr/bin/python3").args(["-c", check]).arg(&der).arg(&file).output().unwrap();
        let code = checked.status.code();
        assert!(matches!(code, Some(0 | 3)), "{}", String::from_utf8(checked.stderr).unwrap());
        code == Some(0)
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_reply_gets_its_links_back_and_the_signature_of_its_sender_holds() {
    let data = Data::new("outgoing_networks = [\"127.0.0.9\"]");
    let milter = Service::milter(&data, "127.0.0.1:0");
    let Some(signer) = Signer::start() else { return };
    let both = format!("smtpd_milters = {}, inet:127.0.0.1:{}", milter.for_postfix(), signer.port);
    let Some(postfix) = Postfix::start(&both, "") else { return };
    let came = b"From: shop@sender.example\r\nMessage-ID: <came@sender.example>\r\n\r\nhttps://shop.example/a?b=1\r\n";
    let came =
        restorer(&data).rewrite(came, &Envelope { recipient: Some("user@corp.example") }, now()).unwrap().message;
    let link = String::from_utf8(came).unwrap().split_ascii_whitespace().last().unwrap().to_owned();
    assert!(link.starts_with("https://go.corp.example/shop.example/"));
    let reply = format!(
        "From: user@corp.example\r\nTo: shop@out.example\r\nSubject: Re: shop\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n\
         Message-ID: <reply@corp.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n<p>caf\u{e9}: <a href=\"{link}\">this</a> and https://other.example/</p>\r\n"
    );
    let mut client = postfix.client();
    assert!(client.say("XCLIENT ADDR=127.0.0.9").starts_with("220"));
    assert!(client.say("EHLO client.example").starts_with("250"));
    let said = client.message("user@corp.example", &["shop@out.example"], reply.as_bytes());
    assert!(said.starts_with("250"), "{said}");
    let delivered = crlf(&postfix.delivered(1)[0]);
    let text = String::from_utf8(delivered.clone()).unwrap();
    assert!(text.contains("<a href=\"https://shop.example/a?b=1\">this</a> and https://other.example/"), "{text}");
    assert!(!text.contains("go.corp.example"), "{text}");
    assert!(text.contains("DKIM-Signature:"), "{}", postfix.log());
    assert!(signer.verifies(&delivered), "{text}");
    let changed = text.replace("this</a>", "that</a>");
    assert!(!signer.verifies(changed.as_bytes()), "a signature that holds for anything");
}
