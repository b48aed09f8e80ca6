//! `bench warm`: cost of consecutive requests in a running sandbox. Each round starts every contender once, one after
//! the other.

use std::process::ExitCode;

use clap::Args;
use devstack::random::Random;

use crate::cold::agree;
use crate::contender::Contender;
use crate::contenders;
use crate::environment::About;
use crate::options::{Function, Participants};
use crate::output;
use crate::progress::RunProgress;
use crate::report;
use crate::results::warm::{WarmResults, WarmSample};
use crate::test_bed::TestBed;

/// Uncounted requests of a sandbox: just-in-time compilers have compiled by then.
const UNCOUNTED: u32 = 100;

/// The arguments of `bench warm`.
#[derive(Debug, Args)]
pub struct WarmArgs {
    /// Starts of each contender
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Counted requests of each start, after 100 that aren't
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// Memory sizes in MB, separated by commas: 128 MB have 7.2 % of a core, 1769 MB have one
    #[arg(long, default_value = "1769", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(128..=10240))]
    memory: Vec<u64>,
    #[command(flatten)]
    participants: Participants,
}

/// Runs it.
pub fn run(args: &WarmArgs) -> Result<ExitCode, String> {
    let seed = args.participants.seed();
    let site = TestBed::open()?;
    let mut samples = Vec::new();
    for function in args.participants.functions() {
        let mut contenders =
            contenders::of(function.name(), &site, &args.participants.builds, &args.participants.only)?;
        contenders.retain(|contender| contender.name != contenders::WITH_KEYRING);
        site.run(agree(&site, &contenders))?;
        let mut progress = RunProgress::of(contenders.len() * args.memory.len() * args.rounds as usize);
        for memory_mb in &args.memory {
            for round in 0..args.rounds {
                for contender in &contenders {
                    progress.step(format!("{} at {memory_mb} MB: {}", function.name(), contender.name));
                    let sandbox = requests(&site, function, contender, *memory_mb, args.requests);
                    samples.push(WarmSample { round, ..site.run(sandbox)? });
                    progress.done();
                }
            }
        }
    }
    let results = WarmResults { about: About::here(seed), samples };
    output::write("warm", &results)?;
    print!("{}", report::warm::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

async fn requests(
    site: &TestBed,
    function: Function,
    contender: &Contender,
    memory_mb: u64,
    count: u32,
) -> Result<WarmSample, String> {
    let event = site.event(function.name())?;
    let mut sandbox = site.start(contender, memory_mb).await?;
    let mut before = sandbox.invoke(event.clone()).await?;
    for _ in 1..UNCOUNTED {
        before = sandbox.invoke(event.clone()).await?;
    }
    let mut requests_ms = Vec::new();
    let mut last = before.cpu_ms;
    let mut peak_rss_kib = before.peak_rss_kib;
    for _ in 0..count {
        let answered = sandbox.invoke(event.clone()).await?;
        let (status, body) = answered.read()?;
        if status != 200 {
            return Err(format!("{} answered {status}: {body}", contender.name));
        }
        requests_ms.push(answered.ms);
        (last, peak_rss_kib) = (answered.cpu_ms, answered.peak_rss_kib);
    }
    Ok(WarmSample {
        function: function.name().to_owned(),
        memory_mb,
        contender: contender.name.clone(),
        round: 0,
        cpu_ms: (last - before.cpu_ms) / f64::from(count),
        peak_rss_kib,
        requests_ms,
    })
}
