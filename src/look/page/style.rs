//! What can be read off an inline style without laying a page out.

/// The declarations that matter to checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::look) struct Style {
    /// `position: fixed` or `absolute`.
    pub(in crate::look) floats: bool,
    /// As wide and as high as the window.
    pub(in crate::look) fills: bool,
    /// Dots for letters, where the field says nothing of a password.
    pub(in crate::look) masks: bool,
}

impl Style {
    /// Reads declarations; names and values in any case, blanks anywhere.
    pub(in crate::look) fn of(text: &str) -> Self {
        let bare: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let has = |names: &[&str]| names.iter().any(|name| bare.contains(name));
        let wide = has(&["width:100%", "width:100vw", "inset:0", "right:0"]);
        let high = has(&["height:100%", "height:100vh", "inset:0", "bottom:0"]);
        Self {
            floats: has(&["position:fixed", "position:absolute"]),
            fills: wide && high,
            masks: has(&["text-security:disc", "text-security:circle", "text-security:square"]),
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.floats |= other.floats;
        self.fills |= other.fills;
        self.masks |= other.masks;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read_in_any_spelling() {
        let style = Style::of("POSITION : Fixed; width:100%;\n height : 100vh");
        assert_eq!(style, Style { floats: true, fills: true, masks: false });
        assert_eq!(Style::of("width:100%"), Style::default());
        assert!(Style::of("-webkit-text-security: disc").masks);
    }
}
