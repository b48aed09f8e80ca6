//! Crates read from source: the tree of modules, the names that each defines and imports, and the paths that it uses.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, Item, Lit, Meta, UseTree, Visibility};

/// Source files: path from the root of the repository, and text.
pub(crate) type Sources = BTreeMap<String, String>;

/// Path of names: of a module from the root of its crate, or as it is written in code.
pub(crate) type Names = Vec<String>;

/// Crate: its modules by their paths, and its uses of names.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<Names, Module>,
    pub(crate) uses: Vec<Use>,
}

/// Module: a file, or a block in one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) children: BTreeSet<String>,
    pub(crate) items: BTreeSet<String>,
    /// Names in the tokens of macros that stand for items; the macro may define them.
    pub(crate) generated: BTreeSet<String>,
    /// Imported names, each with the path that it stands for.
    pub(crate) imports: Vec<(String, Names)>,
    /// Paths with names that are all imported.
    pub(crate) globs: Vec<Names>,
}

/// Use of a path in a module's own code. A re-export alone is none.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) module: Names,
    pub(crate) path: Names,
    pub(crate) line: usize,
}

/// Reads all crates. A file that no other file declares as a module is the root of a crate.
pub(crate) fn read(sources: &Sources) -> Result<Vec<Crate>, String> {
    let is_root = |file: &&String| ["lib.rs", "main.rs"].contains(&file.rsplit('/').next().unwrap_or(file));
    let (roots, others): (Vec<&String>, Vec<&String>) = sources.keys().partition(is_root);
    let mut read = BTreeSet::new();
    let mut crates = Vec::new();
    for root in roots.into_iter().chain(others) {
        if !read.contains(root.as_str()) {
            let mut reader = Reader { sources, read: &mut read, krate: Crate::default() };
            reader.file(root, Vec::new(), folder(root))?;
            crates.push(reader.krate);
        }
    }
    Ok(crates)
}

/// Folder of a file, with its slash.
fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| file.get(..=folder.len()).unwrap_or(file))
}

/// Reader of one crate.
struct Reader<'a> {
    sources: &'a Sources,
    /// Files of this crate and of those before.
    read: &'a mut BTreeSet<String>,
    krate: Crate,
}

/// File that declares a module, and the attributes of the declaration.
struct Declared {
    module: Names,
    path: Option<String>,
    test: bool,
}

impl Reader<'_> {
    /// Reads a file as the module `path`; its children are in `children`.
    fn file(&mut self, file: &str, path: Names, children: &str) -> Result<(), String> {
        self.read.insert(file.to_owned());
        let Some(text) = self.sources.get(file) else { return Ok(()) };
        let parsed = syn::parse_file(text).map_err(|error| format!("{file}:{}: {error}", error.span().start().line))?;
        let depth = path.len();
        self.krate.modules.insert(path.clone(), Module { file: file.to_owned(), ..Module::default() });
        let mut visitor = Visitor { krate: &mut self.krate, path, bodies: 0, test: false, declared: Vec::new() };
        for item in &parsed.items {
            visitor.visit_item(item);
        }
        for Declared { module, path, test } in visitor.declared {
            // Blocks of modules within the file are folders.
            let inner = module.get(depth..).unwrap_or_default().join("/");
            let candidates = match path {
                Some(path) => vec![(format!("{}{path}", folder(file)), None)],
                None => vec![
                    (format!("{children}{inner}.rs"), Some(format!("{children}{inner}/"))),
                    (format!("{children}{inner}/mod.rs"), Some(format!("{children}{inner}/"))),
                ],
            };
            let found = candidates.into_iter().find(|(file, _)| self.sources.contains_key(file));
            if let Some((file, children)) = found {
                if test {
                    self.read_tests(&file, children.as_deref());
                } else {
                    let children = children.unwrap_or_else(|| folder(&file).to_owned());
                    self.file(&file, module, &children)?;
                }
            }
        }
        Ok(())
    }

    /// Marks the files of a test module as read: a cycle through tests is none.
    fn read_tests(&mut self, file: &str, children: Option<&str>) {
        self.read.insert(file.to_owned());
        let Some(children) = children else { return };
        let below = self.sources.keys().filter(|file| file.starts_with(children));
        self.read.extend(below.cloned());
    }
}

/// Visitor of a file.
struct Visitor<'a> {
    krate: &'a mut Crate,
    /// Module of the code that is visited.
    path: Names,
    /// Blocks of code around it.
    bodies: usize,
    test: bool,
    declared: Vec<Declared>,
}

impl Visitor<'_> {
    fn module(&mut self) -> &mut Module {
        self.krate.modules.entry(self.path.clone()).or_default()
    }

    fn define(&mut self, name: &syn::Ident) {
        if self.bodies == 0 {
            let name = name_of(name);
            self.module().items.insert(name);
        }
    }

    fn uses(&mut self, path: Names, line: usize) {
        self.krate.uses.push(Use { module: self.path.clone(), path, line });
    }

    fn import(&mut self, tree: &UseTree, prefix: &[String], reexport: bool) {
        match tree {
            UseTree::Path(tree) => self.import(&tree.tree, &[prefix, &[name_of(&tree.ident)]].concat(), reexport),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, prefix, reexport)),
            UseTree::Name(tree) => self.import_name(&tree.ident, &tree.ident, prefix, reexport),
            UseTree::Rename(tree) => self.import_name(&tree.ident, &tree.rename, prefix, reexport),
            UseTree::Glob(tree) => {
                self.module().globs.push(prefix.to_vec());
                if !reexport {
                    self.uses(prefix.to_vec(), tree.star_token.span.start().line);
                }
            }
        }
    }

    fn import_name(&mut self, ident: &syn::Ident, name: &syn::Ident, prefix: &[String], reexport: bool) {
        // `use a::{self}` imports `a`.
        let own = ident == "self";
        let path = if own { prefix.to_vec() } else { [prefix, &[name_of(ident)]].concat() };
        let name = if own && name == "self" { prefix.last().cloned().unwrap_or_default() } else { name_of(name) };
        self.module().imports.push((name, path.clone()));
        if !reexport {
            self.uses(path, ident.span().start().line);
        }
    }

    /// Finds paths in the tokens of a macro.
    fn tokens(&mut self, tokens: &TokenStream) {
        let mut path: Option<(Names, usize)> = None;
        // Colons since the last name, and a dot before the next one.
        let (mut colons, mut dot) = (0, false);
        for token in tokens.clone() {
            match &token {
                TokenTree::Ident(ident) => {
                    let name = name_of(ident);
                    match path.as_mut() {
                        Some((names, _)) if colons == 2 => names.push(name),
                        _ => {
                            self.end_of(path.take());
                            path = (!dot).then(|| (vec![name], ident.span().start().line));
                        }
                    }
                    (colons, dot) = (0, false);
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.end_of(path.take());
                    colons = 0;
                    dot = matches!(other, TokenTree::Punct(punct) if punct.as_char() == '.');
                    if let TokenTree::Group(group) = other {
                        self.tokens(&group.stream());
                    }
                }
            }
        }
        self.end_of(path);
    }

    fn end_of(&mut self, path: Option<(Names, usize)>) {
        if let Some((path, line)) = path {
            self.uses(path, line);
        }
    }

    /// Notes the names that a macro in the place of an item may define.
    fn generates(&mut self, tokens: &TokenStream) {
        let mut keyword = false;
        for token in tokens.clone() {
            match &token {
                TokenTree::Ident(ident) => {
                    let name = name_of(ident);
                    if self.bodies == 0 && (keyword || name.starts_with(char::is_uppercase)) {
                        self.module().generated.insert(name.clone());
                    }
                    keyword = ["fn", "struct", "enum", "type", "trait", "const", "static"].contains(&name.as_str());
                }
                TokenTree::Group(group) if group.delimiter() != Delimiter::Parenthesis => {
                    self.generates(&group.stream());
                }
                _ => {}
            }
        }
    }
}

/// Name without the prefix of a raw identifier.
fn name_of(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or_else(|| name.clone(), str::to_owned)
}

/// Returns true if the attributes keep an item out of a build without tests.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test" || (condition.starts_with("all") && condition.contains("test"))
        }
        _ => false,
    })
}

/// Path of a module's file, from its attribute.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(path) => Some(path.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let test = is_test(attributes(item));
        if let Item::Mod(module) = item {
            self.visit_module(module, test);
            return;
        }
        if test || self.test {
            return;
        }
        match item {
            Item::Use(item) => {
                // `::a` is another crate.
                if item.leading_colon.is_none() {
                    self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
                }
                return;
            }
            Item::Const(item) => self.define(&item.ident),
            Item::Enum(item) => self.define(&item.ident),
            Item::Fn(item) => self.define(&item.sig.ident),
            Item::Static(item) => self.define(&item.ident),
            Item::Struct(item) => self.define(&item.ident),
            Item::Trait(item) => self.define(&item.ident),
            Item::Type(item) => self.define(&item.ident),
            Item::Union(item) => self.define(&item.ident),
            Item::Macro(item) => match &item.ident {
                Some(name) => self.define(name),
                None => self.generates(&item.mac.tokens),
            },
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Const(item) => &item.attrs,
            syn::ImplItem::Fn(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !is_test(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !is_test(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.bodies += 1;
        visit::visit_block(self, block);
        self.bodies -= 1;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let (None, Some(first)) = (&path.leading_colon, path.segments.first()) {
            let line = first.ident.span().start().line;
            self.uses(path.segments.iter().map(|segment| name_of(&segment.ident)).collect(), line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        if invocation.path.segments.len() > 1 {
            self.visit_path(&invocation.path);
        }
        self.tokens(&invocation.tokens);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

impl Visitor<'_> {
    fn visit_module(&mut self, module: &syn::ItemMod, test: bool) {
        let name = name_of(&module.ident);
        let test = test || self.test;
        if !test {
            self.module().children.insert(name.clone());
        }
        self.path.push(name);
        match &module.content {
            None => {
                let path = path_attribute(&module.attrs);
                self.declared.push(Declared { module: self.path.clone(), path, test });
            }
            Some((_, items)) => {
                let (file, bodies) = (self.file_of_parent(), std::mem::take(&mut self.bodies));
                let outer = std::mem::replace(&mut self.test, test);
                if !test {
                    self.module().file = file;
                }
                for item in items {
                    self.visit_item(item);
                }
                (self.test, self.bodies) = (outer, bodies);
            }
        }
        self.path.pop();
    }

    fn file_of_parent(&self) -> String {
        let parent = self.path.split_last().map_or(&[] as &[String], |(_, parent)| parent);
        self.krate.modules.get(parent).map(|module| module.file.clone()).unwrap_or_default()
    }
}
