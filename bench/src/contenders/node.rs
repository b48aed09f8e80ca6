//! Node.js with the AWS SDK for JavaScript, bundled as a function for Node is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use devstack::{fetch, root};

use crate::contender::Contender;
use crate::executables::program;
use crate::output;

pub(super) const NAME: &str = "node";

const NEEDED: &str = "Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)";

/// Bundles a function with all it uses.
pub(super) fn contender(function: &'static str, root_certificate: &Path) -> Result<Contender, String> {
    let node = program(NAME).ok_or_else(|| format!("node is missing; it takes {NEEDED}"))?;
    let folder = install()?;
    let bundle = folder.join(format!("bundles/{function}.mjs"));
    let mut build = Command::new(folder.join("node_modules/.bin/esbuild"));
    build
        .arg(folder.join(format!("{function}.mjs")))
        .args(["--bundle", "--minify", "--platform=node", "--target=node20", "--format=esm", "--log-level=warning"])
        // The modules of a package, where it has them, so that unused parts are left out.
        .args(["--main-fields=module,main", "--legal-comments=none"])
        .arg("--banner:js=import{createRequire}from'module';const require=createRequire(import.meta.url);")
        .arg(format!("--outfile={}", bundle.display()));
    fetch::run(&mut build, NEEDED)?;
    Ok(Contender {
        name: NAME.to_owned(),
        function,
        command: vec![node.into(), bundle.into()],
        // Node has a list of roots built in, as on Lambda, and reads it; with the bundle it would read all twice.
        environment: vec![("NODE_EXTRA_CA_CERTS".to_owned(), root_certificate.display().to_string())],
        equal: true,
    })
}

/// The sources with the packages that they use, in the folder that it gives.
fn install() -> Result<PathBuf, String> {
    let folder = output::folder("node")?;
    let file = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(root().join("bench/contenders/node")).map_err(file)?.flatten() {
        fs::copy(entry.path(), folder.join(entry.file_name())).map_err(file)?;
    }
    let wanted = fs::read_to_string(folder.join("package.json")).map_err(file)?;
    let installed = folder.join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(folder);
    }
    eprintln!("installing the packages for Node …");
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder);
    fetch::run(&mut npm, NEEDED)?;
    fs::write(installed, wanted).map_err(file)?;
    Ok(folder)
}
