//! Refused lines: told on standard error, and kept in a file that can be mended and loaded.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use shared::search::Version;

use super::position::Position;
use super::version::VERSION_LINE;
use crate::cli::complain;
use crate::cli::progress::Progress;

/// Number of refused lines that are printed on standard error. The file has them all.
const TOLD: u64 = 20;

/// A line that starts so is no document: the reasons in a file of refused lines do.
pub(super) const COMMENT: u8 = b'#';

/// The file's name as it was given or is made up.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// This file, which must not be there.
    Given(PathBuf),
    /// This file, or the first free one of those with a number.
    FirstFree(PathBuf),
}

/// A line that was refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// Its file and number.
    pub(super) position: Position,
    /// The same in words.
    pub(super) place: String,
    /// Reason of the refusal.
    pub(super) reason: String,
    /// The version that a line before it gave.
    pub(super) version: Option<Version>,
    /// The line, or its start if it is longer than a line that is read.
    pub(super) line: Vec<u8>,
}

/// The lines that were refused.
#[derive(Debug)]
pub(super) struct Refusals {
    target: Target,
    file: Option<(PathBuf, BufWriter<File>)>,
    count: u64,
    progress: Progress,
}

impl Refusals {
    /// Nothing was refused yet, and the file isn't made before something is.
    ///
    /// # Errors
    /// That the given file is there, or its folder isn't: lines would be refused before that is seen.
    pub(super) fn new(target: Target, progress: Progress) -> Result<Self, String> {
        if let Target::Given(path) = &target
            && path.exists()
        {
            return Err(format!("{}: is there already; --refused names a file that isn't", path.display()));
        }
        if let Target::Given(path) = &target
            && let Some(folder) = path.parent()
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            return Err(format!(
                "{}: {} is no folder; --refused names a file in one",
                path.display(),
                folder.display()
            ));
        }
        Ok(Self { target, file: None, count: 0, progress })
    }

    /// Writes refused lines down, each once: those of a batch that is done.
    pub(super) fn refuse(&mut self, refused: &[Refused]) -> Result<(), String> {
        for Refused { place, reason, version, line, .. } in refused {
            let mut text = self.told(place, reason).into_bytes();
            if let Some(version) = version {
                text.extend_from_slice(format!("{VERSION_LINE}{version}\n").as_bytes());
            }
            text.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                text.push(b'\n');
            }
            self.write(&text)?;
        }
        if refused.is_empty() { Ok(()) } else { self.finish().map(drop) }
    }

    /// Counts a line and tells of it; the comment that stands before it in the file.
    fn told(&mut self, place: &str, reason: &str) -> String {
        self.count += 1;
        if self.count <= TOLD {
            self.progress.beside(|| complain(&format!("{place}: refused: {reason}")));
        } else if self.count == TOLD + 1 {
            self.progress.beside(|| complain("more lines are refused, and not told here"));
        }
        // A name of a file may hold a line break, and so may a reason.
        format!("# {place}: {reason}").replace(['\n', '\r'], " ") + "\n"
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (path, file) = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(create(&self.target)?),
        };
        file.write_all(bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Number of refused lines.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Completes the file; where it is, if there is one.
    pub(super) fn finish(&mut self) -> Result<Option<&Path>, String> {
        let Some((path, file)) = &mut self.file else { return Ok(None) };
        file.flush().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Some(path))
    }

    /// File for the refused lines of a load that continues this one, if this one was given one. Several loads may
    /// continue it: each has the next free name, from number 0.
    pub(super) fn next(&self, number: usize) -> Option<PathBuf> {
        match &self.target {
            Target::Given(path) => {
                let mut free = names(path).filter(|name| !name.exists());
                Some(free.nth(number).unwrap_or_else(|| path.clone()))
            }
            Target::FirstFree(_) => None,
        }
    }
}

fn create(target: &Target) -> Result<(PathBuf, BufWriter<File>), String> {
    let (path, more) = match target {
        Target::Given(path) => (path, 1),
        Target::FirstFree(path) => (path, usize::MAX),
    };
    for name in names(path).take(more) {
        match create_new(&name) {
            Ok(file) => return Ok((name, BufWriter::new(file))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && more > 1 => {}
            Err(error) => return Err(format!("{}: {error}", name.display())),
        }
    }
    Err(format!("{}: no name is free", path.display()))
}

/// Makes a file that only its owner can read, for documents are in it.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// `a.jsonl`, `a-2.jsonl`, `a-3.jsonl` and so on.
fn names(path: &Path) -> impl Iterator<Item = PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_owned();
    let extension = path.extension().map(ToOwned::to_owned);
    let path = path.to_owned();
    let numbered = path.clone();
    std::iter::once(path).chain((2_u64..).map(move |number| {
        let mut name = stem.clone();
        name.push(format!("-{number}"));
        if let Some(extension) = &extension {
            name.push(".");
            name.push(extension);
        }
        numbered.with_file_name(name)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_one_line_whatever_it_quotes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused");
        let mut refusals = Refusals::new(Target::Given(path.clone()), Progress::start("roles", None)).unwrap();
        let refused = |line: u64, reason: &str, text: &[u8]| Refused {
            position: Position { file: 0, line },
            place: format!("a, line {line}"),
            reason: reason.to_owned(),
            version: Version::new(7).filter(|_| line == 3),
            line: text.to_vec(),
        };
        refusals.refuse(&[refused(1, "bad\nreason", b"[]"), refused(2, "long", b"lo\n")]).unwrap();
        refusals.refuse(&[]).unwrap();
        refusals.refuse(&[refused(3, "last", b"x")]).unwrap();
        assert_eq!(refusals.finish().unwrap(), Some(&*path));
        let text = "# a, line 1: bad reason\n[]\n# a, line 2: long\nlo\n# a, line 3: last\n# version 7\nx\n";
        assert_eq!(std::fs::read_to_string(path).unwrap(), text);
        assert_eq!(refusals.count(), 3);
    }

    #[test]
    fn names_are_counted_up_before_the_ending() {
        let first = |path: &str| names(Path::new(path)).take(3).collect::<Vec<_>>();
        assert_eq!(first("a/b.c.jsonl"), ["a/b.c.jsonl", "a/b.c-2.jsonl", "a/b.c-3.jsonl"].map(PathBuf::from));
        assert_eq!(first("b"), ["b", "b-2", "b-3"].map(PathBuf::from));
    }
}
