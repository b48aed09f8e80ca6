//! `bench cold`: cost of a function's first request. Each round starts every contender once, one after the other, so
//! that changes on the machine hit all of them.

use std::process::ExitCode;

use clap::Args;
use devstack::random::Random;

use crate::contender::{COFFER, Contender};
use crate::contenders;
use crate::environment::About;
use crate::options::{Function, Participants};
use crate::output;
use crate::progress::RunProgress;
use crate::report;
use crate::results::cold::{ColdResults, ColdSample};
use crate::test_bed::TestBed;

/// The arguments of `bench cold`.
#[derive(Debug, Args)]
pub struct ColdArgs {
    /// Starts of each contender
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(2..))]
    rounds: u32,
    /// Memory sizes in MB, separated by commas: 128 MB have 7.2 % of a core, 1769 MB have one
    #[arg(long, default_value = "128,512,1769", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(128..=10240))]
    memory: Vec<u64>,
    #[command(flatten)]
    participants: Participants,
}

/// Runs it.
pub fn run(args: &ColdArgs) -> Result<ExitCode, String> {
    let seed = args.participants.seed();
    let site = TestBed::open()?;
    let mut samples = Vec::new();
    for function in args.participants.functions() {
        let contenders = contenders::of(function.name(), &site, &args.participants.builds, &args.participants.only)?;
        site.run(agree(&site, &contenders))?;
        site.run(warm_up(&site, &contenders))?;
        for memory_mb in &args.memory {
            samples.extend(site.run(measure(&site, function, &contenders, *memory_mb, args.rounds))?);
        }
    }
    let results = ColdResults { about: About::here(seed), samples };
    output::write("cold", &results)?;
    print!("{}", report::cold::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

/// Checks that all contenders with the same work give the same answer as Coffer.
///
/// # Errors
/// The contender with another answer, and that answer.
pub async fn agree(site: &TestBed, contenders: &[Contender]) -> Result<(), String> {
    let mut expected = None;
    for contender in contenders {
        let event = site.event(contender.function)?;
        let (status, body) = site.start(contender, 1769).await?.invoke(event).await?.read()?;
        let name = &contender.name;
        if status != 200 {
            return Err(format!("{name} answered {status}: {body}"));
        }
        let json =
            |text: &str| serde_json::from_str::<serde_json::Value>(text).map_err(|error| format!("{name}: {error}"));
        let answer = json(&body)?;
        let coffers = expected.get_or_insert_with(|| answer.clone());
        if contender.equal && *coffers != answer {
            return Err(format!("{name} answers otherwise than {COFFER}:\n{answer}\n{coffers}"));
        }
    }
    Ok(())
}

/// Starts the first contender many times, which isn't counted: Java compiles a service's code while it is used, and
/// would do it beside the first rounds.
pub async fn warm_up(site: &TestBed, contenders: &[Contender]) -> Result<(), String> {
    const STARTS: usize = 200;
    let mut progress = RunProgress::of(STARTS);
    for contender in contenders.first().into_iter().cycle().take(STARTS) {
        progress.step(format!("{}: the services warm up", contender.function));
        site.start(contender, 1769).await?.invoke(site.event(contender.function)?).await?;
        progress.done();
    }
    Ok(())
}

/// Starts each contender once a round.
///
/// # Errors
/// The contender with a wrong answer.
pub async fn measure(
    site: &TestBed,
    function: Function,
    contenders: &[Contender],
    memory_mb: u64,
    rounds: u32,
) -> Result<Vec<ColdSample>, String> {
    let mut samples = Vec::new();
    let mut progress = RunProgress::of(contenders.len() * rounds as usize);
    for round in 0..rounds {
        let event = site.event(function.name())?;
        for contender in contenders {
            progress.step(format!("{} at {memory_mb} MB: {}", function.name(), contender.name));
            let mut sandbox = site.start(contender, memory_mb).await?;
            let answered = sandbox.invoke(event.clone()).await?;
            let (status, body) = answered.read()?;
            if status != 200 {
                return Err(format!("{} answered {status} in round {round}: {body}", contender.name));
            }
            samples.push(ColdSample {
                function: function.name().to_owned(),
                memory_mb,
                contender: contender.name.clone(),
                round,
                init_ms: sandbox.init_ms,
                first_ms: answered.ms,
                init_cpu_ms: sandbox.init_cpu_ms,
                cpu_ms: answered.cpu_ms,
                peak_rss_kib: answered.peak_rss_kib,
            });
            progress.done();
        }
    }
    Ok(samples)
}
