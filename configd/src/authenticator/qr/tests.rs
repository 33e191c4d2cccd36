//! What is drawn is read back by a decoder that is not of the same hand as the encoder.

use super::*;
use crate::authenticator::totp::{AppKey, Digits, Hash, Shape};
use crate::random::KernelRandom;

/// Pixels a module: a camera sees more than one, and the decoder's own limits are in pixels.
const SCALE: usize = 4;

/// The dark and light halves of the letters, as a terminal with a dark background shows them.
fn modules(lines: &[String]) -> Vec<Vec<bool>> {
    let mut rows = Vec::new();
    for line in lines {
        let halves = |upper: bool| {
            line.chars()
                .map(|letter| match letter {
                    '█' => true,
                    '▀' => upper,
                    '▄' => !upper,
                    ' ' => false,
                    other => panic!("{other:?} is no half block"),
                })
                .collect::<Vec<bool>>()
        };
        rows.push(halves(true));
        rows.push(halves(false));
    }
    rows
}

/// What a scanner reads from a photograph of the whole screen: dark round the square.
fn scanned(lines: &[String]) -> String {
    let rows = modules(lines);
    let margin = 6;
    let (width, height) = (rows[0].len() + 2 * margin, rows.len() + 2 * margin);
    let is_light = |x: usize, y: usize| {
        let place = |pixel: usize| (pixel / SCALE).checked_sub(margin);
        place(y).and_then(|y| rows.get(y)).zip(place(x)).is_some_and(|(row, x)| row.get(x).copied().unwrap_or(false))
    };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width * SCALE, height * SCALE, |x, y| {
        if is_light(x, y) { 230 } else { 20 }
    });
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "a scanner finds one square");
    grids[0].decode().unwrap().1
}

#[test]
fn what_is_drawn_is_read_back_by_another_decoder() {
    let key = AppKey::new(&KernelRandom).unwrap();
    for (issuer, account) in [
        ("Example Corp", "ada@host"),
        ("会社の入口", "björn"),
        ("", "x"),
        // The longest application and login name, and then some.
        ("Example Corporation of Springfield, Ltd.", "a2345678901234567890123456789012@host.example.com"),
        (
            "会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会会",
            "éééééééééééééééééééééééééééééééé",
        ),
    ] {
        let uri = key.uri(issuer, account);
        let drawn = draw(uri.expose(), 80, Letters::Unicode).unwrap();
        assert_eq!(scanned(drawn.expose()), *uri.expose());
    }
    let shape = Shape { hash: Hash::Sha512, digits: Digits::Eight, step_s: 60 };
    let long = AppKey::of(Secret::new((0..64).collect()), shape).unwrap();
    let uri = long.uri("Example Corp", "ada@host");
    assert_eq!(scanned(draw(uri.expose(), 80, Letters::Unicode).unwrap().expose()), *uri.expose());
}

#[test]
fn the_usual_link_fits_a_terminal_of_80_by_24() {
    let uri = AppKey::new(&KernelRandom).unwrap().uri("Example Corp", "ada@host");
    let drawn = draw(uri.expose(), 80, Letters::Unicode).unwrap();
    // A line is left for the key in letters or the question.
    assert!(drawn.expose().len() <= 23, "{} lines", drawn.expose().len());
}

#[test]
fn the_longest_link_of_ours_fits_80_columns_and_a_frame() {
    let uri = AppKey::new(&KernelRandom).unwrap().uri(&"会".repeat(40), &"é".repeat(255));
    let drawn = draw(uri.expose(), 80, Letters::Unicode).unwrap();
    assert!(drawn.expose().iter().all(|line| line.chars().count() <= 80));
    assert!(drawn.expose().iter().map(String::len).sum::<usize>() < 12 * 1024, "a frame is 16 KiB");
}

#[test]
fn the_quiet_zone_is_four_modules_and_two_where_four_do_not_fit() {
    let text = "otpauth://totp/ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let width = Square::of(text).unwrap().code.width();
    for (columns, quiet) in
        [(width + 8, Some(4)), (width + 7, Some(2)), (width + 4, Some(2)), (width + 3, None), (0, None)]
    {
        let drawn = draw(text, columns, Letters::Unicode);
        assert_eq!(drawn.is_some(), quiet.is_some(), "{columns} columns");
        let (Some(drawn), Some(quiet)) = (drawn, quiet) else { continue };
        let rows = modules(drawn.expose());
        for row in &rows[..quiet] {
            assert!(row.iter().all(|light| *light));
        }
        // The corners of the three finder patterns begin where the quiet zone ends.
        for (x, y) in [(quiet, quiet), (quiet + width - 1, quiet), (quiet, quiet + width - 1)] {
            assert!(!rows[y][x], "a dark corner at {x}, {y}");
        }
        for row in &rows[quiet..quiet + width] {
            assert_eq!(row.len(), width + 2 * quiet);
            assert!(row[..quiet].iter().chain(&row[quiet + width..]).all(|light| *light));
        }
        assert_eq!(scanned(drawn.expose()), text);
    }
}

#[test]
fn an_ascii_terminal_and_a_text_too_long_get_no_square() {
    assert!(draw("otpauth://totp/ada", 80, Letters::Ascii).is_none());
    assert!(draw(&"x".repeat(500), 80, Letters::Unicode).is_none());
    assert!(draw(&"x".repeat(10_000), usize::MAX, Letters::Unicode).is_none());
}

#[test]
fn as_much_error_correction_as_the_smallest_square_holds() {
    // Version 2 holds 32 bytes at L, 26 at M (ISO/IEC 18004, table 7).
    for (length, level) in [(26, EcLevel::M), (27, EcLevel::L), (32, EcLevel::L)] {
        let square = Square::of(&"x".repeat(length)).unwrap();
        assert_eq!(
            (square.code.version(), square.code.error_correction_level()),
            (Version::Normal(2), level),
            "{length}"
        );
    }
}

#[test]
fn a_drawing_is_not_printed() {
    assert_eq!(format!("{:?}", draw("otpauth://totp/ada", 80, Letters::Unicode)), "Some(…)");
}

#[test]
fn the_square_as_it_stands_on_a_dark_terminal() {
    let key = AppKey::of(Secret::new(b"12345678901234567890".to_vec()), Shape::default()).unwrap();
    let drawn = draw(key.uri("Example Corp", "ada@host").expose(), 80, Letters::Unicode).unwrap();
    insta::assert_snapshot!(drawn.expose().join("\n"));
}
