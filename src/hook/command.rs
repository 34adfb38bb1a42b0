use std::{
    fmt,
    io::Write as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::HookError;

/// How often a program is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A program that takes JSON on its input. What it writes to its error output goes where ours goes.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    arguments: Vec<String>,
}

impl Program {
    pub(super) fn new(words: &[String]) -> Self {
        let name = words.first().cloned().unwrap_or_default();
        Self { name, arguments: words.iter().skip(1).cloned().collect() }
    }

    /// Runs it once; stopped where it takes longer.
    pub(super) fn run(&self, json: &[u8], limit: Duration) -> Result<(), HookError> {
        let not_run = |error: std::io::Error| HookError::NotRun(self.name.clone(), error.to_string());
        let mut command = Command::new(&self.name);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().map_err(not_run)?;
        let input = child.stdin.take();
        std::thread::scope(|scope| {
            // Beside it: a program that reads nothing would have us wait for ever. It ends with the program.
            scope.spawn(move || input.map(|mut input| input.write_all(json)));
            self.wait(&mut child, Instant::now() + limit)
        })
    }

    fn wait(&self, child: &mut Child, deadline: Instant) -> Result<(), HookError> {
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(HookError::Ended(self.name.clone(), status.to_string())),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(LOOK),
                Ok(None) => break,
                Err(error) => {
                    stop(child);
                    return Err(HookError::NotRun(self.name.clone(), error.to_string()));
                }
            }
        }
        stop(child);
        Err(HookError::TooSlow(self.name.clone()))
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the command {}", self.name)
    }
}

fn stop(child: &mut Child) {
    // One that has ended meanwhile cannot be stopped, and need not be.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(words: &[&str]) -> Program {
        Program::new(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_program_gets_all_of_it_and_says_whether_it_took_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        let long = vec![b'x'; 300_000];
        let take = program(&["sh", "-c", "cat > \"$0\"", path.to_str().unwrap()]);
        take.run(&long, Duration::from_secs(60)).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), long);
        let says_no = program(&["sh", "-c", "exit 3"]).run(&long, Duration::from_secs(60)).unwrap_err();
        assert!(says_no.to_string().contains("exit status: 3"), "{says_no}");
        let none = program(&["/no/such/program"]).run(b"{}", Duration::from_secs(60)).unwrap_err();
        assert!(none.to_string().contains("see `alerts.command`"), "{none}");
    }

    #[test]
    fn a_program_that_reads_nothing_and_never_ends_is_stopped() {
        let program = program(&["sleep", "600"]);
        let stopped = program.run(&vec![b'x'; 300_000], Duration::ZERO);
        assert_eq!(stopped, Err(HookError::TooSlow("sleep".into())));
    }
}
