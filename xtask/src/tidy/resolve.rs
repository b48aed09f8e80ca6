//! Resolution of paths within a crate, through imports and re-exports, to the module that defines the name.

use std::collections::BTreeSet;

use super::crates::{Crate, Module, Names};

/// Target of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Module(Names),
    /// Item, by the module that defines it and its name.
    Item(Names, String),
}

/// Resolver of a crate's paths.
pub(crate) struct Resolver<'a> {
    krate: &'a Crate,
    /// Look-ups under way; imports may lead back to themselves.
    open: BTreeSet<(Names, String)>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(krate: &'a Crate) -> Self {
        Self { krate, open: BTreeSet::new() }
    }

    /// Resolves a path as it is written in a module. A path to another crate has no target; a name may stand for a
    /// module and an item at once.
    pub(crate) fn resolve(&mut self, module: &Names, path: &[String]) -> BTreeSet<Target> {
        let mut targets = BTreeSet::from([Target::Module(module.clone())]);
        for (position, name) in path.iter().enumerate() {
            // `a::b` goes into the module `a` even where an item is called `a` as well.
            if targets.iter().any(|target| matches!(target, Target::Module(_))) {
                targets.retain(|target| matches!(target, Target::Module(_)));
            }
            targets = targets.into_iter().flat_map(|target| self.step(target, name, position == 0)).collect();
        }
        targets
    }

    fn step(&mut self, target: Target, name: &str, first: bool) -> BTreeSet<Target> {
        match target {
            // Variants and associated items belong to their type.
            Target::Item(..) => BTreeSet::from([target]),
            Target::Module(module) => match name {
                "crate" if first => BTreeSet::from([Target::Module(Vec::new())]),
                "self" => BTreeSet::from([Target::Module(module)]),
                "super" => module.split_last().map(|(_, parent)| Target::Module(parent.to_vec())).into_iter().collect(),
                name => self.look_up(&module, name),
            },
        }
    }

    fn look_up(&mut self, module: &Names, name: &str) -> BTreeSet<Target> {
        let Some(found) = self.krate.modules.get(module) else { return BTreeSet::new() };
        let key = (module.clone(), name.to_owned());
        if !self.open.insert(key.clone()) {
            return BTreeSet::new();
        }
        let mut targets = self.named(module, found, name);
        if targets.is_empty() {
            targets = found.globs.iter().flat_map(|glob| self.in_glob(module, glob, name)).collect();
        }
        if targets.is_empty() && found.generated.contains(name) {
            targets.insert(Target::Item(module.clone(), name.to_owned()));
        }
        self.open.remove(&key);
        targets
    }

    /// Looks a name up among the names that a module lists itself.
    fn named(&mut self, module: &Names, found: &Module, name: &str) -> BTreeSet<Target> {
        let mut targets = BTreeSet::new();
        if found.children.contains(name) {
            targets.insert(Target::Module([module.as_slice(), &[name.to_owned()]].concat()));
        }
        if found.items.contains(name) {
            targets.insert(Target::Item(module.clone(), name.to_owned()));
        }
        for (_, path) in found.imports.iter().filter(|(imported, _)| imported == name) {
            targets.extend(self.resolve(module, path));
        }
        targets
    }

    fn in_glob(&mut self, module: &Names, glob: &Names, name: &str) -> BTreeSet<Target> {
        let targets = self.resolve(module, glob);
        let modules = targets.into_iter().filter_map(|target| match target {
            Target::Module(module) => Some(module),
            Target::Item(..) => None,
        });
        modules.collect::<Vec<_>>().into_iter().flat_map(|module| self.look_up(&module, name)).collect()
    }
}
