//! One check and what it said.

use std::fmt;

use super::{MAX_MARKS, Weights};
use crate::judge::{Threat, Tier};

macro_rules! checks {
    ($($variant:ident $name:literal),+ $(,)?) => {
        /// What pages and files are checked for. What each means and weighs is in `data/page_weights.toml`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the data file says what each means, and docs/CHECKS.md is made of it")]
        pub enum Check { $($variant),+ }

        impl Check {
            /// Every one, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name, as in the data file and in explanations.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

checks! {
    FormCollector "form_collector",
    FormAddress "form_address",
    FormMail "form_mail",
    FormMessenger "form_messenger",
    FormElsewhere "form_elsewhere",
    FormCleartext "form_cleartext",
    FormLookalike "form_lookalike",
    AsksSeed "asks_seed",
    AsksMuch "asks_much",
    AsksPin "asks_pin",
    AsksMailbox "asks_mailbox",
    AsksMasked "asks_masked",
    DeadLinks "dead_links",
    KnowsVictim "knows_victim",
    FendsOff "fends_off",
    Threatens "threatens",
    Lures "lures",
    MailAlarm "mail_alarm",
    SaltedWords "salted_words",
    BrandClaimed "brand_claimed",
    BrandSoftware "brand_software",
    BrandLogo "brand_logo",
    BrandRights "brand_rights",
    BrandAssets "brand_assets",
    BrandCopy "brand_copy",
    BrandIcon "brand_icon",
    HostLookalike "host_lookalike",
    HostScripts "host_scripts",
    HostAddress "host_address",
    HostShared "host_shared",
    FakeWindow "fake_window",
    CoversPage "covers_page",
    FramedWhole "framed_whole",
    WritesItself "writes_itself",
    HiddenForm "hidden_form",
    PackedScript "packed_script",
    DataPage "data_page",
    SmuggledFile "smuggled_file",
    SmuggledBytes "smuggled_bytes",
    ClipboardCommand "clipboard_command",
    PasteLure "paste_lure",
    PastePretext "paste_pretext",
    Alarm "alarm",
    AlarmCall "alarm_call",
    PageTrap "page_trap",
    FileProgram "file_program",
    FileStarter "file_starter",
    FileImage "file_image",
    FileDisguised "file_disguised",
    FileTwoNames "file_two_names",
    FileMacro "file_macro",
    FileTemplate "file_template",
    FileEmbedded "file_embedded",
    FilePdfLaunch "file_pdf_launch",
    FilePdfScript "file_pdf_script",
    ArchiveProgram "archive_program",
    ArchiveStarter "archive_starter",
    ArchiveDisguised "archive_disguised",
    ArchiveLocked "archive_locked",
    ArchiveHides "archive_hides",
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a check said of one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which check.
    pub check: Check,
    /// What it adds to the score.
    pub weight: u32,
    /// What was seen, in words for a person: a clause without its full stop, free of control characters.
    pub evidence: String,
}

/// Marks as they come.
pub(super) struct Seen<'a> {
    weights: &'a Weights,
    marks: Vec<Mark>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(weights: &'a Weights) -> Self {
        Self { weights, marks: Vec::new() }
    }

    /// Each check counts once, for what it saw first.
    pub(super) fn mark(&mut self, check: Check, evidence: impl Into<String>) {
        if self.marks.len() < MAX_MARKS && !self.has(check) {
            self.marks.push(Mark { check, weight: self.weights.row(check).weight, evidence: evidence.into() });
        }
    }

    pub(super) fn has(&self, check: Check) -> bool {
        self.marks.iter().any(|mark| mark.check == check)
    }

    /// The marks, heaviest first, their sum, what it amounts to and as what.
    pub(super) fn settle(mut self) -> (Vec<Mark>, u32, Tier, Threat) {
        self.marks.sort_by_key(|mark| std::cmp::Reverse(mark.weight));
        let score = self.marks.iter().map(|mark| mark.weight).sum();
        let tier = match score {
            score if score >= self.weights.malicious => Tier::Malicious,
            score if score >= self.weights.suspicious => Tier::Suspicious,
            _ => Tier::Clean,
        };
        let of = |threat: Threat| -> u32 {
            let marks = self.marks.iter().filter(|mark| self.weights.row(mark.check).threat == threat);
            marks.map(|mark| mark.weight).sum()
        };
        let heaviest = [Threat::Scam, Threat::Malware, Threat::Phishing].into_iter().max_by_key(|threat| of(*threat));
        let threat = heaviest.filter(|_| tier >= Tier::Suspicious).unwrap_or(Threat::None);
        (self.marks, score, tier, threat)
    }
}
