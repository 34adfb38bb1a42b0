//! A thousand configurations gone wrong, always the same ones: each counts, or is refused with its place and a sentence,
//! and a running gate goes on with what it had.

use std::{fs, path::Path};

use sekisho::{
    app::{Gate, Origin, Station, make_ring},
    base::Timestamp,
    config::{Config, ConfigError, Environment, Overrides, Place, Problems, Source, example},
};

const MUTATIONS: u64 = 1_000;
const SEED: u64 = 0x5eed_0001;

const ONE: &str =
    "data_dir = \"data\"\n\n[[tenant]]\nid = 1\nname = \"Example\"\nbase_url = \"https://go.corp.example\"\n";

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end.max(1) as u64).unwrap()
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// A folder for a configuration, with the file that the example names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("logo.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    folder
}

/// Every key written out: what stands behind `#` in the example as well.
fn whole() -> String {
    let prose = |line: &&str| line.starts_with("# ") && !line.contains(" = ") && !line.starts_with("# [");
    let lines = example();
    let lines = lines.lines().filter(|line| !prose(line)).map(|line| line.strip_prefix("# ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

const VALUES: &[&str] = &[
    "1",
    "-1",
    "0",
    "99999999999999999999999999",
    "9223372036854775807",
    "0x7fffffffffffffff",
    "1e400",
    "nan",
    "true",
    "1979-05-27T07:32:00Z",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"a\\nb: c\"",
    "'''\nx'''",
    "[]",
    "[[]]",
    "[1, \"x\"]",
    "{}",
    "{ a = { b = 1 } }",
    "\"256.0.0.1:80\"",
    "\"[::1\"",
    "\"127.0.0.1:99999\"",
    "\"0.0.0.0:1\"",
    "\"::\"",
    "\"http://\"",
    "\"https://a b/\"",
    "\"https://example.com/?q\"",
    "\"https://ex%00ample.com\"",
    "\"mailto:\"",
    "\"mailto:a@b@c\"",
    "\"javascript:alert(1)\"",
    "\"../../../../etc/passwd\"",
    "\"\u{202e}\u{1f4a9}\"",
    "",
    "\"",
    "=",
];

const KEYS: &[&str] =
    &["listn", "Tenant", "policy.x", "\"\"", "listen.address", "täglich", "id", "a.b.c.d.e", "limits"];

fn mutate(dice: &mut Dice, text: &str) -> Vec<u8> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=dice.below(3) {
        let at = dice.below(lines.len());
        let other = dice.below(lines.len());
        match dice.below(13) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines.swap(at, other),
            3 => lines.truncate(at + 1),
            4 => {
                let name = lines[at].split('=').next().unwrap_or_default().trim().to_owned();
                lines[at] = format!("{name} = {}", dice.one_of(VALUES));
            }
            5 => lines.insert(at, format!("{} = {}", dice.one_of(KEYS), dice.one_of(VALUES))),
            6 => lines.insert(
                at,
                dice.one_of(&["[x]", "[[limits]]", "[tenant]", "[[", "]]", "[[tenant]]", "[limits"]).into(),
            ),
            7 => {
                let depth = 1 + dice.below(5_000);
                lines[at] = format!("x = {}{}", "[".repeat(depth), "]".repeat(depth));
            }
            8 => lines[at] = format!("x = {}1{}", "{ a = ".repeat(200), " }".repeat(200)),
            9 => lines[at] += &"#".repeat(dice.below(100_000)),
            _ => {
                let mut chars: Vec<char> = lines[at].chars().collect();
                let place = dice.below(chars.len());
                let new = ['"', '\0', '=', '[', '\\', '\u{feff}', '\r', '0', 'é', ' ', '.'][dice.below(11)];
                match chars.get_mut(place) {
                    Some(char) => *char = new,
                    None => chars.push(new),
                }
                lines[at] = chars.into_iter().collect();
            }
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
    }
    let mut bytes = lines.join("\n").into_bytes();
    if dice.below(8) == 0 {
        let at = dice.below(bytes.len() + 1);
        bytes.insert(at, 0x80 | dice.roll() as u8);
    }
    bytes
}

fn all() -> impl Iterator<Item = Vec<u8>> {
    let bases = [whole(), ONE.to_owned(), example()];
    let mut dice = Dice(SEED);
    (0..MUTATIONS).map(move |number| mutate(&mut dice, &bases[(number % 3) as usize]))
}

fn assert_told(problems: &Problems, path: &Path, bytes: &[u8]) {
    assert!(!problems.0.is_empty());
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    for problem in &problems.0 {
        let (line, column) = problem.at.unwrap_or_else(|| panic!("no place: {problem}"));
        assert!((1..=lines).contains(&line) && column >= 1, "{problem} of {lines} lines");
        assert_eq!(problem.file, path.display().to_string());
        let sentence = problem.what.trim();
        assert!(sentence.len() > 10 && sentence.contains(' ') && !sentence.contains('\n'), "{problem}");
        assert!(sentence.len() < 1_000, "{problem}");
        assert!(!problem.to_string().contains('\0') && !problem.to_string().contains('\u{202e}'), "{problem:?}");
    }
}

#[test]
fn a_thousand_wrong_configurations_are_each_refused_with_a_place_or_count() {
    let folder = folder();
    let path = folder.path().join("sekisho.toml");
    let place = Place::File(path.clone());
    let (mut counted, mut refused) = (0, 0);
    for bytes in all() {
        fs::write(&path, &bytes).unwrap();
        match place.look(&Overrides::default()) {
            Ok(config) => {
                counted += 1;
                assert!(!config.unwrap().tenants.is_empty());
            }
            Err(ConfigError::Wrong(problems)) => {
                refused += 1;
                assert_told(&problems, &path, &bytes);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(
        counted > 50 && refused > 500,
        "{counted} count, {refused} refused: the mutations are too tame or too wild"
    );
}

/// A gate on [`ONE`], not listening.
fn gate(folder: &Path, path: &Path) -> (Station, std::sync::Arc<Gate>) {
    fs::write(path, ONE).unwrap();
    make_ring(&folder.join("data/keyring.toml"), Timestamp::from_secs(1_795_492_800)).unwrap();
    let source = Source { place: Place::File(path.to_owned()), overrides: Overrides::default() };
    let (station, _) = Station::open(source.load().unwrap().0, Origin::Named).unwrap();
    let gate = station.gate();
    (station, gate)
}

#[test]
fn what_is_refused_leaves_a_running_gate_as_it_was() {
    let folder = folder();
    let path = folder.path().join("sekisho.toml");
    let (_station, gate) = gate(folder.path(), &path);
    let before = gate.settings();
    let mut refused = 0;
    for bytes in all() {
        fs::write(&path, &bytes).unwrap();
        if Place::File(path.clone()).look(&Overrides::default()).is_ok() {
            continue;
        }
        refused += 1;
        let renewal = gate.reload();
        let part = &renewal.parts[0];
        assert_eq!((part.part, part.taken, part.refused), ("configuration", 1, refused));
        assert!(part.problem.as_ref().is_some_and(|problem| problem.contains("sekisho.toml")), "{part:?}");
        assert_eq!(gate.settings(), before);
    }
    fs::write(&path, ONE.replace("Example", "Another")).unwrap();
    assert_eq!(gate.reload().parts[0].taken, 2);
    assert_ne!(gate.settings(), before);
}

#[test]
fn wrong_variables_are_refused_by_name_or_count() {
    let mut dice = Dice(SEED);
    for _ in 0..300 {
        let name = dice.one_of(&[
            "SEKISHO_LISTEN",
            "SEKISHO_TENANT__1__NAME",
            "SEKISHO_TENANT__65536__NAME",
            "SEKISHO_TENANT____",
            "SEKISHO___",
            "SEKISHO_LIMITS__CONNECTIONS",
            "SEKISHO_TRUSTED_PROXIES",
            "SEKISHO_TENANT__1__RETIRED_BASE_URLS",
            "SEKISHO_\u{202e}",
        ]);
        let value = dice.one_of(VALUES);
        let environment = Environment::of([(name.into(), value.into())]);
        let overrides = Overrides { environment, ..Overrides::default() };
        if let Err(problems) = Config::read(Path::new("s.toml"), ONE, &overrides) {
            assert!(
                problems.0.iter().any(|problem| problem.to_string().contains("SEKISHO_")),
                "{name}={value}: {problems}"
            );
        }
    }
}
