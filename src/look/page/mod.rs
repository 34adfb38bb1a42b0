//! The facts of a page, read in one pass over its tokens. What they mean is for the checks.

mod literal;
mod peel;
mod read;
mod script;
mod secret;
mod style;

pub(super) use literal::{Literal, literals};
pub(super) use peel::{Packed, percent};
pub(super) use script::location_targets;
pub(super) use secret::Secret;
pub(super) use style::Style;

use super::{Body, Kind};
use crate::url::{Context, WebUrl, parse_in};

/// Bytes of a page that are read.
pub(super) const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Caps on what is kept of one page; what goes beyond is not looked at.
const MAX_TEXT: usize = 96 * 1024;
const MAX_SCRIPT: usize = 1024 * 1024;
const MAX_FORMS: usize = 40;
const MAX_FIELDS: usize = 200;
const MAX_ITEMS: usize = 400;

/// What stands in a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// `<title>`, first.
    pub(super) title: String,
    /// `og:site_name`, `application-name`.
    pub(super) site_name: String,
    /// Headings, labels of groups and buttons: what stands out, a line each.
    pub(super) headings: Vec<String>,
    /// What a reader sees, outside forms and in them.
    pub(super) text: String,
    /// The first has no form around its fields.
    pub(super) forms: Vec<Form>,
    pub(super) images: Vec<Image>,
    pub(super) frames: Vec<Frame>,
    /// Addresses of style sheets, scripts and pictures in styles.
    pub(super) assets: Vec<String>,
    pub(super) icons: Vec<String>,
    pub(super) anchors: Vec<Anchor>,
    /// Runs of text outside anchors that begin as an address does, and such values of fields that cannot be changed.
    pub(super) drawn: Vec<String>,
    /// All scripts, handlers and `javascript:` addresses, one after the other.
    pub(super) script: String,
    /// What runs as the page is read, script by script.
    pub(super) plain_scripts: Vec<String>,
    pub(super) style: Style,
    /// Names and classes of elements, in lower case.
    pub(super) classes: String,
    pub(super) base: Option<String>,
    /// `content` of the first `<meta http-equiv=refresh>`.
    pub(super) refresh: Option<String>,
    /// From where a browser saved it, as a comment says.
    pub(super) saved_from: Option<String>,
    /// Whether sound or film starts by itself.
    pub(super) plays: bool,
    /// What a script would have unpacked.
    pub(super) packed: Vec<Packed>,
    /// Whether there was more than is read.
    pub(super) is_cut: bool,
}

/// A form.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) action: Option<String>,
    pub(super) fields: Vec<Field>,
    /// Whether it stood in an encoded text.
    pub(super) was_packed: bool,
    id: String,
}

/// A field that can be filled in.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    /// `type`, in lower case; `text` where none is given.
    pub(super) kind: String,
    /// Its names and what stands in it, as folded words.
    pub(super) hints: String,
    /// What stood before it, folded.
    pub(super) before: String,
    /// Whether it shows something else for what is typed, and is no field for a password.
    pub(super) is_masked: bool,
    pub(super) autocomplete: String,
}

/// A picture.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) src: String,
    /// Text in its place, and its names.
    pub(super) alt: String,
    pub(super) hints: String,
}

/// A frame.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) src: String,
    pub(super) style: Style,
}

/// A link.
#[derive(Debug)]
pub(super) struct Anchor {
    pub(super) href: String,
    pub(super) download: Option<String>,
}

impl Page {
    /// Reads a body that is a page.
    pub(super) fn of(body: &Body<'_>) -> Self {
        let bytes = body.bytes.get(..MAX_BYTES).unwrap_or(body.bytes);
        let label = body.content_type.and_then(charset);
        let text = crate::message::page_text(label.as_deref(), bytes);
        let is_cut = bytes.len() < body.bytes.len() || body.is_cut;
        let mut page = Self { is_cut, ..Self::default() };
        read::read(&text, &mut page, false);
        peel::peel(&mut page);
        page
    }

    /// Whether the bytes are a page at all, for those who have not asked.
    pub(super) fn of_any(body: &Body<'_>) -> Option<Self> {
        let name = super::file::name(body);
        Kind::of(body, name.as_deref()).is_page().then(|| Self::of(body))
    }

    /// An address in the page, as a browser resolves it.
    pub(super) fn resolve(&self, address: &str, url: &WebUrl) -> Option<WebUrl> {
        let on_page = Context { base: Some(url), ..Context::default() };
        let base = self.base.as_deref().and_then(|base| parse_in(base, &on_page).ok());
        parse_in(address, &Context { base: Some(base.as_ref().unwrap_or(url)), ..Context::default() }).ok()
    }

    /// Where its icon is.
    pub(super) fn icon(&self, url: &WebUrl) -> Option<WebUrl> {
        self.icons.iter().find_map(|icon| self.resolve(icon, url))
    }

    /// All fields, with the form each stands in.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&Form, &Field)> {
        self.forms.iter().flat_map(|form| form.fields.iter().map(move |field| (form, field)))
    }
}

/// The charset of a `Content-Type`.
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|param| {
        let (name, value) = param.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    })
}
