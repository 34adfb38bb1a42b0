//! Tokens to facts. A tokenizer without a tree is enough: what matters is what stands in which form, and that follows from
//! the order of tags.

use std::cell::RefCell;

use html5ever::{
    TokenizerResult,
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
        states::{Rawtext, Rcdata, ScriptData},
    },
};

use super::{Anchor, Field, Form, Frame, Image, MAX_FIELDS, MAX_FORMS, MAX_ITEMS, MAX_SCRIPT, MAX_TEXT, Page, Style};
use crate::look::text;

/// Attributes that are compared with others of their tag in one page, at most: more is no page that a person wrote.
const MAX_COMPARED: u64 = 20_000_000;
/// Bytes of one name, address or text that are kept.
const MAX_VALUE: usize = 2048;
/// Bytes before a field, and of its label, that may say what it is for.
const BEFORE: usize = 120;

/// Adds what stands in `html` to `page`. `was_packed`: it stood in an encoded text.
pub(super) fn read(html: &str, page: &mut Page, was_packed: bool) {
    let readable = crate::rewrite::readable(html, MAX_COMPARED);
    page.is_cut |= readable < html.len();
    let loose = Form { was_packed, ..Form::default() };
    if page.forms.len() >= MAX_FORMS {
        page.is_cut = true;
        return;
    }
    page.forms.push(loose);
    let outside = page.forms.len() - 1;
    let state = State {
        page,
        outside,
        form: None,
        place: Place::Body,
        foreign: 0,
        was_packed,
        run: String::new(),
        before: String::new(),
        label: None,
        stands_out: false,
        in_anchor: false,
        ids: Vec::new(),
        script: String::new(),
    };
    let tokenizer = Tokenizer::new(Reader(RefCell::new(state)), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(html.get(..readable).unwrap_or_default()));
    while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
    tokenizer.end();
    let mut state = tokenizer.sink.0.into_inner();
    state.flush();
    state.end_raw();
}

struct Reader<'p>(RefCell<State<'p>>);

struct State<'p> {
    page: &'p mut Page,
    /// The form that stands for no form.
    outside: usize,
    form: Option<usize>,
    place: Place,
    /// How many SVG and MathML elements are open.
    foreign: usize,
    was_packed: bool,
    /// Text since the last tag.
    run: String,
    /// Text since the last field, its end.
    before: String,
    /// For which field the label is that is open.
    label: Option<String>,
    /// Whether a heading, button or label is open.
    stands_out: bool,
    in_anchor: bool,
    /// Fields by their id: form and place in it.
    ids: Vec<(String, usize, usize)>,
    /// The script that is open.
    script: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Body,
    Title,
    Script,
    /// Data in a script element.
    Data,
    Style,
    Unseen,
}

impl TokenSink for Reader<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return state.start(&tag),
            Token::TagToken(tag) => state.end(&tag.name),
            Token::CharacterTokens(text) => state.characters(&text),
            Token::CommentToken(text) => state.comment(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Pushes where there is room.
fn keep<T>(items: &mut Vec<T>, most: usize, item: T) {
    if items.len() < most {
        items.push(item);
    }
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

fn add(out: &mut String, text: &str, most: usize) -> bool {
    let room = most.saturating_sub(out.len());
    out.push_str(cut(text, room));
    text.len() <= room
}

impl State<'_> {
    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let get = |name: &str| {
            let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
            found.map(|attribute| cut(attribute.value.trim(), MAX_VALUE))
        };
        if !matches!(&*tag.name, "b" | "i" | "span" | "em" | "strong" | "font" | "wbr" | "u" | "small") {
            self.flush();
        }
        self.attributes(tag);
        match &*tag.name {
            "form" if self.form.is_none() => {
                let action = get("action").map(str::to_owned);
                let id = get("id").unwrap_or_default().to_owned();
                let form = Form { action, id, was_packed: self.was_packed, fields: Vec::new() };
                if self.page.forms.len() < MAX_FORMS {
                    self.page.forms.push(form);
                    self.form = Some(self.page.forms.len() - 1);
                } else {
                    self.page.is_cut = true;
                }
            }
            "input" | "textarea" | "button" | "select" => self.field(tag, &get),
            "label" => {
                self.label = Some(get("for").unwrap_or_default().to_owned());
                self.stands_out = true;
            }
            "h1" | "h2" | "h3" | "h4" | "legend" => self.stands_out = true,
            "a" | "area" => {
                let href = get("href").unwrap_or_default().to_owned();
                let download = get("download").map(str::to_owned);
                keep(&mut self.page.anchors, MAX_ITEMS, Anchor { href, download });
                self.in_anchor = true;
            }
            "img" | "image" | "amp-img" => {
                let src = get("src").or_else(|| get("href")).or_else(|| get("data-src")).unwrap_or_default().to_owned();
                let alt =
                    get("alt").or_else(|| get("title")).or_else(|| get("aria-label")).unwrap_or_default().to_owned();
                let hints = format!("{} {}", get("id").unwrap_or_default(), get("class").unwrap_or_default());
                keep(&mut self.page.images, MAX_ITEMS, Image { src, alt, hints });
            }
            "svg" => {
                if let Some(alt) = get("aria-label") {
                    let image = Image {
                        src: String::new(),
                        alt: alt.to_owned(),
                        hints: get("class").unwrap_or_default().to_owned(),
                    };
                    keep(&mut self.page.images, MAX_ITEMS, image);
                }
            }
            "iframe" | "frame" | "embed" | "object" => {
                let src = get("src").or_else(|| get("data")).unwrap_or_default().to_owned();
                let mut style = Style::of(get("style").unwrap_or_default());
                let whole = |name| get(name).is_some_and(|value| value.starts_with("100"));
                style.fills |= whole("width") && whole("height") || &*tag.name == "frame";
                if let Some(document) = get_long(tag, "srcdoc") {
                    keep(&mut self.page.packed, MAX_ITEMS, super::Packed::Document(document));
                }
                keep(&mut self.page.frames, MAX_ITEMS, Frame { src, style });
            }
            "link" => {
                let rel = get("rel").unwrap_or_default().to_ascii_lowercase();
                let href = get("href").unwrap_or_default().to_owned();
                if rel.split_whitespace().any(|word| matches!(word, "icon" | "apple-touch-icon")) {
                    keep(&mut self.page.icons, 16, href);
                } else if rel.contains("stylesheet") || rel.contains("preload") {
                    keep(&mut self.page.assets, MAX_ITEMS, href);
                }
            }
            "meta" => {
                let content = || get("content").unwrap_or_default().to_owned();
                if get("http-equiv").is_some_and(|value| value.eq_ignore_ascii_case("refresh"))
                    && self.page.refresh.is_none()
                {
                    self.page.refresh = get_long(tag, "content");
                    let address =
                        self.page.refresh.as_deref().and_then(|content| content.get(content.find("data:")?..));
                    if let Some(address) = address.map(str::to_owned) {
                        self.data_address(&address);
                    }
                }
                let name = get("property").or_else(|| get("name")).unwrap_or_default();
                if matches!(name, "og:site_name" | "application-name" | "og:title" | "apple-mobile-web-app-title") {
                    let known = &mut self.page.site_name;
                    add(known, &content(), MAX_VALUE);
                    add(known, " ", MAX_VALUE);
                }
            }
            "base" => {
                if let Some(href) = get("href").filter(|_| self.page.base.is_none()) {
                    self.page.base = Some(href.to_owned());
                }
            }
            "audio" | "video" => self.page.plays |= get("autoplay").is_some(),
            _ => {}
        }
        self.raw(tag, &get)
    }

    /// What tokenizers read as text from here on.
    fn raw<'t>(&mut self, tag: &Tag, get: &dyn Fn(&str) -> Option<&'t str>) -> TokenSinkResult<()> {
        if matches!(&*tag.name, "svg" | "math") {
            self.foreign += usize::from(!tag.self_closing);
            return TokenSinkResult::Continue;
        }
        let (place, kind) = match &*tag.name {
            "script" => {
                if let Some(src) = get("src") {
                    keep(&mut self.page.assets, MAX_ITEMS, src.to_owned());
                }
                let kind = get("type").unwrap_or_default().to_ascii_lowercase();
                let is_script =
                    kind.is_empty() || kind.contains("javascript") || kind.contains("ecmascript") || kind == "module";
                (if is_script { Place::Script } else { Place::Data }, ScriptData)
            }
            "style" => (Place::Style, Rawtext),
            "title" if self.foreign == 0 => (Place::Title, Rcdata),
            "textarea" => (Place::Unseen, Rcdata),
            "iframe" | "noembed" | "noframes" => (Place::Unseen, Rawtext),
            "xmp" => (Place::Body, Rawtext),
            "plaintext" => return TokenSinkResult::Plaintext,
            _ => return TokenSinkResult::Continue,
        };
        if tag.self_closing && self.foreign > 0 {
            return TokenSinkResult::Continue;
        }
        self.place = place;
        // In SVG tags are tags inside of these too.
        if self.foreign > 0 { TokenSinkResult::Continue } else { TokenSinkResult::RawData(kind) }
    }

    /// Handlers, styles and addresses that are scripts, of any element.
    fn attributes(&mut self, tag: &Tag) {
        let mut style = Style::default();
        for attribute in &tag.attrs {
            let (name, value) = (&*attribute.name.local, &*attribute.value);
            if name.starts_with("on") && name.len() > 3 {
                self.page.is_cut |= !add(&mut self.page.script, value, MAX_SCRIPT);
                add(&mut self.page.script, "\n", MAX_SCRIPT);
                if &*tag.name == "body" && matches!(name, "onload" | "onpageshow") {
                    keep(&mut self.page.plain_scripts, MAX_ITEMS, value.to_owned());
                }
            } else if matches!(name, "href" | "src" | "action")
                && value.trim_start().get(..11).is_some_and(|start| start.eq_ignore_ascii_case("javascript:"))
            {
                self.page.is_cut |= !add(&mut self.page.script, value.trim_start(), MAX_SCRIPT);
                add(&mut self.page.script, "\n", MAX_SCRIPT);
            } else if matches!(name, "id" | "class") {
                add(&mut self.page.classes, &cut(value, 200).to_ascii_lowercase(), MAX_TEXT / 2);
                add(&mut self.page.classes, " ", MAX_TEXT / 2);
            } else if name == "style" {
                style = Style::of(value);
                self.urls_in(value);
            } else if name == "data" || name == "src" || name == "href" {
                self.data_address(value);
            }
        }
        if style.floats && style.fills {
            self.page.style.join(style);
        }
        self.page.style.masks |= style.masks;
    }

    /// A document inside an address.
    fn data_address(&mut self, value: &str) {
        if value.len() > 32 && value.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
            keep(&mut self.page.packed, MAX_ITEMS, super::Packed::Address(value.trim_start().to_owned()));
        }
    }

    fn urls_in(&mut self, style: &str) {
        let mut rest = style;
        while let Some(at) = rest.find("url(") {
            rest = rest.get(at + 4..).unwrap_or_default();
            let end = rest.find(')').unwrap_or(rest.len()).min(MAX_VALUE);
            let url = cut(rest, end).trim().trim_matches(['"', '\'']);
            if !url.starts_with("data:") && !url.is_empty() {
                keep(&mut self.page.assets, MAX_ITEMS, url.to_owned());
            }
        }
    }

    fn field<'t>(&mut self, tag: &Tag, get: &dyn Fn(&str) -> Option<&'t str>) {
        let lower = |name: &str| get(name).unwrap_or_default().to_ascii_lowercase();
        let kind = match &*tag.name {
            "input" => Some(lower("type")).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "text".into()),
            "textarea" => "textarea".into(),
            "select" => "select".into(),
            _ => "button".into(),
        };
        if kind == "submit" || kind == "button" || kind == "image" {
            self.stands_out |= &*tag.name == "button";
            if let Some(value) = get("value") {
                keep(&mut self.page.headings, MAX_ITEMS, value.to_owned());
            }
            if let Some(action) = get("formaction").filter(|action| !action.is_empty()) {
                let form = self.form.unwrap_or(self.outside);
                if let Some(form) = self.page.forms.get_mut(form) {
                    form.action = Some(action.to_owned());
                }
            }
            return;
        }
        if kind == "hidden" || kind == "select" {
            return;
        }
        let value = get("value").unwrap_or_default();
        if get("readonly").is_some() || get("disabled").is_some() {
            self.draw(value);
        }
        let named = ["name", "id", "placeholder", "aria-label", "title", "data-testid", "formcontrolname"];
        let mut hints: String =
            named.iter().filter_map(|name| get(name)).map(|name| text::spaced(cut(name, 120)) + " ").collect();
        // Texts are no names, but may be written as such.
        for name in ["placeholder", "aria-label"] {
            hints += get(name).map(|name| cut(name, 120)).unwrap_or_default();
            hints.push(' ');
        }
        let style = Style::of(get("style").unwrap_or_default());
        let field = Field {
            hints: text::fold(&hints),
            before: text::fold(&self.before),
            is_masked: style.masks && kind != "password",
            autocomplete: lower("autocomplete"),
            kind,
        };
        self.before.clear();
        let named = get("form").and_then(|id| self.page.forms.iter().position(|form| form.id == id && !id.is_empty()));
        let at = named.or(self.form).unwrap_or(self.outside);
        let held: usize = self.page.forms.iter().map(|form| form.fields.len()).sum();
        let Some(form) = self.page.forms.get_mut(at).filter(|_| held < MAX_FIELDS) else {
            self.page.is_cut = true;
            return;
        };
        form.fields.push(field);
        if let Some(id) = get("id") {
            self.ids.push((id.to_owned(), at, form.fields.len() - 1));
        }
        // A label around its field says it behind as well.
        if self.label.as_deref() == Some("") {
            self.label = get("id").map(str::to_owned);
        }
    }

    fn end(&mut self, name: &str) {
        match self.place {
            Place::Body => {}
            _ => {
                if matches!(name, "script" | "style" | "title" | "textarea" | "iframe" | "noembed" | "noframes") {
                    self.end_raw();
                }
                if name != "svg" {
                    return;
                }
            }
        }
        if matches!(name, "svg" | "math") {
            self.foreign = self.foreign.saturating_sub(1);
        }
        if matches!(name, "b" | "i" | "span" | "em" | "strong" | "font" | "u" | "small") {
            if name == "span" {
                self.draw_run();
            }
            return;
        }
        self.flush();
        match name {
            "form" => self.form = None,
            "a" => self.in_anchor = false,
            "label" | "h1" | "h2" | "h3" | "h4" | "legend" | "button" => {
                self.stands_out = false;
                self.label = None;
            }
            _ => {}
        }
    }

    /// Ends what was read as text.
    fn end_raw(&mut self) {
        let script = std::mem::take(&mut self.script);
        match self.place {
            Place::Script => {
                self.page.is_cut |= !add(&mut self.page.script, &script, MAX_SCRIPT);
                add(&mut self.page.script, "\n", MAX_SCRIPT);
                if !self.was_packed {
                    keep(&mut self.page.plain_scripts, MAX_ITEMS, script);
                }
            }
            Place::Style => {
                self.urls_in(&script);
                for block in script.split('}').take(4 * MAX_ITEMS) {
                    let style = Style::of(cut(block.rsplit('{').next().unwrap_or_default(), MAX_VALUE));
                    self.page.style.masks |= style.masks;
                }
            }
            _ => {}
        }
        self.place = Place::Body;
    }

    fn characters(&mut self, text: &str) {
        match self.place {
            Place::Body => {
                add(&mut self.run, text, MAX_TEXT);
            }
            Place::Title => {
                add(&mut self.page.title, text, MAX_VALUE);
            }
            Place::Script | Place::Style => {
                self.page.is_cut |= !add(&mut self.script, text, MAX_SCRIPT);
            }
            Place::Data | Place::Unseen => {}
        }
    }

    /// The text before a tag.
    fn flush(&mut self) {
        self.draw_run();
        let run = std::mem::take(&mut self.run);
        let run = run.trim();
        if run.is_empty() {
            return;
        }
        self.page.is_cut |= !add(&mut self.page.text, run, MAX_TEXT);
        add(&mut self.page.text, "\n", MAX_TEXT);
        if self.stands_out {
            keep(&mut self.page.headings, MAX_ITEMS, cut(run, MAX_VALUE).to_owned());
        }
        if let Some(label) = self.label.as_deref().filter(|label| !label.is_empty())
            && let Some((_, form, at)) = self.ids.iter().find(|(id, ..)| id == label)
            && let Some(field) = self.page.forms.get_mut(*form).and_then(|form| form.fields.get_mut(*at))
        {
            field.hints.push(' ');
            field.hints += &text::fold(cut(run, BEFORE));
        }
        // What stands before a field says what it is for, and is short; a paragraph is about something else.
        if run.len() > BEFORE {
            self.before.clear();
        } else {
            self.before.push(' ');
            self.before.push_str(run);
            let start = self.before.ceil_char_boundary(self.before.len().saturating_sub(BEFORE));
            self.before.drain(..start);
        }
    }

    /// Text that begins as an address does and is no link.
    fn draw_run(&mut self) {
        if !self.in_anchor {
            let run = std::mem::take(&mut self.run);
            self.draw(run.trim());
            self.run = run;
        }
    }

    fn draw(&mut self, text: &str) {
        let is_address = text.len() < MAX_VALUE
            && !text.contains(char::is_whitespace)
            && (text.starts_with("https://") || text.starts_with("http://") || text.contains(".com/"));
        if is_address && self.page.drawn.last().map(String::as_str) != Some(text) {
            keep(&mut self.page.drawn, 32, text.to_owned());
        }
    }

    fn comment(&mut self, text: &str) {
        if self.page.saved_from.is_some() {
            return;
        }
        let head = cut(text, MAX_VALUE);
        let from = match head.find("saved from url=(") {
            Some(at) => head.get(at..).and_then(|rest| rest.split_once(')')).map(|(_, rest)| rest),
            None => head.split_once("Mirrored from ").map(|(_, rest)| rest),
        };
        let from = from.and_then(|rest| rest.split_whitespace().next());
        self.page.saved_from =
            from.map(|from| if from.contains("://") { from.to_owned() } else { format!("https://{from}") });
    }
}

/// The same, however long: documents stand in attributes.
fn get_long(tag: &Tag, name: &str) -> Option<String> {
    let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
    found.map(|attribute| attribute.value.to_string())
}
