//! Rule of dependencies: no files of a crate, and no modules at its top, use each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::crates::{self, Crate, Sources};
use super::resolve::{Resolver, Target};
use super::violation::Violation;

/// Names that one node uses of another, each with the file and the line of its first use.
type Names = BTreeMap<String, (String, usize)>;

/// Graph of uses: from a node, to a node.
type Graph = BTreeMap<String, BTreeMap<String, Names>>;

/// Replacement for a cycle.
const INSTEAD: &str = "move the names that both need to a file that uses neither, or pass the value in";

/// Finds cycles between the files and between the top-level modules of each crate.
pub(crate) fn violations(sources: &Sources) -> Result<Vec<Violation>, String> {
    let mut violations = Vec::new();
    // A module of tests uses helpers of its parent; the tests use nothing of one another.
    for krate in crates::read(sources)?.into_iter().filter(|krate| !is_of_tests(krate)) {
        let (files, tops) = graphs(&krate);
        violations.extend(cycles(&files).iter().filter_map(|cycle| violation("files", &files, cycle)));
        violations.extend(cycles(&tops).iter().filter_map(|cycle| violation("top-level modules", &tops, cycle)));
    }
    violations.sort();
    violations.dedup();
    Ok(violations)
}

/// Tells whether a crate holds tests alone: its root lies in a folder of tests and in none of sources.
fn is_of_tests(krate: &Crate) -> bool {
    let root = krate.modules.get(&Vec::new()).map(|root| root.file.as_str()).unwrap_or_default();
    let mut folders = root.split('/').rev().skip(1);
    folders.find(|folder| ["tests", "src"].contains(folder)) == Some("tests")
}

/// Graph of a crate's files, and graph of the modules at its top.
fn graphs(krate: &Crate) -> (Graph, Graph) {
    let (mut files, mut tops) = (Graph::new(), Graph::new());
    let mut resolver = Resolver::new(krate);
    let mut seen = BTreeSet::new();
    for used in &krate.uses {
        let Some(user) = krate.modules.get(&used.module) else { continue };
        // One path is used many times in a file; the first time counts.
        if !seen.insert((&used.module, &used.path)) {
            continue;
        }
        for target in resolver.resolve(&used.module, &used.path) {
            let Target::Item(module, name) = target else { continue };
            let Some(definer) = krate.modules.get(&module) else { continue };
            if user.file == definer.file {
                continue;
            }
            let place = (user.file.clone(), used.line);
            add(&mut files, &user.file, &definer.file, &name, &place);
            if let (Some(from), Some(to)) = (used.module.first(), module.first())
                && from != to
            {
                add(&mut tops, from, to, &name, &place);
            }
        }
    }
    (files, tops)
}

fn add(graph: &mut Graph, from: &str, to: &str, name: &str, place: &(String, usize)) {
    let names = graph.entry(from.to_owned()).or_default().entry(to.to_owned()).or_default();
    names.entry(name.to_owned()).or_insert_with(|| place.clone());
}

/// Shortest cycle through each node that lies on one.
fn cycles(graph: &Graph) -> BTreeSet<Vec<&str>> {
    graph.keys().filter_map(|node| shortest_cycle(graph, node)).collect()
}

/// Shortest cycle through a node, from its first node in the order of names.
fn shortest_cycle<'a>(graph: &'a Graph, start: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.get(node).into_iter().flatten().map(|(next, _)| next.as_str()) {
            if next == start {
                let mut cycle: Vec<&str> =
                    std::iter::successors(Some(node), |node| before.get(node).copied()).collect();
                cycle.reverse();
                let first = cycle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(first, _)| first);
                cycle.rotate_left(first);
                return Some(cycle);
            }
            if !before.contains_key(next) {
                before.insert(next, node);
                queue.push_back(next);
            }
        }
    }
    None
}

fn violation(kind: &str, graph: &Graph, cycle: &[&str]) -> Option<Violation> {
    let to = cycle.iter().cycle().skip(1);
    let edges: Vec<(&str, &str, &Names)> =
        cycle.iter().zip(to).filter_map(|(from, to)| Some((*from, *to, graph.get(*from)?.get(*to)?))).collect();
    let uses: Vec<String> =
        edges.iter().map(|(from, to, names)| format!("{from} uses {} of {to}", list(names))).collect();
    let (file, line) = edges.first().and_then(|(_, _, names)| names.values().min()).cloned()?;
    let rule = format!("{kind} use each other: {}", uses.join(", "));
    Some(Violation { file, line, rule, instead: INSTEAD.to_owned() })
}

/// Names with the lines of their first uses, in the order of lines.
fn list(names: &Names) -> String {
    let mut names: Vec<_> = names.iter().map(|(name, (file, line))| (file, line, name)).collect();
    names.sort();
    names.iter().map(|(_, line, name)| format!("{name} (line {line})")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        violations(&sources).unwrap().iter().map(ToString::to_string).collect()
    }

    fn one(files: &[(&str, &str)]) -> String {
        let found = found(files);
        assert_eq!(found.len(), 1, "{found:#?}");
        found.into_iter().next().unwrap().split("; instead").next().unwrap().to_owned()
    }

    #[test]
    fn two_files_that_use_each_other() {
        let files = [
            ("a/src/lib.rs", "mod m;"),
            ("a/src/m/mod.rs", "mod keys; mod jwks;"),
            ("a/src/m/keys.rs", "use super::jwks::Jwk;\npub struct Key(Jwk);"),
            ("a/src/m/jwks.rs", "pub struct Jwk;\nfn f() { let _: super::keys::Key; }"),
        ];
        assert_eq!(
            one(&files),
            "a/src/m/jwks.rs:2: files use each other: a/src/m/jwks.rs uses Key (line 2) of a/src/m/keys.rs, \
             a/src/m/keys.rs uses Jwk (line 1) of a/src/m/jwks.rs"
        );
    }

    #[test]
    fn three_files_that_use_each_other() {
        let files = [
            ("src/main.rs", "mod m;"),
            ("src/m.rs", "mod a; mod b; mod c;"),
            ("src/m/a.rs", "use crate::m::b::B; pub struct A(B);"),
            ("src/m/b.rs", "pub struct B(super::c::C);"),
            ("src/m/c.rs", "pub struct C; impl C { fn f(a: Option<super::a::A>) {} }"),
        ];
        assert_eq!(
            one(&files),
            "src/m/a.rs:1: files use each other: src/m/a.rs uses B (line 1) of src/m/b.rs, \
             src/m/b.rs uses C (line 1) of src/m/c.rs, src/m/c.rs uses A (line 1) of src/m/a.rs"
        );
    }

    #[test]
    fn a_reexport_leads_to_the_file_of_the_name() {
        let parent = "mod a; mod b; pub use a::A; pub(crate) use b::{B as Renamed}; pub use b::*;";
        let acyclic = [
            ("src/lib.rs", "mod m;"),
            ("src/m/mod.rs", parent),
            ("src/m/a.rs", "pub struct A;"),
            ("src/m/b.rs", "use super::A; pub struct B(A); pub fn free() {}"),
        ];
        assert_eq!(found(&acyclic), [""; 0]);
        for user in [
            "use super::Renamed; pub struct A(Renamed);",
            "pub struct A(super::Renamed);",
            "use super::*; pub struct A; fn f() { free() }",
            "use super::free; pub struct A;",
        ] {
            let mut cyclic = acyclic;
            cyclic[2].1 = user;
            let text = one(&cyclic);
            assert!(text.starts_with("src/m/a.rs:1: files use each other: src/m/a.rs uses "), "{text}");
            assert!(text.ends_with("of src/m/b.rs, src/m/b.rs uses A (line 1) of src/m/a.rs"), "{text}");
        }
    }

    #[test]
    fn a_parent_that_uses_its_child_and_is_used_by_it() {
        let child = "use super::Limit; pub fn run(_: Limit) {}";
        let files = |parent| [("src/lib.rs", "mod m;"), ("src/m/mod.rs", parent), ("src/m/a.rs", child)];
        let text = one(&files("mod a; pub struct Limit;\nfn f() { a::run(Limit) }"));
        assert_eq!(
            text,
            "src/m/a.rs:1: files use each other: src/m/a.rs uses Limit (line 1) of src/m/mod.rs, \
             src/m/mod.rs uses run (line 2) of src/m/a.rs"
        );
        assert!(!one(&files("mod a; use a::run; pub struct Limit; fn f() { run(Limit) }")).is_empty());
        assert!(!one(&files("mod a; pub use a::run; pub struct Limit; fn f() { run(Limit) }")).is_empty());
        // A re-export alone is no use.
        assert_eq!(found(&files("mod a; pub use a::run; pub struct Limit;")), [""; 0]);
    }

    #[test]
    fn top_level_modules_that_use_each_other() {
        let files = [
            ("src/lib.rs", "mod auth; mod vault;"),
            ("src/auth/mod.rs", "pub mod claims; pub mod user;"),
            ("src/auth/claims.rs", "pub struct Claims(crate::vault::Table);"),
            ("src/auth/user.rs", "pub struct User;"),
            ("src/vault/mod.rs", "mod table; pub mod rules; pub use table::Table;"),
            ("src/vault/table.rs", "pub struct Table;"),
            ("src/vault/rules.rs", "use crate::auth::user::User; fn f(_: User) {}"),
        ];
        assert_eq!(
            one(&files),
            "src/auth/claims.rs:1: top-level modules use each other: auth uses Table (line 1) of vault, \
             vault uses User (line 1) of auth"
        );
    }

    #[test]
    fn paths_in_macros_are_uses_and_macros_define_names() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "name! { /// Name.\n Name }\npub fn f() { assert!(x.b, \"{}\", crate::b::g(1)); }"),
            ("src/b.rs", "pub fn g(_: u8) -> crate::a::Name { crate::a::Name }"),
        ];
        let found = found(&files);
        assert_eq!(found.len(), 2, "files and top-level modules: {found:#?}");
        assert!(found[0].contains("src/a.rs uses g (line 3) of src/b.rs"), "{found:#?}");
        assert!(found[0].contains("src/b.rs uses Name (line 1) of src/a.rs"), "{found:#?}");
    }

    #[test]
    fn test_code_and_other_crates_are_no_uses() {
        let files = [
            ("src/lib.rs", "mod m;"),
            ("src/m/mod.rs", "mod a; mod b; #[cfg(test)] mod tests; pub use a::A;"),
            ("src/m/a.rs", "use super::b::B; pub struct A(B); #[cfg(test)] mod tests { use super::*; }"),
            (
                "src/m/b.rs",
                "use ::a::A; use serde::a; pub struct B; #[cfg(test)] use super::a::A; #[cfg(test)] mod tests { use \
                 super::super::a::A; } #[cfg(all(test, unix))] fn f() { super::a::A } impl B { #[cfg(test)] fn g() { \
                 super::A } }",
            ),
            ("src/m/tests.rs", "use super::A; pub fn help() {}"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn the_library_and_the_program_of_a_package_are_two_crates() {
        let files = [
            ("src/lib.rs", "pub mod a;"),
            ("src/a.rs", "pub fn f() {}"),
            ("src/main.rs", "mod b; fn main() { b::g() }"),
            ("src/b.rs", "pub fn g() { local::a::f() }"),
            ("tests/one.rs", "#[path = \"support/help.rs\"] mod help; fn f() { help::g() }"),
            ("tests/support/help.rs", "pub fn g() {}"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn a_file_that_can_not_be_parsed_is_named() {
        let sources = Sources::from([("src/lib.rs".to_owned(), "mod a;\nfn {".to_owned())]);
        let error = violations(&sources).unwrap_err();
        assert!(error.starts_with("src/lib.rs:2: "), "{error}");
    }
}
