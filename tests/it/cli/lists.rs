//! Changes to lists from the command line: what is shown, what is written, what is refused.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::Value;

use super::{CANNOT_CREATE, DATA, Folder, NO_INPUT, Ran, USAGE, run_with};

const BLOCK: &str = "# ours\n@action block\n\nwide.example ; reason=\"Known\" # keep\n=https://one.example/x\n# end\n";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("blocklists/block.list", BLOCK);
    folder.write("blocklists/allow.list", "@action allow\n=ok.wide.example\nfree.example\n");
    folder.write("blocklists/never.list", "@action never-block\n=www.busy.example\n");
    folder
}

fn text(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.join(&format!("blocklists/{name}.list"))).unwrap()
}

fn relations(ran: &Ran) -> Vec<String> {
    let told = |told: &Value| format!("{} {}:{}", told["relation"], told["list"], told["line"]).replace('"', "");
    ran.json()[0]["relations"].as_array().unwrap().iter().map(told).collect()
}

#[test]
fn an_entry_is_added_at_the_end_and_nothing_else_moves() {
    let folder = folder();
    let file = folder.join("blocklists/block.list");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let with = [
        "list",
        "add",
        "bad.example/login/*",
        "--reason",
        "Fake \"sign-in\"",
        "--by",
        "alice",
        "--until",
        "2030-12-31",
        "--ref",
        "INC-7",
    ];
    let line = "bad.example/login/* ; reason=\"Fake \\\"sign-in\\\"\" by=alice until=2030-12-31 ref=INC-7";
    let dry = folder.run(&[&with[..], &["--dry-run"]].concat()).ok().says(&["nothing was written"]);
    assert_eq!(dry.out, format!("+ block.list:7: {line}\n"));
    assert_eq!(text(&folder, "block"), BLOCK);
    assert_eq!(folder.run(&with).ok().out, dry.out);
    assert_eq!(text(&folder, "block"), format!("{BLOCK}{line}\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(folder.join("blocklists")).unwrap().count(), 3, "nothing is left beside it");
    folder.run(&["list", "check"]).ok();
    let told = folder.run(&["list", "explain", "--json", "https://bad.example/login/x"]).ok().json();
    assert_eq!(told[0]["hits"][0]["reason"], "Fake \"sign-in\"");
}

#[test]
fn what_an_entry_has_to_do_with_others_is_shown() {
    let folder = folder();
    let add = |entry: &str, to: &str| folder.run(&["list", "add", entry, "--to", to, "--dry-run", "--json"]).ok();
    assert_eq!(relations(&add("a.wide.example", "block")), ["covered-by block:4"]);
    assert_eq!(relations(&add("one.example", "block")), ["covers block:5"]);
    assert_eq!(relations(&add("=ok.wide.example", "block")), ["covered-by block:4", "beats allow:2"]);
    assert_eq!(relations(&add("=https://ok.wide.example/x", "allow")), ["covered-by allow:2", "beats block:4"]);
    assert_eq!(relations(&add("free.example", "block")), ["beats allow:3"]);
    assert_eq!(relations(&add("free.example/x/*", "block")), ["beats allow:3"]);
    assert_eq!(relations(&add("com.example", "block")), [""; 0]);
    let same = add("WIDE.example.", "block");
    assert_eq!(relations(&same), ["same block:4", "beaten-by allow:2"]);
    assert_eq!((&same.json()[0]["change"], &same.json()[0]["written"]), (&Value::Null, &Value::Bool(false)));
    // For people it is a sentence.
    folder
        .run(&["list", "add", "a.wide.example", "--dry-run"])
        .ok()
        .says(&["is covered already by block.list:4: wide"]);
    folder.run(&["list", "add", "WIDE.example"]).ok().says(&["is there already", "nothing was written"]);
    folder.run(&["list", "add", "wide.example", "--to", "allow", "--dry-run"]).ok().says(&["beaten where both match"]);
    assert_eq!(text(&folder, "block"), BLOCK);
}

#[test]
fn a_bad_entry_is_refused_with_the_reason() {
    let folder = folder();
    let refused = |args: &[&str], words: &[&str], code| {
        _ = folder.run(&[&["list", "add"], args].concat()).refused(code, words);
    };
    refused(&["com"], &["column 1", "public suffix", "confirm=suffix"], DATA);
    refused(&["bad.example/x"], &["column 14", "/*"], DATA);
    refused(&["www.busy.example"], &["never-block"], DATA);
    refused(&["=localhost"], &["our own links"], DATA);
    refused(&["# x"], &["no entry"], USAGE);
    refused(&["a.example\nb.example"], &["no entry"], USAGE);
    refused(&["@action allow"], &["no entry"], USAGE);
    refused(&["a.example", "--reason", "x\ny"], &["line end"], USAGE);
    refused(&["a.example", "--until", "2026-02-30"], &["--until", "not a day"], USAGE);
    refused(&["a.example", "--confirm", "all"], &["suffix and never-block"], USAGE);
    refused(&["a.example", "--to", "nowhere"], &["no list \"nowhere\"", "--action"], NO_INPUT);
    refused(&["a.example", "--to", "../x"], &["no name of a list"], USAGE);
    refused(&["a.example", "--to", "block", "--action", "allow"], &["says `@action block`, not allow"], USAGE);
    assert_eq!(text(&folder, "block"), BLOCK);
    folder.run(&["list", "add", "github.io", "--confirm", "suffix"]).ok();
    folder.run(&["list", "add", "www.busy.example", "--confirm", "never-block"]).ok();
    folder.run(&["list", "add", "=b.example", "--to", "mine", "--action", "allow"]).ok();
    assert_eq!(text(&folder, "mine"), "@action allow\n\n=b.example\n");
    assert!(text(&folder, "block").ends_with("github.io ; confirm=suffix\nwww.busy.example ; confirm=never-block\n"));
    folder.run(&["list", "check"]).ok();
    // A list whose new version would not count is named.
    folder.write("blocklists/block.list", "com\n");
    folder.run(&["list", "add", "a.example"]).ok().says(&["block.list:1:1", "last good version"]);
    folder.write("blocklists/block.list", "@acton block\n");
    folder.run(&["list", "add", "a.example"]).refused(DATA, &["a directive of", "mend it first"]);
}

#[test]
fn an_entry_is_removed_and_nothing_else_moves() {
    let folder = folder();
    let gone = folder.run(&["list", "remove", "Wide.Example.", "--dry-run"]).ok();
    assert_eq!(gone.out, "- block.list:4: wide.example ; reason=\"Known\" # keep\n");
    assert_eq!(text(&folder, "block"), BLOCK);
    let gone = folder.run(&["list", "remove", "Wide.Example.", "--json"]).ok().json();
    assert_eq!((&gone[0]["written"], &gone[0]["changes"][0]["line"]), (&true.into(), &4.into()));
    assert_eq!(text(&folder, "block"), BLOCK.replace("wide.example ; reason=\"Known\" # keep\n", ""));
    folder.run(&["list", "remove", "wide.example"]).refused(NO_INPUT, &["no list has the entry wide.example"]);
    folder.run(&["list", "remove", "a.free.example"]).refused(NO_INPUT, &["allow.list:3: free.example"]);
    folder.run(&["list", "remove", "a b"]).refused(USAGE, &["no entry"]);
    folder.write("blocklists/more.list", "one.example\n\n=https://one.example/x\n=https://one.example/x ; by=x\n");
    folder.run(&["list", "remove", "=https://one.example/x"]).refused(USAGE, &["block, more", "--from"]);
    folder.run(&["list", "remove", "=https://one.example/x", "--from", "more.list"]).ok();
    assert_eq!(text(&folder, "more"), "one.example\n\n", "every line that says it goes");
}

#[test]
fn a_symbolic_link_stays_one_and_a_folder_that_cannot_be_written_is_told() {
    let folder = folder();
    fs::rename(folder.join("blocklists/block.list"), folder.join("kept.txt")).unwrap();
    std::os::unix::fs::symlink("../kept.txt", folder.join("blocklists/block.list")).unwrap();
    folder.run(&["list", "add", "a.example"]).ok();
    assert!(fs::symlink_metadata(folder.join("blocklists/block.list")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(folder.join("kept.txt")).unwrap(), format!("{BLOCK}a.example\n"));
    fs::remove_file(folder.join("blocklists/block.list")).unwrap();
    fs::create_dir(folder.join("blocklists/block.list")).unwrap();
    let code = folder.run(&["list", "add", "a.example"]).code;
    assert!([super::IO, CANNOT_CREATE].contains(&code), "{code}");
}

#[test]
fn an_import_is_shown_and_written_only_when_that_is_said() {
    let folder = folder();
    let file = folder.write(
        "feed.txt",
        "127.0.0.1 localhost\n0.0.0.0 a.example\n0.0.0.0 com\n0.0.0.0 a.example\n0.0.0.0 \
         wide.example\n0.0.0.0 b.a.example\n0.0.0.0 www.busy.example",
    );
    let import = |more: &[&str]| folder.run(&[&["list", "import", &file, "--to", "block"], more].concat());
    let shown = import(&["--narrow"]).ok().says(&["read as hosts: its lines are", "no end", "--yes writes it"]);
    for words in [
        "refused  3:9: \"com\": \"com\" is a public suffix",
        "www.busy.example\": this would block \"www.busy.example\", which is on the never-block list",
        "2 taken, 2 refused, 1 duplicates, 1 covered by wider ones, 1 in ",
        ": 1 new\n",
    ] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    assert_eq!(text(&folder, "block"), BLOCK);
    let told = import(&["--json", "--format", "hosts", "--yes"]).ok().json();
    assert_eq!((&told[0]["new"], &told[0]["known"], &told[0]["written"]), (&2.into(), &1.into(), &true.into()));
    assert_eq!(told[0]["refused"].as_array().unwrap().len(), 2);
    let written = text(&folder, "block");
    assert!(written.starts_with(&format!("{BLOCK}# 2 from feed.txt (hosts), 2")), "{written}");
    assert!(written.ends_with("Z\na.example\nb.a.example\n"), "{written}");
    folder.run(&["list", "check"]).ok();
    import(&["--yes"]).ok().says(&["nothing is new"]);
    assert_eq!(text(&folder, "block"), written);
    // What it makes bad elsewhere is said.
    let args = ["list", "import", "-", "--to", "never", "--format", "urls", "--yes"];
    assert!(run_with(&folder.with(&args), b"https://wide.example/\n").ok().out.contains("holds hosts"));
    let args = ["list", "import", "-", "--to", "never", "--format", "domains", "--yes"];
    run_with(&folder.with(&args), b"wide.example\n").ok().says(&["block.list:4:1", "last good version"]);
    // Into a list that is made, from stdin, with what plain names stand for.
    let args = [
        "list", "import", "-", "--to", "new", "--format", "domains", "--names", "hosts", "--action", "internal",
        "--yes",
    ];
    run_with(&folder.with(&args), b"c.example\n10.0.0.0/8\n").ok();
    assert!(text(&folder, "new").starts_with("@action internal\n\n# 2 from - (domains)"), "{}", text(&folder, "new"));
    assert!(text(&folder, "new").ends_with("\n=c.example\n10.0.0.0/8\n"));
}

#[test]
fn an_import_that_cannot_be_is_one_sentence() {
    let folder = folder();
    let import = |file: &str, more: &[&str]| folder.run(&[&["list", "import", file, "--to", "new"], more].concat());
    let stars = folder.write("stars.txt", "*.a.example\n*.b.example\n");
    import(&stars, &[]).refused(USAGE, &["cannot be told", "`wildcard`", "--format with one of wildcard, domains"]);
    import(&stars, &["--format", "csv"]).refused(USAGE, &["no format is called \"csv\"", "urlhaus-csv"]);
    let page = folder.write("page.txt", "<html>Sign in</html>");
    import(&page, &["--format", "domains"]).refused(DATA, &["page.txt as domains", "web page"]);
    import(&page, &[]).refused(USAGE, &["cannot be told"]);
    let arrays = folder.write("arrays.json", "{\"allow\": [\"a.example\"], \"deny\": [\"b.example\"]}");
    import(&arrays, &[]).refused(DATA, &["allow, deny", "--key"]);
    assert!(import(&arrays, &["--key", "deny"]).ok().out.contains("1 taken"));
    import("/nowhere", &[]).refused(NO_INPUT, &["cannot read /nowhere"]);
    assert!(!fs::exists(folder.join("blocklists/new.list")).unwrap());
}

#[test]
fn a_list_goes_out_in_other_formats_and_comes_back() {
    let folder = folder();
    folder.write(
        "blocklists/out.list",
        "@action allow\na.example ; by=x\n=b.example\n*.c.example\nd.example/x/*\n=https://e.example/y\n203.0.113.0/24\n\
         /z\\.example/\nold.example ; until=2020-01-01\n",
    );
    let export = |format: &str| folder.run(&["list", "export", "out", "--format", format]).ok();
    let left = |ran: &Ran| ran.err.matches(" written: out.list:").count();
    let out = export("list");
    assert!(out.out.starts_with("@action allow\n\na.example ; by=x\n=b.example\n"), "{}", out.out);
    assert!(!out.out.contains("old.example"));
    let ran = export("hosts").says(&["in part written: out.list:2: a.example: the format names hosts one by one"]);
    assert_eq!((ran.out.as_str(), left(&ran)), ("0.0.0.0 a.example\n0.0.0.0 b.example\n", 6));
    let told = folder.run(&["list", "export", "out", "--format", "adblock", "--json"]).ok().json();
    assert_eq!(
        (&told[0]["lines"][0], &told[0]["left"][0]["entry"], &told[0]["left"][0]["in_part"]),
        (&"||a.example^".into(), &"=b.example".into(), &false.into())
    );
    let args = ["list", "import", "-", "--to", "back", "--narrow", "--yes"];
    run_with(&folder.with(&args), export("rpz").out.as_bytes()).ok().says(&["read as rpz"]);
    assert!(text(&folder, "back").ends_with("Z\na.example\n=b.example\n*.c.example\n"), "{}", text(&folder, "back"));
    folder.run(&["list", "export", "out", "--format", "misp"]).refused(USAGE, &["known are list, hosts"]);
    folder.run(&["list", "export", "none", "--format", "hosts"]).refused(NO_INPUT, &["allow, back, block"]);
    assert!(
        folder.run(&["list", "export", "out", "--format", "domains", "--expired"]).ok().out.contains("old.example")
    );
}

#[test]
fn lists_are_counted() {
    let folder = folder();
    folder.write(
        "blocklists/more.list",
        "@tenant 7\na.example ; until=2020-01-01\n=b.example ; until=9999-12-31\n*.c.example\ncom\n",
    );
    let told = folder.run(&["list", "stat", "--json"]).ok().json();
    let more = told.iter().find(|list| list["list"] == "more").unwrap();
    for (key, wanted) in [
        ("entries", 3),
        ("in_force", 2),
        ("expired", 1),
        ("ending_soon", 0),
        ("without_end", 1),
        ("without_reason", 3),
        ("refused", 1),
        ("tenant", 7),
    ] {
        assert_eq!(more[key], wanted, "{key}: {more}");
    }
    assert_eq!((&more["scopes"]["hosts"], &more["scopes"]["subdomains"]), (&1.into(), &1.into()));
    let told = folder.run(&["list", "stat"]).ok().says(&["4 lists, 8 entries, 7 in force"]);
    assert!(told.out.contains("1 domains, 1 hosts, 1 subdomains\n"), "{}", told.out);
}

#[test]
fn long_lists_are_compiled_before_a_start_needs_them() {
    let folder = folder();
    let name = "a-name-that-is-long-so-that-few-of-them-make-a-long-list".repeat(2);
    let names =
        |letter: char| (0..10_000).map(|at| format!("{letter}{at}.{}.example\n", &name[..60])).collect::<String>();
    folder.write("blocklists/long.list", &(names('a') + &names('b')));
    let told = folder
        .run(&["list", "compile"])
        .ok()
        .says(&["long: 20000 of 20000 put in their place", "1 long list compiled, 3 held in memory"]);
    assert!(told.out.starts_with("long ") && told.out.contains("20000 entries, generation 1: 0.1 MB"), "{}", told.out);
    // What is compiled as it stands is not compiled again; what changed is.
    let told = folder.run(&["list", "compile", "--json"]).ok();
    assert!(!told.err.contains("put in their place"), "{}", told.err);
    let told = told.json();
    assert_eq!((&told[0]["list"], &told[0]["generation"]), (&"long".into(), &1.into()), "{told:?}");
    folder.write("blocklists/long.list", &(names('a') + &names('c') + "com\n"));
    let told = folder.run(&["list", "compile"]).says(&["long.list:20001:1", "`sekisho list check` shows every line"]);
    assert!(told.code == DATA && told.out.contains("generation 1"), "the last good version stays: {}", told.out);
    folder.write("blocklists/long.list", &(names('a') + &names('c')));
    let told = folder.run(&["list", "compile", "--json"]).ok().json();
    assert_eq!((&told[0]["entries"], &told[0]["generation"]), (&20_000.into(), &2.into()), "{told:?}");
}
