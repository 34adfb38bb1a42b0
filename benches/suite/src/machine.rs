//! What machine this is, and what runs on it.

use std::{fs, process::Command};

/// The first line of what a program says of itself, on either of its outputs.
fn said(program: &str, arguments: &[&str]) -> String {
    let out = Command::new(program).args(arguments).output();
    let text = out.map(|out| [out.stdout, out.stderr].concat()).unwrap_or_default();
    let line = text.split(|byte| *byte == b'\n').find(|line| !line.is_empty()).unwrap_or_default();
    line.utf8_chunks().map(|chunk| chunk.valid()).collect::<String>().trim().to_owned()
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once([':', '=']));
    line.map(|(_, value)| value.trim().trim_matches('"').to_owned()).unwrap_or_default()
}

/// Today, as `2026-11-24`.
pub fn today() -> String {
    said("date", &["-u", "+%Y-%m-%d %H:%M UTC"])
}

/// Machine and versions, as a list.
pub fn describe() -> Vec<(&'static str, String)> {
    let memory: u64 = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let flag = |name: &str| field("/proc/cpuinfo", "flags").split(' ').any(|flag| flag == name);
    let has = ["sha_ni", "avx2", "avx512f"].into_iter().filter(|name| flag(name)).collect::<Vec<_>>().join(", ");
    let python = "import sys, lxml.etree, bs4; print('Python', sys.version.split()[0] + ', lxml', lxml.etree.__version__ \
                  + ', BeautifulSoup', bs4.__version__)";
    vec![
        ("processor", format!("{} x {} ({has})", processors, field("/proc/cpuinfo", "model name"))),
        ("memory", format!("{:.0} GiB", memory as f64 / 1_048_576.0)),
        ("system", format!("{}, Linux {}", field("/etc/os-release", "PRETTY_NAME"), said("uname", &["-r"]))),
        ("compiler", said("rustc", &["--version"])),
        ("commit", said("git", &["describe", "--always", "--dirty"])),
        ("nginx", said("nginx", &["-v"])),
        ("wrk", said("wrk", &["-v"])),
        ("python", said("python3", &["-c", python])),
    ]
}
