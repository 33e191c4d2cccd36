//! A picture (SVG) of what stands on a screen, as a terminal shows it: text that can be read and searched, and no image.

use std::fmt::Write;
use vt100::{Cell, Color, Screen};

/// Of a character, in the units of the picture.
const WIDE: u32 = 9;
const HIGH: u32 = 19;
const MARGIN: u32 = 12;
const PAPER: &str = "#1d1f21";
const INK: &str = "#d5d8d6";

/// The sixteen colours of a terminal, as most have them.
const PALETTE: [&str; 16] = [
    "#3b3f45", "#e06c6c", "#98c379", "#e5c07b", "#6ca5e0", "#c678dd", "#56b6c2", "#d5d8d6", "#7a808a", "#ff8a80",
    "#b5e890", "#ffd98a", "#8ab8ff", "#e29bff", "#80deea", "#ffffff",
];

/// How a run of characters looks.
#[derive(Clone, PartialEq)]
struct Look {
    ink: String,
    paper: Option<String>,
    bold: bool,
    dim: bool,
    underlined: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let ink = colour(cell.fgcolor()).unwrap_or_else(|| INK.to_owned());
        let paper = colour(cell.bgcolor());
        let (ink, paper) =
            if cell.inverse() { (paper.unwrap_or_else(|| PAPER.to_owned()), Some(ink)) } else { (ink, paper) };
        Self { ink, paper, bold: cell.bold(), dim: cell.dim(), underlined: cell.underline() }
    }
}

fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Default => None,
        Color::Idx(index) => PALETTE.get(usize::from(index)).map(|colour| (*colour).to_owned()),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

/// The picture of a screen; `title` for who cannot see it.
#[must_use]
pub fn svg(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = u32::from(columns).saturating_mul(WIDE).saturating_add(2 * MARGIN);
    let height = u32::from(rows).saturating_mul(HIGH).saturating_add(2 * MARGIN);
    let mut picture = String::new();
    let _ = writeln!(
        picture,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono', Menlo, Consolas, ui-monospace, monospace\" font-size=\"15\" xml:space=\"preserve\">",
        escaped(title)
    );
    for row in 0..rows {
        for (at, look, text) in runs(screen, row, columns) {
            draw(&mut picture, (row, at), &look, &text);
        }
    }
    picture.push_str("</g>\n</svg>\n");
    picture
}

/// Characters that look the same, from their first column.
fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<(u16, Look, String)> {
    let mut runs: Vec<(u16, Look, String)> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
        let (look, text) = (Look::of(cell), if cell.has_contents() { cell.contents() } else { " " });
        match runs.last_mut() {
            Some((_, last, run)) if *last == look => run.push_str(text),
            _ => runs.push((column, look, text.to_owned())),
        }
    }
    runs
}

fn draw(picture: &mut String, (row, column): (u16, u16), look: &Look, text: &str) {
    let count = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let x = u32::from(column).saturating_mul(WIDE).saturating_add(MARGIN);
    let y = u32::from(row).saturating_mul(HIGH).saturating_add(MARGIN);
    let length = count.saturating_mul(WIDE);
    if let Some(paper) = &look.paper {
        let _ = writeln!(picture, "<rect x=\"{x}\" y=\"{y}\" width=\"{length}\" height=\"{HIGH}\" fill=\"{paper}\"/>");
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    if look.bold {
        style.push_str(" font-weight=\"bold\"");
    }
    if look.dim {
        style.push_str(" opacity=\"0.65\"");
    }
    if look.underlined {
        style.push_str(" text-decoration=\"underline\"");
    }
    let base = y.saturating_add(15);
    let _ = writeln!(
        picture,
        "<text x=\"{x}\" y=\"{base}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{style}>{}</text>",
        look.ink,
        escaped(text)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZero;

    #[test]
    fn a_picture_has_the_text_its_colours_and_no_markup_of_anybodys() {
        let mut parser = vt100::Parser::new(NonZero::new(2).unwrap(), NonZero::new(20).unwrap(), 0);
        parser.process(b"\x1b[1;31mred & <b>\x1b[0m plain\r\n\x1b[7minverse\x1b[0m");
        let picture = svg(parser.screen(), "Two & more");
        assert!(picture.contains("<title>Two &amp; more</title>"));
        assert!(picture.contains("fill=\"#e06c6c\" font-weight=\"bold\">red &amp; &lt;b&gt;</text>"), "{picture}");
        assert!(picture.contains(&format!("height=\"{HIGH}\" fill=\"{INK}\"/>")), "{picture}");
        assert!(picture.contains(">inverse</text>") && picture.contains(" plain"));
    }
}
