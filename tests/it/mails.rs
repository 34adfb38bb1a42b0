//! Every message at hand: the corpus's mail, and its newsletter pages wrapped as messages.

use std::path::Path;

use crate::support::{corpus, files, is_message};

/// A message and where it came from.
pub(crate) struct Mail {
    pub(crate) name: String,
    pub(crate) raw: Vec<u8>,
}

/// Everything, in a stable order; `None` where the corpus is not on this machine.
pub(crate) fn corpus_mails() -> Option<Vec<Mail>> {
    let root = corpus("mail")?;
    let mut mails: Vec<Mail> =
        files(&root).into_iter().filter(|path| is_message(&root, path)).map(|path| read(&root, &path)).collect();
    for folder in ["html/newsletters", "html/caniemail"] {
        let root = corpus(folder)?;
        mails.extend(files(&root).into_iter().filter(|path| has_extension(path, "html")).map(|path| {
            let page = read(&root, &path);
            Mail { name: format!("{folder}/{}", page.name), raw: wrapped(&page.raw) }
        }));
    }
    Some(mails)
}

/// A page as the body of a message.
pub(crate) fn wrapped(page: &[u8]) -> Vec<u8> {
    let mut raw =
        b"From: a@sender.example\r\nTo: b@corp.example\r\nMessage-ID: <page@sender.example>\r\nMIME-Version: 1.0\r\n\
        Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            .to_vec();
    raw.extend_from_slice(page);
    raw
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

fn read(root: &Path, path: &Path) -> Mail {
    Mail { name: path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), raw: std::fs::read(path).unwrap() }
}
