//! The Debian package and the units: what is in them, and that what they call is there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn ran(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let told = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", told.escape_ascii());
    output
}

fn units() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("packaging/systemd")).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "service")).collect()
}

#[test]
fn the_package_holds_a_program_that_runs_and_units_that_systemd_takes() {
    let work = tempfile::tempdir().unwrap();
    let built = ran(Command::new(root().join("packaging/debian/build"))
        .args(["--binary", env!("CARGO_BIN_EXE_sekisho"), "--fast", "--out"])
        .arg(work.path()));
    let package = String::from_utf8(built.stdout).unwrap();
    let system = work.path().join("system");
    ran(Command::new("dpkg-deb").arg("-x").arg(package.trim()).arg(&system));
    let fields = ran(Command::new("dpkg-deb").arg("-f").arg(package.trim()));
    let fields = String::from_utf8(fields.stdout).unwrap();
    assert!(fields.contains(&format!("\nVersion: {}\n", env!("CARGO_PKG_VERSION"))), "{fields}");

    let program = system.join("usr/bin/sekisho");
    let told = ran(Command::new(&program).arg("--version"));
    assert_eq!(told.stdout, format!("sekisho {}\n", env!("CARGO_PKG_VERSION")).into_bytes());
    let example = system.join("usr/share/doc/sekisho/examples/sekisho.toml");
    let check = Command::new(&program).args(["config", "check", "--config"]).arg(&example).output().unwrap();
    assert!(check.status.success(), "{}", check.stderr.escape_ascii());

    let installed = system.join("usr/lib/systemd/system");
    for unit in units() {
        // As it is installed, but that the program lies where it was unpacked.
        let unit = installed.join(unit.file_name().unwrap());
        let text = fs::read_to_string(&unit).unwrap();
        fs::write(&unit, text.replace("/usr/bin/sekisho", program.to_str().unwrap())).unwrap();
        ran(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit));
        // What it may do on the machine is little: 0 is nothing, 10 everything.
        ran(Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold=25"])
            .arg(&unit));
    }
}

/// A unit that calls an option which is no more would fail at its next start, on the machine of somebody else.
#[test]
fn units_call_commands_as_they_are() {
    let mut called = BTreeSet::new();
    for unit in units() {
        let text = fs::read_to_string(&unit).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("ExecStart")) {
            let words: Vec<&str> = line.split('=').nth(1).unwrap().split(' ').collect();
            assert_eq!(words[0], "/usr/bin/sekisho", "{}", unit.display());
            let command = words[1];
            let help = ran(Command::new(env!("CARGO_BIN_EXE_sekisho")).args([command, "--help"]));
            let help = String::from_utf8(help.stdout).unwrap();
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(option), "{option} of {}", unit.display());
            }
            called.insert(command.to_owned());
        }
        assert!(text.contains("\nType=notify\n") && text.contains("\nWatchdogSec="), "{}", unit.display());
    }
    let all = ["api", "config", "filter", "milter", "serve"];
    assert!(called.iter().eq(&all), "{called:?}");
}

#[test]
fn the_scripts_of_the_package_are_sound() {
    for name in ["postinst", "prerm", "postrm", "build"] {
        let shell = if name == "build" { "bash" } else { "sh" };
        ran(Command::new(shell).arg("-n").arg(root().join("packaging/debian").join(name)));
    }
    // A service that runs is restarted by a new version, and stopped when the package goes.
    for name in ["postinst", "prerm"] {
        let text = fs::read_to_string(root().join("packaging/debian").join(name)).unwrap();
        for unit in units() {
            let unit = unit.file_name().unwrap().to_string_lossy().into_owned();
            assert!(text.contains(&format!(" {unit}")), "{unit} in {name}");
        }
    }
}
