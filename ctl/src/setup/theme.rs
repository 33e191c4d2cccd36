//! How things look: the terminal's own sixteen colours on its own background, so that it reads on a Linux console and in a light
//! terminal; or none. No colour says what is not said by a word or a sign, too.

use ratatui::style::{Color, Modifier, Style};

/// Styles by what they are for. No colour is bold with it: most terminals take the bright one then, which nobody reads on white; yellow,
/// cyan and white are not used for text for the same reason.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    has_colours: bool,
    is_utf8: bool,
}

impl Theme {
    /// `is_utf8`: whether the terminal has more than ASCII, by the locale.
    pub(crate) fn new(has_colours: bool, is_utf8: bool) -> Self {
        Self { has_colours, is_utf8 }
    }

    pub(crate) fn is_utf8(self) -> bool {
        self.is_utf8
    }

    fn coloured(self, colour: Color) -> Style {
        if self.has_colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// The bar at the top and at the bottom.
    pub(crate) fn bar(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The bar where something is unhealthy.
    pub(crate) fn alarm(self) -> Style {
        self.coloured(Color::Red).add_modifier(Modifier::REVERSED)
    }

    /// The heading of a section.
    pub(crate) fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// A line between sections.
    pub(crate) fn rule(self) -> Style {
        self.coloured(Color::Cyan)
    }

    /// The name of a field.
    pub(crate) fn label(self) -> Style {
        Style::new()
    }

    /// What a field has.
    pub(crate) fn value(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// A default that counts, and what is of little weight.
    pub(crate) fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What is being edited, or would be pressed.
    pub(crate) fn focus(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What is wrong.
    pub(crate) fn wrong(self) -> Style {
        self.coloured(Color::Red)
    }

    /// What is well.
    pub(crate) fn well(self) -> Style {
        self.coloured(Color::Green)
    }

    /// What to look at: a sign.
    pub(crate) fn mind(self) -> Style {
        self.coloured(Color::Magenta)
    }

    /// What to read before it is answered.
    pub(crate) fn weighty(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// A key that may be pressed.
    pub(crate) fn key(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_has_a_colour_that_a_light_or_a_dark_terminal_hides() {
        let theme = Theme::new(true, true);
        let all =
            [theme.wrong(), theme.well(), theme.mind(), theme.alarm(), theme.value(), theme.label(), theme.heading()];
        for style in all.into_iter().chain([theme.weighty(), theme.key(), theme.focus(), theme.faint(), theme.bar()]) {
            let hidden = [Color::Yellow, Color::Cyan, Color::White, Color::Gray, Color::Black, Color::Blue];
            assert!(style.fg.is_none_or(|colour| !hidden.contains(&colour)), "{style:?}");
            assert!(style.fg.is_none() || !style.add_modifier.contains(Modifier::BOLD), "{style:?}");
        }
    }
}
