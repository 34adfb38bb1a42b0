//! Clocks of processors: how long a process, this thread and the whole machine have worked.
//!
//! Time on the clock of the wall is worth little on a machine that others work on too. What is divided by here is the
//! time that the kernel gave to the process under test.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};

/// How long all threads of a process, and of its children, have run.
pub fn of_process(pid: u32) -> Result<Duration> {
    let tasks = format!("/proc/{pid}/task");
    let mut nanos = 0;
    for task in fs::read_dir(&tasks).with_context(|| format!("process {pid} is gone"))? {
        nanos += run_nanos(&task?.path().join("schedstat"));
    }
    Ok(Duration::from_nanos(nanos))
}

/// 0 for a thread that has just ended.
fn run_nanos(file: &Path) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// How long this thread has run.
pub fn of_thread() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Resident memory of a process in bytes.
pub fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024)
}

/// What the machine, this process and its ended children had done at a moment.
pub struct Moment {
    busy: Duration,
    steal: Duration,
    ours: Duration,
}

/// What others did meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Disturbance {
    pub others: Duration,
    pub steal: Duration,
}

impl Moment {
    pub fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let all = stat.lines().next().context("an empty /proc/stat")?;
        let ticks: Vec<u64> = all.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
        let tick = |at: usize| ticks.get(at).copied().unwrap_or(0);
        // user, nice, system, irq, softirq; idle and waiting are none.
        let busy = tick(0) + tick(1) + tick(2) + tick(5) + tick(6);
        let own = fs::read_to_string("/proc/self/stat")?;
        let own: Vec<&str> = own.rsplit_once(')').context("/proc/self/stat")?.1.split_whitespace().collect();
        // utime, stime, and those of children that were waited for: fields 14 to 17 of the line.
        let ours =
            own.get(11..15).context("/proc/self/stat")?.iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Ok(Self { busy: of_ticks(busy), steal: of_ticks(tick(7)), ours: of_ticks(ours) })
    }

    /// What happened since beside us and `also`, which is what processes under test, not yet ended, ran meanwhile.
    pub fn disturbance(&self, also: Duration) -> Result<Disturbance> {
        let now = Self::now()?;
        let others = (now.busy - self.busy).saturating_sub(now.ours.saturating_sub(self.ours)).saturating_sub(also);
        Ok(Disturbance { others, steal: now.steal.saturating_sub(self.steal) })
    }
}

impl Disturbance {
    /// Whether a slice of `length` counts: others had at most 6 % of one processor, and the host stole at most 30 ms.
    pub fn is_clean(self, length: Duration) -> bool {
        self.others <= length.mul_f64(0.06) + Duration::from_millis(20) && self.steal <= Duration::from_millis(30)
    }
}

/// The kernel counts in hundredths of a second, whatever its own tick.
fn of_ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 10)
}
