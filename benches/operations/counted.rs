//! Counting with valgrind.

use std::{fs, path::Path, process::Command};

use crate::STEPS;

/// The function that is counted.
const COUNTED: &str = "operations::taken";

/// Why nothing can be counted here.
pub(crate) fn hindrance() -> Option<String> {
    let answers = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Some("the limits were counted on Linux on x86-64".into());
    }
    if !is_x86_64_v3() {
        return Some("the limits were counted on a processor with AVX2".into());
    }
    (!answers("valgrind")).then(|| "valgrind does not run here; Debian has it as the package valgrind".into())
}

#[cfg(target_arch = "x86_64")]
fn is_x86_64_v3() -> bool {
    std::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn is_x86_64_v3() -> bool {
    false
}

/// The compiler, as it names itself: other compilers make other instructions.
pub(crate) fn compiler() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let said = Command::new(rustc).arg("--version").output().map(|out| String::from_utf8(out.stdout));
    said.ok().and_then(Result::ok).map_or_else(|| "unknown".into(), |said| said.trim().to_owned())
}

/// Instructions of each step, in their order.
pub(crate) fn instructions() -> Result<Vec<u64>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let run = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("--dump-after={COUNTED}"))
        .arg(format!("--callgrind-out-file={}", folder.path().join("counts").display()))
        .arg(program)
        .arg("take")
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = || String::from_utf8(run.stderr.clone()).unwrap_or_default();
    if !run.status.success() {
        return Err(format!("the steps could not be taken:\n{}", said()));
    }
    // Each time the function is left, one more file is written.
    let counts: Vec<u64> = (1..).map_while(|at| count(&folder.path().join(format!("counts.{at}")))).collect();
    let counts: Vec<u64> = counts.iter().zip(STEPS).map(|(count, step)| count / step.times as u64).collect();
    match counts.len() == STEPS.len() && !counts.contains(&0) {
        true => Ok(counts),
        false => Err(format!("valgrind counted {counts:?} in {COUNTED}:\n{}", said())),
    }
}

/// What one file of callgrind comes to.
fn count(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("totals:")?.trim().parse().ok())
}
