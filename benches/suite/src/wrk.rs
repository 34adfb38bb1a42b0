//! Requests one after another on many connections, with wrk.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};

use crate::{
    cpu::Disturbance,
    process::{Server, on_generator_cpu},
    site,
    slices::watched,
};

/// What one slice of requests came to.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    pub requests: f64,
    pub wall: f64,
    /// Seconds of processor that the server took.
    pub cpu: f64,
}

impl Slice {
    pub fn per_cpu_second(&self) -> f64 {
        self.requests / self.cpu
    }

    pub fn micros(&self) -> f64 {
        self.cpu / self.requests * 1e6
    }

    pub fn per_second(&self) -> f64 {
        self.requests / self.wall
    }
}

/// Prebuilt requests, one after another from a table: as little work for the generator as it can have.
const SCRIPT: &str = r#"
local all, at = {}, 0
for path in io.lines(os.getenv("PERF_PATHS")) do
    all[#all + 1] = "GET " .. path .. " HTTP/1.1\r\n" .. os.getenv("PERF_HEADERS")
end
request = function()
    at = at % #all + 1
    return all[at]
end
done = function(summary)
    io.write(string.format("PERF %d %d %d %d\n", summary.requests, summary.duration,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
        summary.errors.status))
end
"#;

/// Runs wrk against `server` for `length`. `paths`: a file of paths; `connection` as in [`site::headers`].
pub fn slice(
    server: &Server,
    paths: &Path,
    connection: &str,
    length: Duration,
) -> Result<(Slice, Disturbance, Duration)> {
    let script = paths.with_extension("lua");
    fs::write(&script, SCRIPT)?;
    let (out, cpu, disturbance, length) = watched(
        || server.ran(),
        || {
            let mut wrk = on_generator_cpu("wrk");
            // wrk knows whole seconds.
            wrk.args(["-t1", "-c64", &format!("-d{}s", length.as_secs().max(1))]).arg("-s").arg(&script);
            wrk.arg(format!("{}://{}/", server.scheme, server.address));
            wrk.env("PERF_PATHS", paths).env("PERF_HEADERS", site::headers(connection));
            Ok(String::from_utf8(wrk.output().context("wrk does not start")?.stdout)?)
        },
    )?;
    let line = out.lines().find_map(|line| line.strip_prefix("PERF ")).with_context(|| format!("wrk said: {out}"))?;
    let numbers: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
    let [requests, micros, errors, _] = numbers[..] else { anyhow::bail!("wrk said {line}") };
    ensure!(errors <= requests / 1_000.0, "{}: {errors} of {requests} requests failed", server.name);
    Ok((Slice { requests, wall: micros / 1e6, cpu: cpu.as_secs_f64() }, disturbance, length))
}
