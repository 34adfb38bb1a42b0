use std::fmt;

use sha2::{Digest, Sha256};

/// How an organisation's pages look, beyond their words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Brand {
    /// The colour of buttons and links on light paper.
    pub light: Option<Color>,
    /// The same on dark paper.
    pub dark: Option<Color>,
    /// Stands before the name.
    pub logo: Option<Logo>,
}

/// A colour of the sRGB space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

impl Color {
    /// What text needs against its paper (WCAG 2.2, 1.4.3).
    pub const TEXT_CONTRAST: f64 = 4.5;

    /// Reads `#rrggbb`. Error: a sentence that shows how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no colour; write it as #2f4d85");
        let digits =
            text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()).ok_or_else(wrong)?;
        let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte(0), byte(2), byte(4)) {
            (Some(red), Some(green), Some(blue)) if !digits.contains('+') => Ok(Self([red, green, blue])),
            _ => Err(wrong()),
        }
    }

    /// How far two colours stand apart, from 1 to 21 (WCAG 2.2, "contrast ratio").
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance() + 0.05, other.luminance() + 0.05);
        (one / two).max(two / one)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Black or white, whichever is read better on this.
    pub fn ink(self) -> Self {
        let (white, black) = (Self([255; 3]), Self([0; 3]));
        if self.contrast(white) >= self.contrast(black) { white } else { black }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A picture that is shown from our own host, and never as part of a page: whatever stands in it stays a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    name: String,
    media_type: &'static str,
    bytes: Vec<u8>,
}

/// Largest logo, in bytes and in pixels on one side.
const LOGO_MAX: usize = 64 * 1024;
const SIDE_MAX: u32 = 2_048;
/// What does something beside being drawn. A picture on a page runs none of it; one that is opened by itself might.
const ACTIVE: &[&str] =
    &["<script", "<foreignobject", "<iframe", "<!entity", "javascript:", "<handler", "<animate", "<set"];

impl Logo {
    /// Takes an SVG or PNG file. Error: what is wrong with it, in words.
    pub fn of(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.len() > LOGO_MAX {
            return Err(format!("it has {} bytes; a logo has at most {LOGO_MAX}", bytes.len()));
        }
        let media_type = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            small_png(&bytes)?;
            "image/png"
        } else {
            plain_svg(&bytes)?;
            "image/svg+xml"
        };
        let name = Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { name, media_type, bytes })
    }

    /// Names the picture by what it holds.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `image/svg+xml` or `image/png`.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn small_png(bytes: &[u8]) -> Result<(), String> {
    let side = |at: usize| bytes.get(at..at + 4).and_then(|side| side.try_into().ok()).map(u32::from_be_bytes);
    match (bytes.get(12..16), side(16), side(20)) {
        (Some(b"IHDR"), Some(width @ 1..=SIDE_MAX), Some(height @ 1..=SIDE_MAX)) if width > 0 && height > 0 => Ok(()),
        (Some(b"IHDR"), Some(width), Some(height)) => {
            Err(format!("it is {width} by {height} pixels; a logo has at most {SIDE_MAX} on a side"))
        }
        _ => Err("it begins like a PNG and goes on like none".into()),
    }
}

fn plain_svg(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is neither a PNG nor an SVG in UTF-8".to_owned())?;
    let text = text.to_ascii_lowercase();
    if !text.contains("<svg") || !text.contains("http://www.w3.org/2000/svg") {
        return Err("it is neither a PNG nor an SVG (whose root names xmlns=\"http://www.w3.org/2000/svg\")".into());
    }
    if let Some(active) = ACTIVE.iter().find(|active| text.contains(**active)) {
        return Err(format!("it holds {active:?}; a logo is a picture and nothing more: remove it"));
    }
    let handler = text.split_ascii_whitespace().find(|word| {
        let name = word.split('=').next().unwrap_or_default();
        word.contains('=')
            && name.len() > 2
            && name.starts_with("on")
            && name.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    match handler {
        Some(handler) => Err(format!("it holds the handler {handler:?}; remove it")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_measured() {
        assert_eq!(Color::parse("#2F4d85").map(|color| color.to_string()), Ok("#2f4d85".into()));
        for wrong in ["", "2f4d85", "#2f4d8", "#2f4d855", "#+f4d85", "red", "#ééé", "#2f4d8g", "#fff;}x"] {
            assert!(Color::parse(wrong).is_err(), "{wrong}");
        }
        let (white, black) = (Color([255; 3]), Color([0; 3]));
        assert!((white.contrast(black) - 21.0).abs() < 1e-9 && (white.contrast(white) - 1.0).abs() < 1e-9);
        let grey = Color::parse("#767676").unwrap();
        assert!((grey.contrast(white) - 4.54).abs() < 0.01, "{}", grey.contrast(white));
    }

    #[test]
    fn black_or_white_is_always_read_well() {
        for step in 0..=255_u8 {
            for color in [Color([step; 3]), Color([step, 0, 255 - step]), Color([0, step, 0])] {
                assert!(color.contrast(color.ink()) >= Color::TEXT_CONTRAST, "{color}");
            }
        }
    }

    #[test]
    fn a_logo_is_a_small_picture_and_nothing_more() {
        let svg =
            |inside: &str| Logo::of(format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inside}</svg>").into_bytes());
        let logo = svg("<path d='M0 0'/>").unwrap();
        assert_eq!((logo.media_type(), logo.name().len()), ("image/svg+xml", 16));
        for active in [
            "<script>x</script>",
            "<SCRIPT href='x'/>",
            "<rect onload=\"x\"/>",
            "<rect\nOnClick='x'/>",
            "<a href=\"javascript:x\"/>",
            "<foreignObject/>",
        ] {
            assert!(svg(active).is_err(), "{active}");
        }
        assert!(svg(&" ".repeat(LOGO_MAX)).unwrap_err().contains("at most 65536"));
        assert!(Logo::of(b"<html>".to_vec()).is_err() && Logo::of(vec![0xff; 9]).is_err() && Logo::of(vec![]).is_err());
        let png = |width: u32, height: u32| {
            let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
            Logo::of([b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &size, b"\x08\x06\0\0\0"].concat())
        };
        assert_eq!(png(200, 60).unwrap().media_type(), "image/png");
        assert!(png(30_000, 60).unwrap_err().contains("30000 by 60") && png(0, 60).is_err());
        assert!(Logo::of(b"\x89PNG\r\n\x1a\n".to_vec()).is_err());
    }
}
