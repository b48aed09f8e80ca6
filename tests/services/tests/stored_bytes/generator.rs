//! Documents as odd as JSON allows and OpenSearch takes, written as text: a library would write them too evenly.
//!
//! Forms that OpenSearch refuses are left out: a repeated member, numbers of more than a thousand digits, on the first
//! level arrays twenty deep, and there also keys that are empty or have a part between dots that is.

#[path = "tokens.rs"]
mod tokens;

use std::fmt::Write;

use devstack::examples;
use devstack::random::Random;

/// Spacing between the tokens of a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spacing {
    None,
    /// Spaces, tabs and carriage returns: still one line.
    Line,
    /// Line feeds too.
    Lines,
}

/// A text that grows.
pub struct Generator {
    random: Random,
    spacing: Spacing,
    text: String,
}

/// Rough size of a document, in bytes.
const ORDINARY: usize = 1000;
const LARGE: usize = 100_000;

/// The document of this number, for one of the six indices: an object.
pub fn document(random: Random, number: usize, index: usize) -> String {
    let mut generator = Generator { random, spacing: Spacing::None, text: String::new() };
    generator.spacing = match generator.random.below(10) {
        0..4 => Spacing::None,
        4..9 => Spacing::Line,
        _ => Spacing::Lines,
    };
    let size = if number % 200 == 199 { LARGE } else { generator.random.below(ORDINARY) };
    generator.space();
    generator.text.push('{');
    generator.space();
    let empty = generator.random.percent(2);
    if !empty {
        // One in three is a document of its type, with more in it.
        if generator.random.percent(33) {
            let example = examples::DOCUMENTS[index].1.trim().strip_prefix('{').unwrap().strip_suffix('}').unwrap();
            generator.text.push_str(example);
            generator.text.push(',');
        }
        let start = generator.text.len();
        let mut member = 0;
        while member == 0 || generator.text.len() - start < size {
            if member > 0 {
                generator.text.push(',');
            }
            generator.member(member, 0);
            member += 1;
        }
    }
    generator.text.push('}');
    generator.space();
    generator.text
}

/// A document of exactly this length inside a JSON string, as which it travels from a function to the gateway.
pub fn document_of(random: Random, escaped: usize) -> String {
    let mut generator = Generator { random, spacing: Spacing::None, text: "{\"k\":[".to_owned() };
    let mut length = super::escaped_length(&generator.text);
    const END: &str = "\"\"]}";
    // No element is longer than this.
    while length + 10_000 < escaped {
        let start = generator.text.len();
        generator.string();
        generator.text.push(',');
        length += super::escaped_length(&generator.text[start..]);
    }
    // The last string takes the rest.
    let left = escaped - length - super::escaped_length(END);
    write!(generator.text, "\"{}\"]}}", "x".repeat(left)).unwrap();
    generator.text
}

impl Generator {
    fn space(&mut self) {
        if self.spacing != Spacing::None && self.random.percent(30) {
            for _ in 0..=self.random.below(3) {
                let kinds = if self.spacing == Spacing::Line { 3 } else { 4 };
                self.text.push([' ', '\t', '\r', '\n'][self.random.below(kinds)]);
            }
        }
    }

    /// The member of this number: a key that no other has, and a value. Below the first level any key is taken.
    fn member(&mut self, number: usize, depth: usize) {
        self.space();
        if depth > 0 && number == 0 && self.random.percent(10) {
            let key = self.random.one_of(&["", ".", "..", " ", ".a", "_id"]);
            write!(self.text, "\"{key}\"").unwrap();
        } else if self.random.percent(50) {
            write!(self.text, "\"k{number}\"").unwrap();
        } else {
            // The number keeps it apart from others, and a dash keeps the number apart from the rest.
            let odd = [
                ".a.b",
                " ",
                "*",
                ".",
                "/\\/",
                "\\\"",
                "\\u0000",
                "\\n",
                "\u{fc}",
                "\\u00FC",
                "\u{1f600}",
                "\u{feff}",
                "[0]",
                "{}",
                ":",
                ",",
                "%20",
                "_id",
                "\\ud83d\\ude00",
            ];
            let odd = self.random.one_of(&odd);
            write!(self.text, "\"\\u006b{number}-{odd}\"").unwrap();
        }
        self.space();
        self.text.push(':');
        self.value(depth);
    }

    fn value(&mut self, depth: usize) {
        self.space();
        match self.random.below(20) {
            0..5 => self.number(),
            5..11 => self.string(),
            11..14 => {
                let literal = self.random.one_of(&["null", "null", "true", "false", "[]", "{}", "\"\""]);
                self.text.push_str(literal);
            }
            // Once in a while as deep as a thousand levels allow, with some left for its surroundings.
            14 if self.random.percent(5) => self.deep(),
            14..17 if depth < 8 => {
                self.text.push('[');
                for element in 0..self.random.below(5) {
                    if element > 0 {
                        self.text.push(',');
                    }
                    self.value(depth + 1);
                }
                self.space();
                self.text.push(']');
            }
            17.. if depth < 8 => {
                self.text.push('{');
                for member in 0..self.random.below(5) {
                    if member > 0 {
                        self.text.push(',');
                    }
                    self.member(member, depth + 1);
                }
                self.space();
                self.text.push('}');
            }
            _ => self.text.push_str("{ }"),
        }
        self.space();
    }

    fn deep(&mut self) {
        let levels = 1 + self.random.below(400);
        self.text.push_str("{\"o\":");
        self.text.push_str(&"[{\"\":".repeat(levels));
        self.number();
        self.text.push_str(&"}]".repeat(levels));
        self.text.push('}');
    }
}
