//! `bench list`: a page of a hundred secrets, of an owner with a hundred and of one with many: its time, and the
//! table's charge. Both take turns.
//!
//! The table is the embedded one, which keeps the index of names on its own as DynamoDB does. DynamoDB Local reads whole
//! items for an index of names: seconds for some thousand large secrets, and a call may take two.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use clap::Args;
use devstack::random::Random;
use devstack::stack::dynamodb_local;
use devstack::tools::Need;
use local::embedded::client;
use local::local_stores::LocalStores;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::environment::About;
use crate::in_process::{InProcess, client_of, local_config};
use crate::options::Seed;
use crate::output;
use crate::progress::RunProgress;
use crate::report;
use crate::results::list::{ListResults, ListSample, PAGE};
use crate::seeding::{Planned, Target};

/// Number of items that are made and written at once.
const CHUNK: usize = 100;
/// Number of tasks that fill the table.
const FILLERS: usize = 2;
const ACCESS_KEY: &str = "list";

/// The arguments of `bench list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Number of secrets of the owner with many
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(200..=100_000))]
    secrets: u32,
    /// The size of their data in bytes
    #[arg(long, default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(64..=65_536))]
    payload: u32,
    /// Listings of each page
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// In DynamoDB Local; with large data for some hundred secrets only
    #[arg(long)]
    dynamodb_local: bool,
    #[command(flatten)]
    seed: Seed,
}

/// A page to be listed.
struct Case {
    page: &'static str,
    owner: &'static str,
    secrets: u32,
    offset: u32,
    /// A page with data has to fit into an answer of 6 MiB: a hundred large secrets are listed without data, by a
    /// manager.
    caller: &'static str,
    scope: &'static str,
}

fn cases(secrets: u32) -> [Case; 4] {
    let small = Case { page: "small", owner: "few", secrets: PAGE, offset: 0, caller: "few", scope: "user" };
    let large =
        Case { page: "large", owner: "few-large", secrets: PAGE, offset: 0, caller: "manager", scope: "vaultManage" };
    // Her first hundred secrets are small, all others large.
    let of_many = Case { owner: "many", secrets, caller: "many", ..small };
    let large_of_many = Case { owner: "many", secrets, offset: PAGE, ..large };
    [small, of_many, large, large_of_many]
}

/// Runs it.
pub fn run(args: &ListArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let service = if args.dynamodb_local {
        Need::Services.provide()?;
        Some(dynamodb_local(&folder))
    } else {
        None
    };
    let url = service.as_ref().map(|(_, url)| url.as_str());
    let samples = runtime.block_on(measure(args, url, folder.path()))?;
    let results = ListResults {
        about: About::here(seed),
        engine: if url.is_some() { "DynamoDB Local" } else { "the embedded table" }.to_owned(),
        secrets: args.secrets,
        payload: args.payload,
        samples,
    };
    output::write("list", &results)?;
    print!("{}", report::list::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

async fn measure(args: &ListArgs, url: Option<&str>, folder: &Path) -> Result<Vec<ListSample>, String> {
    let charged = Charged::default();
    let data = folder.join("data");
    let config = |local: &LocalStores| match url {
        Some(url) => local_config(url, ACCESS_KEY),
        None => client(local.table().clone()).config().to_builder(),
    };
    let table = InProcess::open(&data, |local| client_of(config(local).interceptor(charged.clone()))).await?;
    let target = match url {
        Some(url) => Target::local(url, ACCESS_KEY)?,
        None => Target::embedded(&data)?,
    };
    fill(target, &data, args).await?;
    let cases = cases(args.secrets);
    let mut progress = RunProgress::of(cases.len() * (args.rounds as usize + 1));
    let mut samples = Vec::new();
    // The first round opens connections and fills caches, and isn't counted.
    for round in 0..=args.rounds {
        for turn in 0..cases.len() {
            let case = &cases[(turn + round as usize) % cases.len()];
            progress.step(format!("{} of {}", case.page, case.owner));
            let sample = list(&table, case, &charged).await?;
            if let Some(round) = round.checked_sub(1) {
                samples.push(ListSample { round, ..sample });
            }
            progress.done();
        }
    }
    Ok(samples)
}

async fn list(table: &InProcess, case: &Case, charged: &Charged) -> Result<ListSample, String> {
    let token = table.token(case.caller, &[case.scope])?;
    let path = format!("/vault/api/v1/user/{}/secrets?offset={}&limit={PAGE}", case.owner, case.offset);
    charged.take();
    let asked = table.ask(&token, "GET", &path, String::new(), 200).await?;
    let units = charged.take();
    let body: Value = serde_json::from_str(&asked.body).map_err(|error| error.to_string())?;
    let shown = (body["count"].as_u64(), body["items"].as_array().map(Vec::len));
    if shown != (Some(case.secrets.into()), Some(PAGE as usize)) {
        return Err(format!("a page of {PAGE} of {} secrets was answered with {shown:?}", case.secrets));
    }
    Ok(ListSample {
        page: case.page.to_owned(),
        secrets: case.secrets,
        round: 0,
        ms: asked.ms,
        names_units: units.names,
        page_units: units.page,
    })
}

async fn fill(target: Target, folder: &Path, args: &ListArgs) -> Result<(), String> {
    let data = |length: u32| -> Arc<[u8]> {
        format!(r#"{{"password":"{}"}}"#, "x".repeat((length as usize).saturating_sub(15))).into_bytes().into()
    };
    let (small, large) = (data(64), data(args.payload));
    let secrets = |owner: &'static str, kind: &'static str, count: u32, data: &Arc<[u8]>| {
        let data = Arc::clone(data);
        (0..count).map(move |number| Planned {
            owner: owner.to_owned(),
            // The small ones are first in order.
            name: format!("{kind}-{number:05}"),
            data: Arc::clone(&data),
        })
    };
    let planned: Vec<Planned> = secrets("few", "a", PAGE, &small)
        .chain(secrets("few-large", "b", PAGE, &large))
        .chain(secrets("many", "a", PAGE, &small))
        .chain(secrets("many", "b", args.secrets - PAGE, &large))
        .collect();
    eprintln!("filling the table …");
    let mut progress = RunProgress::of(planned.len().div_ceil(CHUNK));
    let mut tasks = JoinSet::new();
    let mut chunks = planned.chunks(CHUNK);
    loop {
        while tasks.len() < FILLERS
            && let Some(chunk) = chunks.next()
        {
            tasks.spawn(target.clone().write(folder.to_owned(), chunk.to_vec()));
        }
        let Some(written) = tasks.join_next().await else { return Ok(()) };
        written.map_err(|error| error.to_string())??;
        progress.step("filling");
        progress.done();
    }
}

/// Capacity units that the table charged.
#[derive(Debug, Default)]
struct Units {
    names: f64,
    page: f64,
}

/// Asks the table for its charge with each call, and adds it up.
#[derive(Debug, Clone, Default)]
struct Charged(Arc<Mutex<Units>>);

impl Charged {
    /// Units charged since the last call.
    fn take(&self) -> Units {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Charged {
    fn name(&self) -> &'static str {
        "Charged"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let total = Some(ReturnConsumedCapacity::Total);
        if let Some(query) = context.input_mut().downcast_mut::<QueryInput>() {
            query.return_consumed_capacity = total;
        } else if let Some(batch) = context.input_mut().downcast_mut::<BatchGetItemInput>() {
            batch.return_consumed_capacity = total;
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let units = |capacity: &ConsumedCapacity| capacity.capacity_units.unwrap_or_default();
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let mut charged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(query) = output.downcast_ref::<QueryOutput>() {
            charged.names += query.consumed_capacity().map(units).unwrap_or_default();
        } else if let Some(batch) = output.downcast_ref::<BatchGetItemOutput>() {
            charged.page += batch.consumed_capacity().iter().map(units).sum::<f64>();
        }
        Ok(())
    }
}
