//! The click path beside nginx: kept connections, new connections, pages.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    house, nginx,
    paper::Paper,
    process::Server,
    site::{self, Site, ask_of, clean, expect, write_paths},
    slices::{Plan, Rounds, take},
    wrk::{self, Slice},
};

/// Distinct links.
const LINKS: usize = 20_000;

/// Somebody who is measured: a server and what it is asked.
pub struct Contender {
    pub server: Server,
    pub paths: PathBuf,
}

/// Everybody on the click path.
pub struct Field {
    pub site: Site,
    pub folder: tempfile::TempDir,
    pub bare: Contender,
    pub secure: Contender,
    pub lua: Contender,
    pub ours: Contender,
    /// Ours, where clicks that are let through are not recorded.
    pub quiet: Contender,
    pub admin: std::net::SocketAddr,
}

impl Field {
    pub fn start() -> Result<Self> {
        let site = Site::make()?;
        let folder = tempfile::tempdir_in("target")?;
        let here = folder.path();
        let paths = site.links(LINKS, clean)?;
        let links = write_paths(here, "links", &paths)?;
        let peer = |name, answer, paths: Vec<String>| -> Result<Contender> {
            let server = nginx::start(here, name, answer)?;
            expect(server.address, &paths[0], 302)?;
            Ok(Contender { paths: write_paths(here, &name.replace([' ', ','], "-"), &paths)?, server })
        };
        let bare = peer("nginx, `return 302`", nginx::BARE, paths.clone())?;
        let secure = peer("nginx, `secure_link`", nginx::SECURE_LINK, nginx::secure_paths(LINKS))?;
        let lua = peer("nginx, Lua: HMAC-SHA256 and shared dict", nginx::LUA, nginx::lua_paths(LINKS))?;
        expect(secure.server.address, &nginx::secure_paths(1)[0].replace("md5=", "md5=x"), 403)?;
        expect(lua.server.address, &nginx::lua_paths(1)[0].replace("/c/", "/c/x"), 404)?;
        let (ours, admin) = site.serve("sekisho serve")?;
        expect(ours.address, &paths[0], 302)?;
        expect(ours.address, &house::with_another_tag(&paths[0]), 404)?;
        let ours = Contender { server: ours, paths: links.clone() };
        let (quiet, _) = site.serve_quietly("sekisho serve, no events")?;
        expect(quiet.address, &paths[0], 302)?;
        let quiet = Contender { server: quiet, paths: links };
        Ok(Self { site, folder, bare, secure, lua, ours, quiet, admin })
    }

    /// What the click log says of itself.
    fn log_says(&self) -> Result<String> {
        let ready = ask_of(&self.admin.to_string(), self.admin, "/readyz")?;
        let part = ready.split_once("\"part\":\"click log\"").map_or("", |(_, rest)| rest);
        let says = part.split_once("\"says\":\"").and_then(|(_, rest)| rest.split_once('"'));
        Ok(says.map_or_else(|| "nothing".to_owned(), |(says, _)| says.to_owned()))
    }
}

fn rounds(plan: Plan, contenders: &[&Contender], connection: &str) -> Result<Rounds<Slice>> {
    take(plan, contenders.len(), |at, length| {
        let contender = contenders[at];
        wrk::slice(&contender.server, &contender.paths, connection, length)
    })
}

pub fn row(contender: &Contender, rounds: &Rounds<Slice>, at: usize) -> Result<Vec<String>> {
    let ratio = if at == 0 { "1".into() } else { rounds.ratio(at, 0, Slice::per_cpu_second).ratio() };
    Ok(vec![
        contender.server.name.to_owned(),
        format!("{:.0}", rounds.spread(at, Slice::per_second).median),
        format!("{:.0}", rounds.spread(at, Slice::per_cpu_second).median),
        format!("{:.2}", rounds.spread(at, Slice::micros).median),
        ratio,
        format!("{:.0}", contender.server.resident()? as f64 / 1e6),
    ])
}

pub const HEAD: [&str; 6] =
    ["server", "requests/s", "per CPU-second", "us CPU a request", "ratio to the first", "RSS, MB"];

/// Kept connections: C2 and C3. Returns requests a second that both nginx and we bear.
pub fn kept(field: &Field, plan: Plan, paper: &mut Paper) -> Result<f64> {
    paper.heading("A click on a connection that is kept");
    paper.say(&format!(
        "{LINKS} links to destinations of about 90 bytes, requests of about 600 bytes as a browser sends them, 64 \
         connections, one worker each; every server on processor 0, wrk on processor 1, slices of {} s in turn. Our server \
         proves the link, looks the destination up in {} entries, decides, and keeps an event on the disk. SQLite takes events \
         over behind it, in a storm with one twentieth of a processor (docs/SPOOL.md): most of them wait when the storm is \
         over, and what they cost then is not in these figures. Without events it serves a policy that records only clicks that \
         are stopped.",
        plan.slice.as_secs(),
        site::LISTED
    ));
    let all = [&field.bare, &field.secure, &field.lua, &field.ours, &field.quiet];
    let rounds = rounds(plan, &all, "keep-alive")?;
    let rows = all.iter().enumerate().map(|(at, contender)| row(contender, &rounds, at)).collect::<Result<Vec<_>>>()?;
    paper.table(&HEAD, &rows);
    paper.say(&rounds.note());
    paper.say(&format!("The click log after it: {}.", field.log_says()?));
    let (ours, quiet) = (3, 4);
    for (goal, who, beside, whom, wanted) in [
        ("C1 proven and judged redirect without events, per CPU", quiet, 0, "bare nginx", 0.88),
        ("C2 the same with its event kept", ours, 0, "bare nginx", 0.8),
        ("C3 without events beside nginx with Lua", quiet, 2, "it", 1.7),
        ("C3 with events beside nginx with Lua", ours, 2, "it", 1.5),
    ] {
        let ratio = rounds.ratio(who, beside, Slice::per_cpu_second);
        paper.goal(goal, format!(">= {wanted} of {whom}"), ratio.ratio(), Some(ratio.median >= wanted));
    }
    Ok(rounds.spread(0, Slice::per_second).median.min(rounds.spread(ours, Slice::per_second).median))
}

/// A new connection for each request: C7.
pub fn new_connections(field: &Field, plan: Plan, paper: &mut Paper) -> Result<()> {
    paper.heading("A new connection for each click");
    let all = [&field.bare, &field.ours];
    let rounds = rounds(plan, &all, "close")?;
    let rows = all.iter().enumerate().map(|(at, contender)| row(contender, &rounds, at)).collect::<Result<Vec<_>>>()?;
    paper.table(&HEAD, &rows);
    paper.say(&rounds.note());
    let ratio = rounds.ratio(1, 0, Slice::per_cpu_second);
    paper.goal("C7 new connection a request, per CPU", ">= 0.80 of nginx", ratio.ratio(), Some(ratio.median >= 0.8));
    Ok(())
}

/// What a page costs beside a redirect: C10.
pub fn pages(field: &Field, plan: Plan, paper: &mut Paper) -> Result<()> {
    paper.heading("A page instead of a redirect");
    let here = field.folder.path();
    let blocked = field.site.links(2_000, |at| format!("https://www.listed-{at}.example/autumn/item-{at:06}?a=b"))?;
    let warned = field.site.links(2_000, |at| format!("https://shop.example@www.evil{at}.example.com/sign-in?a=b"))?;
    let address = field.ours.server.address;
    expect(address, &blocked[0], 403)?;
    expect(address, &warned[0], 200)?;
    let kinds = [
        ("redirect", field.ours.paths.clone()),
        ("warning", write_paths(here, "warned", &warned)?),
        ("block", write_paths(here, "blocked", &blocked)?),
    ];
    let rounds =
        take(plan, kinds.len(), |at, length| wrk::slice(&field.ours.server, &kinds[at].1, "keep-alive", length))?;
    let rows: Vec<Vec<String>> = kinds
        .iter()
        .enumerate()
        .map(|(at, (name, _))| {
            let ratio = rounds.ratio(at, 0, Slice::micros);
            vec![(*name).to_owned(), format!("{:.2}", rounds.spread(at, Slice::micros).median), ratio.ratio()]
        })
        .collect();
    paper.table(&["answer", "us CPU a request", "of a redirect"], &rows);
    paper.say(&rounds.note());
    let worst = rounds.ratio(1, 0, Slice::micros).median.max(rounds.ratio(2, 0, Slice::micros).median);
    paper.goal("C10 block and warning page", "<= 1.10 of a redirect's CPU", format!("{worst:.2}"), Some(worst <= 1.1));
    Ok(())
}
