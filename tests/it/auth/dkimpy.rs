//! Another program that signs and verifies: dkimpy, which asks no DNS but the records that it is given.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

/// An RSA key that `name._domainkey.domain` publishes.
pub(crate) struct Key {
    folder: tempfile::TempDir,
    pub(crate) domain: String,
    pub(crate) selector: String,
}

impl Key {
    pub(crate) fn make(selector: &str, domain: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("openssl")
            .args(["genrsa", "-traditional", "-out"])
            .arg(folder.path().join("key.pem"))
            .arg("2048")
            .output()
            .unwrap();
        assert!(made.status.success());
        Self { folder, domain: domain.into(), selector: selector.into() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// Name and text of its record.
    pub(crate) fn record(&self) -> (String, String) {
        let public =
            Command::new("openssl").args(["rsa", "-pubout", "-outform", "DER", "-in"]).arg(self.path()).output();
        let text = format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public.unwrap().stdout));
        (format!("{}._domainkey.{}", self.selector, self.domain), text)
    }

    /// The message with a DKIM signature before it; canonicalisation of header and body.
    pub(crate) fn sign(&self, message: &[u8], header: &str, body: &str) -> Vec<u8> {
        let script = "import dkim, sys\nkey, domain, selector, head, body = sys.argv[1:]\n\
            raw = sys.stdin.buffer.read()\n\
            made = dkim.sign(raw, selector.encode(), domain.encode(), open(key, 'rb').read(),\n\
            \u{20}    canonicalize=(head.encode(), body.encode()))\n\
            sys.stdout.buffer.write(made + raw)\n";
        let key = self.path();
        python(script, &[key.to_str().unwrap(), &self.domain, &self.selector, header, body], message)
    }
}

/// Whether there is one here; said aloud where not.
pub(crate) fn is_there() -> bool {
    let there = Path::new("/usr/bin/python3").exists()
        && Command::new("/usr/bin/python3").args(["-c", "import dkim"]).output().is_ok_and(|out| out.status.success());
    if !there {
        eprintln!("skipped: there is no dkimpy (apt-get install python3-dkim)");
    }
    there
}

pub(crate) fn python(script: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    // Debian's own, for which the package of dkimpy is.
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_owned());
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8(output.stderr).unwrap());
    output.stdout
}

/// What it says of the seals on a message with CR LF line breaks: `cv`, and the reason.
pub(crate) fn seals(message: &[u8], records: &BTreeMap<String, String>) -> (String, String) {
    let script = "import base64, dkim, json, sys\ngiven = json.load(sys.stdin)\n\
        def ask(name, timeout=5):\n    text = given['records'].get(name.decode().rstrip('.').lower())\n    return text.encode() if text else None\n\
        cv, results, reason = dkim.arc_verify(base64.b64decode(given['message']), dnsfunc=ask)\n\
        print(json.dumps([(cv or b'').decode(), reason]))\n";
    let given = json!({ "records": records, "message": STANDARD.encode(message) }).to_string();
    serde_json::from_slice(&python(script, &[], given.as_bytes())).unwrap()
}
