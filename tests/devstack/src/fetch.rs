//! Where the services come from: Maven's and Python's own package managers, into a cache outside the work tree.
//! [`crate::tools`] has provided their needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Folder of the fetched files; `COFFER_TEST_CACHE`, else `coffer-tests` in the user's cache folder.
pub(crate) fn cache() -> PathBuf {
    let named = std::env::var_os("COFFER_TEST_CACHE").map(PathBuf::from);
    let users = || std::env::var_os("XDG_CACHE_HOME").map(|folder| PathBuf::from(folder).join("coffer-tests"));
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/coffer-tests"));
    named.or_else(users).or_else(home).expect("COFFER_TEST_CACHE, XDG_CACHE_HOME or HOME")
}

/// Runs `make` in a fresh folder that becomes `name` in the cache when it is complete.
pub(crate) fn once(name: &str, what: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = cache().join(name);
    if !folder.exists() {
        eprintln!("fetching {what} …");
        fs::create_dir_all(cache()).unwrap();
        let aside = tempfile::Builder::new().prefix("incomplete-").tempdir_in(cache()).unwrap();
        make(aside.path());
        // Of two that fetch at once the first one stays.
        if fs::rename(aside.path(), &folder).is_ok() {
            let _ = aside.keep();
        }
    }
    folder
}

/// Runs a command with output that only its errors show.
///
/// # Errors
/// The package to install if the command is missing, or its failure.
pub fn run(command: &mut Command, needed: &str) -> Result<(), String> {
    run_with_input(command.stdin(Stdio::null())).map_err(|error| format!("{error}; it needs {needed}"))
}

/// Runs a command that has its input already.
pub fn run_with_input(command: &mut Command) -> Result<(), String> {
    let status = command.stdout(Stdio::null()).status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed")) }
}

/// A Maven artefact with all it needs, as a folder of jars.
pub fn maven(group: &str, artefact: &str, version: &str) -> PathBuf {
    once(&format!("{artefact}-{version}"), artefact, |folder| {
        let pom = format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>fetch</groupId><artifactId>fetch</artifactId>\
             <version>1</version><dependencies><dependency><groupId>{group}</groupId><artifactId>{artefact}</artifactId>\
             <version>{version}</version></dependency></dependencies></project>"
        );
        fs::write(folder.join("pom.xml"), pom).unwrap();
        let mut command = Command::new("mvn");
        command.args(["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]).current_dir(folder);
        run(&mut command, "Maven (Debian: apt-get install maven)").unwrap();
    })
    .join("lib")
}

/// A Python package with all it needs, as a virtual environment.
pub fn python(package: &str, version: &str) -> PathBuf {
    let name = package.split('[').next().unwrap();
    // A virtual environment knows its own path, so it is made where it stays.
    let folder = cache().join(format!("{name}-{version}"));
    let complete = folder.join("complete");
    if !complete.exists() {
        eprintln!("fetching {name} …");
        let python = "Python 3.10 or newer with venv (Debian: apt-get install python3-venv)";
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), python).unwrap();
        let mut command = Command::new(folder.join("bin/pip"));
        run(command.args(["install", "--quiet", &format!("{package}=={version}")]), python).unwrap();
        fs::write(complete, "").unwrap();
    }
    folder
}

/// A Java virtual machine of at least this version: the default one, or another that the system keeps.
pub fn java(version: u32) -> Option<PathBuf> {
    let mut found = vec![PathBuf::from("java")];
    found.extend(std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java")));
    let kept = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    found.extend(kept.map(|entry| entry.path().join("bin/java")));
    found.into_iter().find(|java| java_version(java).is_some_and(|found| found >= version))
}

/// The first number that `java -version` gives.
fn java_version(java: &Path) -> Option<u32> {
    let output = Command::new(java).arg("-version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let quoted = text.split('"').nth(1)?;
    quoted.split(['.', '-', '+']).next()?.parse().ok()
}
