//! A click over HTTPS on a connection of its own: what most clicks of people are.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, ensure};

use crate::{
    click::{Contender, Field, HEAD, row},
    nginx,
    paper::Paper,
    slices::{Plan, take},
    wrk::{self, Slice},
};

/// A certificate and its key, in PEM.
pub struct Certificate {
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// One for ECDSA with P-256 that nobody vouches for.
    pub fn make(folder: &Path) -> Result<Self> {
        let folder = folder.canonicalize()?;
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=go.perf.example", "-addext"]);
        command.args([
            "subjectAltName=DNS:go.perf.example",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ]);
        command.arg("-keyout").arg(&key).arg("-out").arg(&chain).stdin(Stdio::null()).stderr(Stdio::null());
        ensure!(command.status()?.success(), "openssl makes no certificate");
        Ok(Self { chain, key })
    }
}

/// C8: a whole TLS 1.3 handshake for each request.
pub fn measure(field: &Field, plan: Plan, paper: &mut Paper) -> Result<()> {
    paper.heading("A click over HTTPS on a connection of its own");
    paper.say(
        "A whole TLS 1.3 handshake for each request, ECDSA with P-256 and X25519 on both sides, nothing resumed. The \
         generator does as much work as the server and has one processor, so requests a second say little.",
    );
    let certificate = Certificate::make(field.folder.path())?;
    let mut bare = nginx::start_with(field.folder.path(), "nginx, `return 302`", nginx::BARE, Some(&certificate))?;
    let (mut ours, _) = field.site.serve_with("sekisho serve", Some(&certificate))?;
    (bare.scheme, ours.scheme) = ("https", "https");
    let paths = || field.ours.paths.clone();
    let all = [Contender { server: bare, paths: paths() }, Contender { server: ours, paths: paths() }];
    let rounds = take(plan, all.len(), |at, length| {
        let contender = &all[at];
        wrk::slice(&contender.server, &contender.paths, "close", length)
    })?;
    let rows = all.iter().enumerate().map(|(at, contender)| row(contender, &rounds, at)).collect::<Result<Vec<_>>>()?;
    paper.table(&HEAD, &rows);
    paper.say(&rounds.note());
    let ratio = rounds.ratio(1, 0, Slice::per_cpu_second);
    paper.goal("C8 full handshakes, per CPU", ">= 1.0 of nginx", ratio.ratio(), Some(ratio.median >= 1.0));
    Ok(())
}
