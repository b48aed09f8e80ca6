//! The data folder: files of the local server, readable by its owner alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use shared::random::RandomId;
use zeroize::Zeroizing;

/// A folder that only its owner can read.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

/// Error of the data folder. Its text names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// A file or folder can't be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// Others can read it.
    #[error("{} can be read by others than its owner; run: chmod go-rwx '{}'", .0.display(), .0.display())]
    Open(PathBuf),
}

impl DataDir {
    /// Opens the folder, made if it isn't there.
    ///
    /// # Errors
    /// [`DataDirError`] if it can't be made, or others can read it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let io = |source| DataDirError::Io { path: path.to_owned(), source };
        if !path.exists() {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(path).map_err(io)?;
        }
        closed(path)?;
        Ok(Self(path.to_owned()))
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// The text of a file that holds a secret, made by `make` if it isn't there.
    ///
    /// # Errors
    /// [`DataDirError`] if it can't be read or made, or others can read it.
    pub fn secret_file(
        &self,
        file: &str,
        make: impl FnOnce() -> io::Result<Zeroizing<String>>,
    ) -> Result<Zeroizing<String>, DataDirError> {
        let path = self.path(file);
        let io = |source| DataDirError::Io { path: path.clone(), source };
        if !path.exists() {
            let text = make().map_err(io)?;
            // Written aside and put into place: a file of that name is complete, and of two that start at once the
            // first one wins.
            let aside = self.path(&format!("{file}.{}", RandomId::make().map_err(io::Error::other).map_err(io)?));
            let written = write_new(&aside, &text).and_then(|()| self.place(&aside, &path));
            let _ = fs::remove_file(&aside);
            match written {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io(error)),
                _ => {}
            }
        }
        closed(&path)?;
        fs::read_to_string(&path).map(Zeroizing::new).map_err(io)
    }

    /// Puts a complete file into place, unless one is there.
    fn place(&self, aside: &Path, path: &Path) -> io::Result<()> {
        match fs::hard_link(aside, path) {
            // A volume without hard links, such as FAT and some shares. A rename would replace a file that another
            // process put there and uses already, so that a lock is held from the look to the rename.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                let folder = File::open(&self.0)?;
                folder.lock()?;
                if path.try_exists()? { Ok(()) } else { fs::rename(aside, path) }
            }
            linked => linked,
        }
    }

    /// The path of a store's file. The file is there, and only its owner can read it, before the store writes to it.
    /// SQLite gives its files beside it the same permissions.
    ///
    /// # Errors
    /// [`DataDirError`] if it can't be made, or others can read it.
    pub fn store_file(&self, file: &str) -> Result<PathBuf, DataDirError> {
        let path = self.path(file);
        match write_new(&path, "") {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(DataDirError::Io { path, source });
            }
            _ => {}
        }
        closed(&path)?;
        Ok(path)
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Refuses a file that others can read.
fn closed(path: &Path) -> Result<(), DataDirError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path)
            .map_err(|source| DataDirError::Io { path: path.to_owned(), source })?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(DataDirError::Open(path.to_owned()));
        }
    }
    Ok(())
}
