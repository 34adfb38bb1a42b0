//! The report: sections of Markdown, and goals that were met or not.

use std::fmt::Write as _;

#[derive(Default)]
pub struct Paper {
    text: String,
    goals: Vec<Goal>,
}

struct Goal {
    name: &'static str,
    wanted: String,
    reached: String,
    met: Option<bool>,
}

impl Paper {
    pub fn heading(&mut self, text: &str) {
        println!("\n== {text}");
        let _ = write!(self.text, "\n## {text}\n\n");
    }

    pub fn say(&mut self, text: &str) {
        println!("{text}");
        self.text += text;
        self.text += "\n\n";
    }

    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        let rule = vec!["---".to_owned(); head.len()];
        let mut table = line(&head) + &line(&rule).replace(" --- ", "---");
        rows.iter().for_each(|row| table += &line(row));
        print!("{table}");
        self.text += &table;
        self.text.push('\n');
    }

    /// A goal with the figure beside it. `met`: none where it could not be told.
    pub fn goal(
        &mut self,
        name: &'static str,
        wanted: impl Into<String>,
        reached: impl Into<String>,
        met: Option<bool>,
    ) {
        self.goals.push(Goal { name, wanted: wanted.into(), reached: reached.into(), met });
    }

    /// The goals first, then what was measured.
    pub fn finish(self, front: &str) -> String {
        let mut text = String::from(front);
        text += "\n## Goals and what was reached\n\n| what | goal | reached | |\n|---|---|---|---|\n";
        for Goal { name, wanted, reached, met } in &self.goals {
            let met = match met {
                Some(true) => "met",
                Some(false) => "**not met**",
                None => "not measured",
            };
            let _ = writeln!(text, "| {name} | {wanted} | {reached} | {met} |");
        }
        text + &self.text
    }
}
