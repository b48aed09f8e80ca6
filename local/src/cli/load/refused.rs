//! What was refused: told on standard error, and kept in a file that can be mended and loaded.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cli::complain;
use crate::cli::progress::Progress;

/// How many refused lines are told on standard error. The file has them all.
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

/// The lines that were refused.
#[derive(Debug)]
pub(super) struct Refusals {
    target: Target,
    file: Option<(PathBuf, BufWriter<File>)>,
    /// The end of the last line in the file is still to come. It may be long in coming, and nobody waits for it.
    open: bool,
    /// What is written after that end.
    waiting: Vec<u8>,
    count: u64,
    progress: Progress,
}

impl Refusals {
    /// Nothing was refused yet, and the file isn't made before something is.
    ///
    /// # Errors
    /// That the given file is there.
    pub(super) fn new(target: Target, progress: Progress) -> Result<Self, String> {
        if let Target::Given(path) = &target
            && path.exists()
        {
            return Err(format!("{}: is there already; --refused names a file that isn't", path.display()));
        }
        Ok(Self { target, file: None, open: false, waiting: Vec::new(), count: 0, progress })
    }

    /// A line was refused. `place` is where it came from.
    ///
    /// # Errors
    /// What keeps it from being written down.
    pub(super) fn refuse(&mut self, place: &str, reason: &str, line: &[u8]) -> Result<(), String> {
        let mut text = self.told(place, reason).into_bytes();
        text.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            text.push(b'\n');
        }
        if self.open {
            self.waiting.extend_from_slice(&text);
            return Ok(());
        }
        self.write(&text)
    }

    /// A line was refused of which this is the start; [`Refusals::go_on`] has the rest.
    ///
    /// # Errors
    /// What keeps it from being written down.
    pub(super) fn begin(&mut self, place: &str, reason: &str, start: &[u8]) -> Result<(), String> {
        let comment = self.told(place, reason);
        self.write(comment.as_bytes())?;
        self.open = true;
        self.write(start)
    }

    /// Of the line that was begun this is the next part, and the last one if it ends with a line feed.
    ///
    /// # Errors
    /// What keeps it from being written down.
    pub(super) fn go_on(&mut self, part: &[u8]) -> Result<(), String> {
        self.write(part)?;
        if part.ends_with(b"\n") {
            self.open = false;
            let waiting = std::mem::take(&mut self.waiting);
            self.write(&waiting)?;
        }
        Ok(())
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

    /// How many were refused.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Completes the file; where it is, if there is one.
    ///
    /// # Errors
    /// What keeps it from being completed.
    pub(super) fn finish(&mut self) -> Result<Option<&Path>, String> {
        if self.open {
            self.go_on(b"\n")?;
        }
        let Some((path, file)) = &mut self.file else { return Ok(None) };
        file.flush().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Some(path))
    }

    /// The file that a load which goes on can be given, if this one was given one.
    pub(super) fn next(&self) -> Option<PathBuf> {
        match &self.target {
            Target::Given(path) => Some(names(path).find(|name| !name.exists()).unwrap_or_else(|| path.clone())),
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
    fn a_line_that_is_still_being_read_is_not_broken_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused");
        let mut refusals = Refusals::new(Target::Given(path.clone()), Progress::start("roles", None)).unwrap();
        refusals.begin("a, line 1", "long", b"lo").unwrap();
        refusals.refuse("a, line 2", "bad\nreason", b"[]").unwrap();
        refusals.go_on(b"ng").unwrap();
        refusals.go_on(b"\n").unwrap();
        refusals.begin("a, line 3", "long", b"lon").unwrap();
        // Nobody waits for the rest.
        assert_eq!(refusals.finish().unwrap(), Some(&*path));
        let text = "# a, line 1: long\nlong\n# a, line 2: bad reason\n[]\n# a, line 3: long\nlon\n";
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
