//! `bench tunings`: cold starts of get-secret with one tuning taken away after the other, and without any of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Args;
use devstack::random::Random;
use devstack::root;

use crate::builds::Build;
use crate::cold::{agree, measure, warm_up};
use crate::contender::{COFFER, Contender};
use crate::environment::About;
use crate::options::{Function, Seed};
use crate::output;
use crate::report;
use crate::results::tunings::TuningsResults;
use crate::test_bed::TestBed;

/// The package that is built in several ways.
const PACKAGE: &str = "ablation";

/// The arguments of `bench tunings`.
#[derive(Debug, Args)]
pub struct TuningsArgs {
    /// Starts of each contender
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(2..))]
    rounds: u32,
    /// The memory size in MB
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u64).range(128..=10240))]
    memory: u64,
    #[command(flatten)]
    seed: Seed,
}

/// A tuning: its name in the results, and the change that removes it.
struct Tuning {
    name: &'static str,
    /// Tuning that the program leaves out.
    without: &'static str,
    way: Way,
}

/// Build of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As the functions are.
    Tuned,
    /// With shared libraries.
    Libraries,
    /// With cargo's own profile for releases.
    Profile,
    /// With AWS-LC's own source of random bytes.
    Entropy,
    /// With the SDK's and the runtime's default features.
    Features,
    /// All four.
    Default,
}

const TUNINGS: [Tuning; 11] = [
    Tuning { name: "linked statically", without: "", way: Way::Libraries },
    Tuning { name: "connections opened while it starts", without: "early-connections", way: Way::Tuned },
    Tuning { name: "names looked up first", without: "early-names", way: Way::Tuned },
    Tuning { name: "Amazon's roots read first", without: "likely-roots", way: Way::Tuned },
    Tuning { name: "keyring read beside the request", without: "keyring-beside", way: Way::Tuned },
    Tuning { name: "credentials of the environment", without: "known-credentials", way: Way::Tuned },
    Tuning { name: "one thread", without: "one-thread", way: Way::Tuned },
    Tuning { name: "profile: size, LTO, one unit, stripped", without: "", way: Way::Profile },
    Tuning { name: "no jitter entropy", without: "", way: Way::Entropy },
    Tuning { name: "no default features", without: "", way: Way::Features },
    Tuning {
        name: "all of them",
        without: "early-connections,early-names,likely-roots,keyring-beside,known-credentials,one-thread",
        way: Way::Default,
    },
];

/// Runs it.
pub fn run(args: &TuningsArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    let mut contenders = vec![contender(COFFER, "", Way::Tuned)?];
    for (number, tuning) in TUNINGS.iter().enumerate() {
        eprintln!("building {} of {}: without {} …", number + 1, TUNINGS.len(), tuning.name);
        contenders.push(contender(tuning.name, tuning.without, tuning.way)?);
    }
    let size = |contender: &Contender| {
        let metadata = fs::metadata(&contender.command[0]).map_err(|error| error.to_string())?;
        Ok((contender.name.clone(), metadata.len()))
    };
    let binaries = contenders.iter().map(size).collect::<Result<Vec<_>, String>>()?;

    let site = TestBed::open()?;
    site.run(agree(&site, &contenders))?;
    site.run(warm_up(&site, &contenders))?;
    let samples = site.run(measure(&site, Function::GetSecret, &contenders, args.memory, args.rounds))?;
    let results = TuningsResults { about: About::here(seed), binaries, samples };
    output::write("tunings", &results)?;
    print!("{}", report::tunings::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

fn contender(name: &str, without: &str, way: Way) -> Result<Contender, String> {
    let mut contender = Contender::coffer(name, Function::GetSecret.name(), way.binary()?);
    contender.environment.push(("COFFER_WITHOUT".to_owned(), without.to_owned()));
    Ok(contender)
}

impl Way {
    /// The program, built like this.
    fn binary(self) -> Result<PathBuf, String> {
        let mut build = Build::of(PACKAGE);
        let folder = output::folder("builds")?.join(format!("{self:?}").to_lowercase());
        if matches!(self, Self::Features | Self::Default) {
            build = build.from(copy(&folder.join("source"))?);
        }
        // These have nothing else that is built with other settings.
        if !matches!(self, Self::Tuned | Self::Libraries) {
            build = build.in_folder(folder);
        }
        if matches!(self, Self::Libraries | Self::Default) {
            build = build.with_shared_libraries();
        }
        if matches!(self, Self::Profile | Self::Default) {
            let defaults = ["opt-level=3", "lto=false", "codegen-units=16", "strip=false"];
            build = defaults.iter().fold(build, |build, value| build.with(&format!("profile.release.{value}")));
        }
        if matches!(self, Self::Entropy | Self::Default) {
            build = build.with_variable("AWS_LC_SYS_NO_JITTER_ENTROPY", "0");
        }
        build.binary()
    }
}

/// Copies the workspace and gives the AWS SDK and Lambda's runtime their default features there.
fn copy(folder: &Path) -> Result<PathBuf, String> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let listed = Command::new("git").args(["ls-files"]).current_dir(root()).output();
    let listed = listed.map_err(|error| format!("git: {error}"))?;
    for name in String::from_utf8_lossy(&listed.stdout).lines() {
        let (from, to) = (root().join(name), folder.join(name));
        let Ok(bytes) = fs::read(&from) else { continue };
        // Unchanged parts aren't built again.
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        let parent = to.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        fs::write(&to, bytes).map_err(|error| failed(&to, error))?;
    }
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|error| failed(&manifest, error))?;
    let untrimmed: Vec<String> = text.lines().map(with_default_features).collect();
    fs::write(&manifest, untrimmed.join("\n") + "\n").map_err(|error| failed(&manifest, error))?;
    Ok(folder.to_owned())
}

/// A line of the manifest, without the trimmed features of a crate of AWS.
fn with_default_features(line: &str) -> String {
    let of_aws = ["aws-config ", "aws-sdk-dynamodb ", "aws-sdk-secretsmanager ", "lambda_http "];
    if of_aws.iter().any(|name| line.starts_with(name)) {
        line.replace("default-features = false, ", "")
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_crates_get_their_default_features() {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let changed: Vec<_> = manifest.lines().filter(|line| with_default_features(line) != *line).collect();
        assert_eq!(changed.len(), 4, "{changed:?}");
    }
}
