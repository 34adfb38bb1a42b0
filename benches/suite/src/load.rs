//! How long people wait: at half load, and when there is twice as much as can be borne.

use std::{
    process::{Child, Command},
    thread::sleep,
    time::Duration,
};

use anyhow::Result;

use crate::{
    click::Field,
    flood,
    open_loop::{self, Connections, Outcome},
    paper::Paper,
    slices::{Plan, Spread, take, watched},
    tls::Certificate,
    wrk,
};

/// What one slice came to: what the generator says, and the share of a processor that the server took.
type Taken = (Outcome, f64);
type Figure = (&'static str, fn(&Taken) -> f64);

/// C5: half of `bearable` requests a second, on 64 connections.
pub fn half(field: &Field, plan: Plan, bearable: f64, paper: &mut Paper) -> Result<()> {
    let rate = bearable / 2.0;
    paper.heading("How long a click waits at half load");
    paper.say(&format!(
        "{rate:.0} requests a second, which is half of what both bear; each counted from the moment at which it should \
         have been sent. Microseconds, median (least .. most) of the rounds."
    ));
    let all = [&field.bare, &field.lua, &field.ours, &field.quiet];
    let (ours, quiet) = (2, 3);
    let connections = Connections { first: 64, most: 64 };
    let rounds = take(plan, all.len(), |at, length| {
        let server = &all[at].server;
        let (outcome, cpu, disturbance, length) =
            watched(|| server.ran(), || open_loop::run(server.address, &all[at].paths, rate, length, connections))?;
        Ok(((outcome, cpu.as_secs_f64() / length.as_secs_f64()), disturbance, length))
    })?;
    let figures: [Figure; 3] = [
        ("p50", |(outcome, _)| outcome.p50),
        ("p99", |(outcome, _)| outcome.p99),
        ("p99.9", |(outcome, _)| outcome.p999),
    ];
    let micros = |spread: Spread| format!("{:.0} ({:.0} .. {:.0})", spread.median, spread.least, spread.most);
    let row = |(at, contender): (usize, &&crate::click::Contender)| {
        let mut row = vec![contender.server.name.to_owned()];
        row.extend(figures.iter().map(|(_, figure)| micros(rounds.spread(at, figure))));
        row.push(format!("{:.2}", rounds.spread(at, |(_, cpu)| *cpu).median));
        row.push(format!("{:.0}", rounds.spread(at, |(outcome, _)| outcome.lost).median));
        row
    };
    let rows: Vec<Vec<String>> = all.iter().enumerate().map(row).collect();
    paper.table(&["server", "p50", "p99", "p99.9", "CPU", "unanswered"], &rows);
    paper.say(&rounds.note());
    for (goal, who, at, wanted) in [
        ("C5 p50 at half load", ours, 0, 1.15),
        ("C5 p99 at half load, no events", quiet, 1, 1.25),
        ("C5 p99 at half load", ours, 1, 2.0),
        ("C5 p99.9 at half load", ours, 2, 1.5),
    ] {
        let (name, figure) = figures[at];
        let ratio = rounds.ratio(who, 0, figure);
        let reached = format!("{} ({name} {:.0} us)", ratio.ratio(), rounds.spread(who, figure).median);
        paper.goal(goal, format!("<= {wanted} of nginx"), reached, Some(ratio.median <= wanted));
    }
    let p99 = rounds.spread(ours, figures[1].1).median;
    paper.goal("C5 p99 itself", "<= 250 us", format!("{p99:.0} us"), Some(p99 <= 250.0));
    Ok(())
}

/// C9: half of the processor is taken away, and twice as many requests come as can then be answered.
pub fn over(field: &Field, plan: Plan, paper: &mut Paper) -> Result<()> {
    paper.heading("Twice the load that can be borne");
    let certificate = Certificate::make(field.folder.path())?;
    let (mut server, _) = field.site.serve_with("sekisho serve", Some(&certificate))?;
    server.scheme = "https";
    let paths = &field.ours.paths;
    let _burner = Burner::start()?;
    let (peak, ..) = wrk::slice(&server, paths, "close", plan.slice * 2)?;
    let peak = peak.per_second();
    let before = server.resident()?;
    let length = (plan.slice * 3).max(Duration::from_secs(3));
    let outcome = flood::run(server.address, paths, peak * 2.0, length)?;
    let after = server.resident()?;
    // The rest is answered and the connections are gone.
    sleep(Duration::from_millis(500));
    let (again, ..) = wrk::slice(&server, paths, "close", plan.slice)?;
    paper.say(&format!(
        "Clicks as people make them, over HTTPS and each on a connection of its own. A spinning process on the same \
         processor leaves the server half of it, so that the generator can send twice what it bears ({peak:.0} a second, \
         by wrk on 64 connections). Whoever has no answer after a second has gone. A refusal is a connection that is reset \
         before its handshake. On connections that are kept a refusal would cost nearly what a click does, and nobody \
         could refuse his way out of twice the load.",
    ));
    paper.table(
        &["", ""],
        &[
            vec!["clicks that came, a second".into(), format!("{:.0}", peak * 2.0)],
            vec!["redirected in time, a second".into(), format!("{:.0}", outcome.good)],
            vec!["p50 and p99 of these, ms".into(), format!("{:.0}, {:.0}", outcome.p50 / 1e3, outcome.p99 / 1e3)],
            vec!["refused, a second".into(), format!("{:.0}", outcome.refused / length.as_secs_f64())],
            vec!["p99 of a refusal, ms".into(), format!("{:.1}", outcome.refused_p99 / 1e3)],
            vec!["unanswered in all".into(), format!("{:.0}", outcome.lost)],
            vec![
                "memory before and after, MB".into(),
                format!("{:.0}, {:.0}", before as f64 / 1e6, after as f64 / 1e6),
            ],
            vec!["redirected afterwards, a second".into(), format!("{:.0}", again.per_second())],
        ],
    );
    let goodput = outcome.good / peak;
    paper.goal(
        "C9 redirected in time at twice the load",
        ">= 90 % of the peak",
        format!("{:.0} %", goodput * 100.0),
        Some(goodput >= 0.9),
    );
    let refusal = outcome.refused_p99 / 1e3;
    let told = (outcome.refused > 0.0).then_some(refusal < 50.0);
    paper.goal("C9 a refusal", "< 50 ms", format!("{refusal:.1} ms"), told);
    Ok(())
}

/// Takes half of the processor of servers, for a minute at most.
struct Burner(Child);

impl Burner {
    fn start() -> Result<Self> {
        Ok(Self(Command::new("timeout").args(["60", "taskset", "-c", "0", "sh", "-c", "while :; do :; done"]).spawn()?))
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        // `timeout` hands the signal on to what it runs.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
