//! Reader of the files that Valgrind's callgrind writes: how many instructions each function took. Its own tool for
//! that is a script that prints text for people. The format is described in Valgrind's manual, chapter "Callgrind
//! Format Specification".

use std::collections::{BTreeMap, HashMap};

/// Instructions.
pub type Cost = u64;

/// A function, and the file that it was loaded from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// The file.
    pub object: String,
    /// The name.
    pub name: String,
}

/// Each function's own instructions, without those of functions that it calls. `None` if the text is of another format.
pub fn costs(text: &str) -> Option<BTreeMap<Function, Cost>> {
    let mut names = Names::default();
    let mut costs: BTreeMap<Function, Cost> = BTreeMap::new();
    let (mut object, mut function) = (String::new(), None);
    let mut of_a_call = false;
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('=').filter(|(key, _)| !key.contains([' ', ':'])) {
            match key {
                "ob" => object = names.resolve("ob", value)?,
                // Known from here on, also where it is a function of its own.
                "cob" => drop(names.resolve("ob", value)?),
                "fn" => function = Some(Function { object: object.clone(), name: names.resolve("fn", value)? }),
                "cfn" => drop(names.resolve("fn", value)?),
                // The next line has the cost of the called function.
                "calls" => of_a_call = true,
                _ => {}
            }
        } else if line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '*'))
            && !std::mem::take(&mut of_a_call)
        {
            let cost: Cost = line.split_whitespace().nth(1)?.parse().ok()?;
            *costs.entry(function.clone()?).or_default() += cost;
        }
    }
    (!costs.is_empty()).then_some(costs)
}

/// Names are written once, as `(number) name`, and then `(number)`.
#[derive(Default)]
struct Names(HashMap<(&'static str, String), String>);

impl Names {
    fn resolve(&mut self, kind: &'static str, text: &str) -> Option<String> {
        let Some(rest) = text.strip_prefix('(') else { return Some(text.to_owned()) };
        let (number, name) = rest.split_once(')')?;
        let key = (kind, number.to_owned());
        if name.is_empty() {
            return self.0.get(&key).cloned();
        }
        self.0.insert(key, name.trim_start().to_owned());
        Some(name.trim_start().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_own_instructions_are_added_up() {
        let text = "# callgrind format\nversion: 1\ncmd: ./program a=b\npositions: line\nevents: Ir\n\n\
                    ob=(1) /bin/program\nfl=(1) ???\nfn=(1) main\n0 10\n+3 5\ncob=(2) /lib/libc.so\ncfn=(2) malloc\n\
                    calls=1 0\n0 400\n* 1\n\nob=(2)\nfn=(2)\n0 400\n\ntotals: 416\n";
        let function = |object: &str, name: &str| Function { object: object.to_owned(), name: name.to_owned() };
        let expected = [(function("/bin/program", "main"), 16), (function("/lib/libc.so", "malloc"), 400)];
        assert_eq!(costs(text), Some(expected.into()));
    }

    #[test]
    fn another_text_is_not_understood() {
        assert_eq!(costs("nothing of the kind"), None);
    }
}
