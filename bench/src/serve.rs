//! `bench serve`: `coffer serve` under load. Connections that are kept send one request after the other, each for a
//! user of its own; the generator has one thread, on the same machine.

use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, ExitCode};
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use devstack::process::Process;
use devstack::random::Random;
use local::data_dir::DataDir;
use local::tokens::{Grant, SigningKey};
use tokio::task::{JoinSet, LocalSet};

use crate::environment::About;
use crate::http1::Connection;
use crate::memory::resident_kib;
use crate::options::{Program, Seed};
use crate::output;
use crate::progress::RunProgress;
use crate::report;
use crate::results::serve::{MemorySample, ServeResults, ServeSample};

/// Secrets that each user has to read.
const KEPT: usize = 50;
/// Of so many requests one creates, the others read.
const ONE_CREATES_OF: usize = 4;
/// Interval between two looks at the memory.
const LOOK: Duration = Duration::from_millis(100);
/// Ticks of a second in /proc, on Linux for ever.
const TICKS: f64 = 100.0;

/// The arguments of `bench serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    program: Program,
    /// Numbers of connections, separated by commas
    #[arg(long, default_value = "1,8,64", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1000))]
    connections: Vec<u32>,
    /// Turns of each number of connections
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Number of requests in all; a quarter of them creates
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1000..))]
    requests: u32,
    #[command(flatten)]
    seed: Seed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    Get,
    Create,
}

/// Runs it.
pub fn run(args: &ServeArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let results = LocalSet::new().block_on(&runtime, measure(args, seed))?;
    output::write("serve", &results)?;
    print!("{}", report::serve::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

async fn measure(args: &ServeArgs, seed: u64) -> Result<ServeResults, String> {
    let most = args.connections.iter().copied().max().unwrap_or(1);
    let server = Server::start(args, most)?;
    server.fill().await?;
    let answered = Rc::new(Cell::new(0));
    let memory = tokio::task::spawn_local(watch(server.id, Rc::clone(&answered)));

    let turns = args.rounds as usize * args.connections.len();
    let each = args.requests as usize / turns;
    let creates = each / ONE_CREATES_OF;
    let random = Random::with_seed(seed);
    let mut progress = RunProgress::of(2 * turns);
    let mut samples = Vec::new();
    for round in 0..args.rounds {
        for connections in &args.connections {
            for (operation, count) in [(Operation::Get, each - creates), (Operation::Create, creates)] {
                progress.step(format!("{operation:?} over {connections} connections"));
                let turn = Turn { operation, connections: *connections, round, count, number: samples.len() };
                samples.push(server.load(&turn, &random, &answered).await?);
                progress.done();
            }
        }
    }
    answered.set(u32::MAX);
    let memory = memory.await.map_err(|error| error.to_string())??;
    Ok(ServeResults { about: About::here(seed), samples, memory })
}

/// Looks at a process's memory until the counter is at its end.
async fn watch(id: u32, answered: Rc<Cell<u32>>) -> Result<Vec<MemorySample>, String> {
    let mut samples = Vec::new();
    loop {
        let requests = answered.get();
        if requests == u32::MAX {
            return Ok(samples);
        }
        samples.push(MemorySample { requests, rss_kib: resident_kib(id)? });
        tokio::time::sleep(LOOK).await;
    }
}

/// The processor time of a process until now, in seconds.
fn cpu_seconds(id: u32) -> Result<f64, String> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).map_err(|error| format!("coffer ended: {error}"))?;
    // The name, in parentheses, may hold anything.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / TICKS)
}

struct Server {
    address: SocketAddr,
    id: u32,
    tokens: Vec<String>,
    // Stopped, and removed, when this is dropped.
    _process: Process,
    _folder: tempfile::TempDir,
}

struct Turn {
    operation: Operation,
    connections: u32,
    round: u32,
    count: usize,
    /// Number of earlier turns.
    number: usize,
}

impl Server {
    fn start(args: &ServeArgs, users: u32) -> Result<Self, String> {
        let coffer = args.program.path()?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let data = folder.path().join("data");
        let mut command = Command::new(coffer);
        command.args(["serve", "--port", "0", "--data"]).arg(&data).env_clear();
        let mut process = Process::start("coffer", command, folder.path());
        let address = process.wait_for(|process| {
            let log = process.log();
            let line = log.lines().find_map(|line| line.strip_prefix("Coffer listens on http://"))?;
            line.parse().ok()
        });
        let data = DataDir::open(&data).map_err(|error| error.to_string())?;
        let key = SigningKey::open(&data).map_err(|error| error.to_string())?;
        let token = |user: u32| {
            let grant = Grant {
                user: user_id(user),
                scopes: vec!["user".to_owned()],
                roles: Vec::new(),
                authorities: Vec::new(),
                lifetime: Duration::from_secs(24 * 60 * 60),
            };
            key.sign(&grant).map(|token| token.to_string()).map_err(|error| error.to_string())
        };
        let tokens = (0..users).map(token).collect::<Result<_, _>>()?;
        Ok(Self { address, id: process.id(), tokens, _process: process, _folder: folder })
    }

    /// Gives each user the secrets that are read.
    async fn fill(&self) -> Result<(), String> {
        let mut connection = Connection::open(self.address).await?;
        for (user, token) in (0..).zip(&self.tokens) {
            for number in 0..KEPT {
                let answer = connection.ask(&create(user, token, &format!("kept-{number}"))).await?;
                if answer.status != 201 {
                    return Err(format!("coffer answered {}: {}", answer.status, String::from_utf8_lossy(answer.body)));
                }
            }
        }
        Ok(())
    }

    async fn load(&self, turn: &Turn, random: &Random, answered: &Rc<Cell<u32>>) -> Result<ServeSample, String> {
        let mut tasks = JoinSet::new();
        let mut connections = Vec::new();
        for _ in 0..turn.connections {
            connections.push(Connection::open(self.address).await?);
        }
        let left = Rc::new(Cell::new(turn.count));
        let cpu = cpu_seconds(self.id)?;
        let started = Instant::now();
        for (user, connection) in (0..).zip(connections) {
            let random = random.part(turn.number * 1000 + user as usize);
            let sender = Sender {
                address: self.address,
                user,
                token: self.tokens[user as usize].clone(),
                operation: turn.operation,
                turn: turn.number,
                left: Rc::clone(&left),
                answered: Rc::clone(answered),
            };
            tasks.spawn_local(sender.run(connection, random));
        }
        let mut requests_ms = Vec::with_capacity(turn.count);
        let mut errors = 0;
        while let Some(done) = tasks.join_next().await {
            let (own, failed) = done.map_err(|error| error.to_string())?;
            requests_ms.extend(own);
            errors += failed;
        }
        let seconds = started.elapsed().as_secs_f64();
        Ok(ServeSample {
            operation: format!("{:?}", turn.operation).to_lowercase(),
            connections: turn.connections,
            round: turn.round,
            seconds,
            cpu_seconds: cpu_seconds(self.id)? - cpu,
            errors,
            requests_ms,
        })
    }
}

/// Sender over one connection.
struct Sender {
    address: SocketAddr,
    user: u32,
    token: String,
    operation: Operation,
    turn: usize,
    /// Requests that are still to be sent, by all together.
    left: Rc<Cell<usize>>,
    answered: Rc<Cell<u32>>,
}

impl Sender {
    async fn run(self, mut connection: Connection, mut random: Random) -> (Vec<f64>, u32) {
        let (mut times, mut errors) = (Vec::new(), 0);
        while let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            let (request, expected) = match self.operation {
                Operation::Get => (get(self.user, &self.token, &format!("kept-{}", random.below(KEPT))), 200),
                Operation::Create => (create(self.user, &self.token, &format!("{}-{left}", self.turn)), 201),
            };
            let started = Instant::now();
            let result = connection.ask(&request).await.map(|answer| answer.status);
            times.push((started.elapsed().as_secs_f64() * 1e6).round() / 1e3);
            self.answered.set(self.answered.get() + 1);
            if result.as_ref() == Ok(&expected) {
                continue;
            }
            errors += 1;
            eprintln!("{:?} was answered with {result:?}", self.operation);
            if let (Err(_), Ok(another)) = (result, Connection::open(self.address).await) {
                connection = another;
            }
        }
        (times, errors)
    }
}

fn user_id(user: u32) -> String {
    format!("user-{user:04}")
}

fn get(user: u32, token: &str, name: &str) -> Vec<u8> {
    let path = format!("/vault/api/v1/user/{}/secrets/{name}", user_id(user));
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

fn create(user: u32, token: &str, name: &str) -> Vec<u8> {
    let body = format!(r#"{{"name":"{name}","data":{{"user":"app","password":"correct horse battery staple"}}}}"#);
    let path = format!("/vault/api/v1/user/{}/secrets", user_id(user));
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
