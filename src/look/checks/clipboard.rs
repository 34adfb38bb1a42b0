//! Pages that make people paste a command.

use super::View;
use crate::look::{Check, check::Seen, page::literals, quote::quoted, text};

pub(super) fn check(view: &View<'_>, seen: &mut Seen<'_>) {
    let words = &view.around.lore.words;
    let copies = [
        "clipboard.writetext",
        "clipboard.write(",
        "execcommand('copy')",
        "execcommand(\"copy\")",
        "setdata('text",
        "setdata(\"text",
        "clipboarddata",
    ]
    .iter()
    .any(|way| view.script.contains(way));
    let command = if copies { command(view) } else { None };
    if let Some(command) = &command {
        seen.mark(Check::ClipboardCommand, format!("a script puts a command on the clipboard: {}", quoted(command)));
    }
    let (prompt, paste) = (text::first_of(&view.seen, &words.prompt), text::first_of(&view.seen, &words.paste));
    let (Some(prompt), Some(_)) = (prompt, paste) else { return };
    let pretext = text::first_of(&view.seen, &words.pretext).or_else(|| text::first_of(&view.title, &words.pretext));
    // A manual says both, at length; a lure is short, or has the clipboard ready.
    let is_short = view.seen.len() < 3000;
    if command.is_none()
        && !(copies && is_short && pretext.is_some())
        && !(is_short && pretext.is_some() && is_key(prompt))
    {
        return;
    }
    seen.mark(
        Check::PasteLure,
        format!("it tells people to open a prompt for commands ({}) and to paste something there", quoted(prompt)),
    );
    if let Some(pretext) = pretext {
        seen.mark(Check::PastePretext, format!("it says so to prove or mend something ({})", quoted(pretext)));
    }
}

/// Whether the prompt is told by its keys, step by step.
fn is_key(prompt: &str) -> bool {
    prompt.contains('+') || prompt.contains("windows") || prompt.contains("キー") || prompt.contains("按")
}

/// A text in a script that fetches and runs something. What a manual offers to copy is not hidden: a plain `curl … | sh`
/// counts only where it is encoded as well.
fn command(view: &View<'_>) -> Option<String> {
    const RUNS: [&str; 16] = [
        "powershell",
        "pwsh",
        "mshta",
        "cmd /c",
        "cmd.exe",
        "rundll32",
        "regsvr32",
        "msiexec /",
        "certutil",
        "bitsadmin",
        "wscript",
        "cscript",
        "osascript",
        "forfiles",
        "conhost",
        "finger ",
    ];
    const FETCHES: [&str; 18] = [
        "http",
        "iex",
        "invoke-",
        "-enc",
        "-e ",
        "-w h",
        "hidden",
        "downloadstring",
        "iwr",
        "irm",
        "curl",
        "wget",
        "frombase64",
        "/c ",
        "javascript:",
        "vbscript:",
        "/i ",
        "\\\\",
    ];
    for literal in literals(&view.page.script, 8) {
        let said = literal.text.to_ascii_lowercase();
        if RUNS.iter().any(|word| said.contains(word))
            && FETCHES.iter().any(|word| said.contains(word))
            && said.len() < 20_000
        {
            return Some(literal.text);
        }
        let piped = said.contains("base64 -d") || said.contains("base64 --decode") || said.contains("base64 -D");
        if piped
            && (said.contains("| bash")
                || said.contains("|bash")
                || said.contains("| sh")
                || said.contains("|sh")
                || said.contains("| zsh"))
        {
            return Some(literal.text);
        }
    }
    None
}
