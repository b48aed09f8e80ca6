//! Tables of text, as Markdown has them: they read well on a terminal too.

use std::fmt::Write;

/// A table with aligned columns; the first one to the left, the others to the right.
pub fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).chain([head[column].chars().count(), 3]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        for (column, (cell, width)) in cells.zip(&widths).enumerate() {
            let _ = if column == 0 { write!(text, "| {cell:<width$} ") } else { write!(text, "| {cell:>width$} ") };
        }
        text.push_str("|\n");
    };
    line(&mut head.iter().copied());
    let rules: Vec<String> = widths
        .iter()
        .enumerate()
        .map(|(column, width)| if column == 0 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) })
        .collect();
    line(&mut rules.iter().map(String::as_str));
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

/// A number with as many digits as say something: three, and all before the point.
pub fn number(value: f64) -> String {
    match value.abs() {
        small if small < 9.995 => format!("{value:.2}"),
        medium if medium < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".to_owned(), "1.00".to_owned()], vec!["longer".to_owned(), "10.0".to_owned()]];
        let text = "| name   |   ms |\n| ------ | ---: |\n| a      | 1.00 |\n| longer | 10.0 |\n";
        assert_eq!(markdown(&["name", "ms"], &rows), text);
    }

    #[test]
    fn numbers_have_three_digits_or_more() {
        assert_eq!(
            [0.001, 1.234, 9.996, 12.34, 99.96, 1234.5].map(number),
            ["0.00", "1.23", "10.0", "12.3", "100", "1234"]
        );
    }
}
