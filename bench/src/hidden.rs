//! `bench hidden`: the 404 of a hidden secret beside the 404 of a missing one, in this process over the embedded table.
//! The difference of a caller without roles must be within its interval around 0.

use std::process::ExitCode;

use clap::Args;
use devstack::random::Random;
use local::embedded::client;
use tokio::runtime::Runtime;

use crate::in_process::InProcess;
use crate::options::Seed;
use crate::progress::RunProgress;
use crate::statistics::{difference_estimate, median};

const HIDDEN: &str = "/vault/api/v1/user/alice/secrets/hidden";
// As long as the other, so that the events are.
const MISSING: &str = "/vault/api/v1/user/alice/secrets/absent";

/// Requests, each answered with 404.
const REQUESTS: [(&str, &str); 2] = [("GET", ""), ("PUT", r#"{"data":{"new":1}}"#)];

/// Callers and their roles. Only the first ones are told nothing by time.
const CALLERS: [(&str, &[&str]); 2] = [("no role", &[]), ("another role", &["other"])];

/// The arguments of `bench hidden`.
#[derive(Debug, Args)]
pub struct HiddenArgs {
    /// Rounds, each with one request for the hidden secret and one for the missing
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Bytes of the hidden secret's data
    #[arg(long, default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(32..=65_536))]
    data: u32,
    #[command(flatten)]
    seed: Seed,
}

/// Runs it.
pub fn run(args: &HiddenArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    let mut random = Random::with_seed(seed);
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    let rows = runtime.block_on(async {
        let vault = InProcess::open(&folder.path().join("data"), |local| client(local.table().clone())).await?;
        seed_secret(&vault, args.data).await?;
        measure(&vault, args.rounds, &mut random).await
    })?;
    println!(
        "404 of a hidden secret with {} bytes and of a missing one, {} rounds each, in ms",
        args.data, args.rounds
    );
    println!("{:28} {:>8} {:>8} {:>10}  95 % interval", "", "hidden", "missing", "difference");
    let mut told = false;
    for row in rows {
        let difference = difference_estimate(&row.hidden, &row.missing, &mut random);
        println!(
            "{:28} {:8.4} {:8.4} {:+10.4}  {:+.4} to {:+.4}",
            format!("{} by a caller with {}", row.method, row.caller),
            median(&row.hidden),
            median(&row.missing),
            difference.value,
            difference.low,
            difference.high
        );
        told |= row.roles == 0 && (difference.low > 0.0 || difference.high < 0.0);
    }
    println!("seed {seed}");
    Ok(if told { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn seed_secret(vault: &InProcess, bytes: u32) -> Result<(), String> {
    let filler = "x".repeat((bytes as usize).saturating_sub(r#"{"k":""}"#.len()));
    let body = format!(r#"{{"name":"hidden","data":{{"k":"{filler}"}},"read_roles":[{{"id":"readers"}}]}}"#);
    let owner = vault.token("alice", &["user"])?;
    vault.ask(&owner, "POST", "/vault/api/v1/user/alice/secrets", body, 201).await.map(drop)
}

/// Times of one request by one caller, a pair a round.
struct Row {
    method: &'static str,
    caller: &'static str,
    roles: usize,
    hidden: Vec<f64>,
    missing: Vec<f64>,
}

async fn measure(vault: &InProcess, rounds: u32, random: &mut Random) -> Result<Vec<Row>, String> {
    let mut progress = RunProgress::of(REQUESTS.len() * CALLERS.len());
    let mut rows = Vec::new();
    for (method, body) in REQUESTS {
        for (caller, roles) in CALLERS {
            progress.step(format!("{method}, {caller}"));
            let token = vault.token_with_roles("mallory", &["user"], roles)?;
            let mut row = Row { method, caller, roles: roles.len(), hidden: Vec::new(), missing: Vec::new() };
            for round in 0..rounds + 50 {
                // Which of the two comes first is drawn, so that neither profits from the other.
                let order = if random.below(2) == 0 { [HIDDEN, MISSING] } else { [MISSING, HIDDEN] };
                for path in order {
                    let ms = vault.ask(&token, method, path, body.to_owned(), 404).await?.ms;
                    // The first ones fill caches.
                    if round >= 50 {
                        if path == HIDDEN { &mut row.hidden } else { &mut row.missing }.push(ms);
                    }
                }
            }
            rows.push(row);
            progress.done();
        }
    }
    Ok(rows)
}
