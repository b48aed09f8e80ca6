//! `bench scale`: requests over tables of different sizes, in DynamoDB Local and in the embedded table. All tables
//! exist at once and take turns, so that a disturbance of the machine hits all.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use devstack::process::Process;
use devstack::random::Random;
use devstack::stack::dynamodb_local;
use devstack::tools::Need;
use local::embedded::client;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::environment::About;
use crate::in_process::{InProcess, client_of, local_config};
use crate::options::Seed;
use crate::output;
use crate::progress::RunProgress;
use crate::report;
use crate::results::scale::{ScaleResults, ScaleSample};
use crate::seeding::{Planned, Target};
use crate::statistics::median;

/// Number of secrets of each owner.
const EACH: u32 = 100;
/// Number of items that are made and written at once.
const CHUNK: u32 = 2_000;
/// Number of tasks that fill a table.
const FILLERS: usize = 2;
/// The data of each secret.
const DATA: &[u8] = br#"{"user":"app","password":"correct horse battery staple"}"#;

/// Where the tables are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Embedded,
    DynamodbLocal,
}

/// The arguments of `bench scale`.
#[derive(Debug, Args)]
pub struct ScaleArgs {
    /// Numbers of secrets in the tables, separated by commas; each owner has a hundred
    #[arg(long, default_value = "1000,10000,100000,1000000", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    secrets: Vec<u32>,
    /// Turns of each table
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Requests of each kind in a turn, of which the median counts
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// Where the tables are, separated by commas
    #[arg(long, value_enum, default_value = "embedded,dynamodb-local", value_delimiter = ',')]
    engine: Vec<Engine>,
    #[command(flatten)]
    seed: Seed,
}

/// Runs it.
pub fn run(args: &ScaleArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    let mut samples = Vec::new();
    for engine in &args.engine {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let tables = runtime.block_on(tables(*engine, &folder, &args.secrets))?;
        runtime.block_on(tables.measure(args, &mut Random::with_seed(seed), &mut samples))?;
    }
    let results = ScaleResults { about: About::here(seed), samples };
    output::write("scale", &results)?;
    print!("{}", report::scale::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

/// The tables of one engine, filled.
struct Tables {
    engine: &'static str,
    tables: Vec<(u32, InProcess)>,
    // Stopped when this is dropped.
    _process: Option<Process>,
}

async fn tables(engine: Engine, folder: &TempDir, sizes: &[u32]) -> Result<Tables, String> {
    let service = match engine {
        Engine::Embedded => None,
        Engine::DynamodbLocal => {
            Need::Services.provide()?;
            Some(dynamodb_local(folder))
        }
    };
    let name = if service.is_some() { "DynamoDB Local" } else { "embedded" };
    eprintln!("filling {name} …");
    let mut progress = RunProgress::of(sizes.iter().map(|size| size.div_ceil(CHUNK) as usize).sum());
    let mut tables = Vec::new();
    for size in sizes {
        let data = folder.path().join(size.to_string());
        let (table, target) = match &service {
            None => {
                let table = InProcess::open(&data, |local| client(local.table().clone())).await?;
                (table, Target::embedded(&data)?)
            }
            Some((_, url)) => {
                let access_key = format!("scale{size}");
                let table = InProcess::open(&data, |_| client_of(local_config(url, &access_key))).await?;
                (table, Target::local(url, &access_key)?)
            }
        };
        let mut chunks = JoinSet::new();
        let mut starts = (0..*size).step_by(CHUNK as usize);
        loop {
            while chunks.len() < FILLERS
                && let Some(start) = starts.next()
            {
                chunks.spawn(target.clone().write(data.clone(), secrets(start, CHUNK.min(size - start))));
            }
            let Some(written) = chunks.join_next().await else { break };
            written.map_err(|error| error.to_string())??;
            progress.step(format!("{name}, {size} secrets"));
            progress.done();
        }
        tables.push((*size, table));
    }
    Ok(Tables { engine: name, tables, _process: service.map(|(process, _)| process) })
}

/// So many secrets, from this number on.
fn secrets(start: u32, count: u32) -> Vec<Planned> {
    let data: Arc<[u8]> = DATA.into();
    let planned = |number| Planned { owner: owner(number / EACH), name: name(number % EACH), data: Arc::clone(&data) };
    (start..start + count).map(planned).collect()
}

fn owner(number: u32) -> String {
    format!("user-{number:05}")
}

fn name(number: u32) -> String {
    format!("secret-{number:02}")
}

impl Tables {
    async fn measure(
        &self,
        args: &ScaleArgs,
        random: &mut Random,
        samples: &mut Vec<ScaleSample>,
    ) -> Result<(), String> {
        eprintln!("measuring {} …", self.engine);
        let mut progress = RunProgress::of(self.tables.len() * (args.rounds as usize + 1));
        // The first round opens connections and fills caches, and isn't counted.
        for round in 0..=args.rounds {
            for turn in 0..self.tables.len() {
                // Another one begins each time.
                let (secrets, table) = &self.tables[(turn + round as usize) % self.tables.len()];
                progress.step(format!("{} with {secrets} secrets", self.engine));
                let sample = one_turn(table, *secrets, args.requests, random).await?;
                if let Some(round) = round.checked_sub(1) {
                    samples.push(ScaleSample { engine: self.engine.to_owned(), round, ..sample });
                }
                progress.done();
            }
        }
        Ok(())
    }
}

async fn one_turn(table: &InProcess, secrets: u32, requests: u32, random: &mut Random) -> Result<ScaleSample, String> {
    let (mut get, mut create, mut list) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..requests {
        let owner = owner(u32::try_from(random.below((secrets / EACH) as usize)).unwrap_or_default());
        let name = name(u32::try_from(random.below(EACH as usize)).unwrap_or_default());
        let token = table.token(&owner, &["user"])?;
        let path = format!("/vault/api/v1/user/{owner}/secrets");
        get.push(table.ask(&token, "GET", &format!("{path}/{name}"), String::new(), 200).await?.ms);
        list.push(table.ask(&token, "GET", &format!("{path}?limit={EACH}"), String::new(), 200).await?.ms);
        let body = format!(r#"{{"name":"new","data":{}}}"#, String::from_utf8_lossy(DATA));
        create.push(table.ask(&token, "POST", &path, body, 201).await?.ms);
        // So that the table stays as large as it was.
        table.ask(&token, "DELETE", &format!("{path}/new"), String::new(), 200).await?;
    }
    Ok(ScaleSample {
        engine: String::new(),
        secrets,
        round: 0,
        get_ms: median(&get),
        create_ms: median(&create),
        list_ms: median(&list),
    })
}
