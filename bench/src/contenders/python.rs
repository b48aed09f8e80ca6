//! Python with boto3.

use std::fs;
use std::process::Command;

use devstack::{fetch, root};

use crate::contender::Contender;
use crate::output;

pub(super) const NAME: &str = "python";

const NEEDED: &str = "Python 3.10 or newer with venv (Debian: apt-get install python3-venv)";

/// A virtual environment with the packages, and the sources, all compiled.
pub(super) fn contender(function: &'static str) -> Result<Contender, String> {
    let folder = output::folder("python")?;
    let file = |error: std::io::Error| format!("{}: {error}", folder.display());
    let (sources, venv) = (folder.join("sources"), folder.join("venv"));
    fs::create_dir_all(&sources).map_err(file)?;
    for entry in fs::read_dir(root().join("bench/contenders/python")).map_err(file)?.flatten() {
        fs::copy(entry.path(), sources.join(entry.file_name())).map_err(file)?;
    }
    let python = venv.join("bin/python");
    let wanted = fs::read_to_string(sources.join("requirements.txt")).map_err(file)?;
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        eprintln!("installing the packages for Python …");
        fetch::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv), NEEDED)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "-r"]).arg(sources.join("requirements.txt"));
        fetch::run(&mut pip, NEEDED)?;
        fs::write(installed, wanted).map_err(file)?;
    }
    let mut compile = Command::new(&python);
    fetch::run(compile.args(["-m", "compileall", "-q"]).arg(&sources), NEEDED)?;
    let module = function.replace('-', "_");
    // Imported, so that the compiled module is used; a script is compiled at each start.
    let start = format!("import sys; sys.path.insert(0, {:?}); import {module}; {module}.main()", sources.display());
    Ok(Contender {
        name: NAME.to_owned(),
        function,
        command: vec![python.into(), "-c".into(), start.into()],
        environment: Vec::new(),
        equal: true,
    })
}
