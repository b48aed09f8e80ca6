//! Charts as SVG, written by hand: bars with an interval are a few rectangles and lines, and a library for plots would
//! be larger than all the rest of this program.

use std::fmt::Write;

use crate::table::number;

/// One bar: pieces that add up, and the interval of their sum.
#[derive(Debug)]
pub struct Bar {
    /// Label before the bar.
    pub name: String,
    /// The pieces' lengths.
    pub pieces: Vec<f64>,
    /// The interval of the whole.
    pub interval: (f64, f64),
}

/// The pieces' colours, which people with any sight of colours tell apart.
const COLOURS: [&str; 3] = ["#4477aa", "#ee6677", "#ccbb44"];
const WIDTH: f64 = 760.0;
const NAMES: f64 = 90.0;
const NUMBERS: f64 = 90.0;
const TOP: f64 = 56.0;
const ROW: f64 = 30.0;

/// Bars one below the other, on a scale from zero. `legend` names the pieces.
pub fn bars(title: &str, unit: &str, legend: &[&str], bars: &[Bar]) -> String {
    let total = |bar: &Bar| bar.pieces.iter().sum::<f64>();
    let longest = bars.iter().map(|bar| total(bar).max(bar.interval.1)).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - NAMES - NUMBERS) / longest;
    let height = ROW.mul_add(bars.len() as f64, TOP) + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"8\" y=\"20\" font-weight=\"bold\">{title}</text>\n"
    );
    for (place, (name, colour)) in legend.iter().zip(COLOURS).enumerate() {
        let x = 140.0f64.mul_add(place as f64, NAMES);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"31\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"42\">{name}</text>",
            x + 18.0
        );
    }
    for (place, bar) in bars.iter().enumerate() {
        let y = ROW.mul_add(place as f64, TOP);
        let middle = y + ROW / 2.0 - 2.0;
        let _ =
            write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", NAMES - 8.0, middle + 5.0, bar.name);
        let mut x = NAMES;
        for (length, colour) in bar.pieces.iter().zip(COLOURS) {
            let width = length * scale;
            let _ = write!(svg, "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"22\" fill=\"{colour}\"/>");
            x += width;
        }
        let [low, high] = [bar.interval.0, bar.interval.1].map(|end| end.mul_add(scale, NAMES));
        let _ = writeln!(
            svg,
            "<path d=\"M{low:.1} {middle}H{high:.1}M{low:.1} {}v8M{high:.1} {}v8\" stroke=\"black\" fill=\"none\"/>\
             <text x=\"{:.1}\" y=\"{}\">{} {unit}</text>",
            middle - 4.0,
            middle - 4.0,
            x.max(high) + 8.0,
            middle + 5.0,
            number(total(bar))
        );
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_width_and_the_others_are_in_proportion() {
        let bar = |name: &str, pieces: [f64; 2]| Bar {
            name: name.to_owned(),
            interval: (pieces[0] + pieces[1], pieces[0] + pieces[1]),
            pieces: pieces.into(),
        };
        let svg = bars("Times", "ms", &["init", "first"], &[bar("one", [1.0, 1.0]), bar("two", [4.0, 4.0])]);
        assert_eq!(svg.matches("width=\"72.5\"").count(), 2, "{svg}");
        assert_eq!(svg.matches("width=\"290.0\"").count(), 2, "{svg}");
        assert!(svg.contains(">8.00 ms<"), "{svg}");
    }
}
