//! `bench added`: overhead of a handler beyond its one call. Each round asks the service itself and then the handler,
//! over connections that are kept, on one thread: with a token that came before, as nearly all of a client do, and with
//! one that didn't and is verified.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::types::AttributeValue;
use clap::Args;
use devstack::examples;
use devstack::random::Random;
use devstack::stack::Stack;
use devstack::tools::Need;
use local::embedded::TABLE;
use local::local_stores::LocalStores;
use shared::clients::{Connections, Issuer};
use shared::http::GATEWAY_RESPONSE_LIMIT;
use shared::search::{OpenSearchAuth, OpenSearchDocuments, OpenSearchSettings};
use url::Url;

use crate::environment::About;
use crate::http1::Connection;
use crate::in_process::{InProcess, client_of, local_config};
use crate::options::Seed;
use crate::output;
use crate::progress::RunProgress;
use crate::report;
use crate::results::overhead::{OverheadResults, OverheadSample};

/// Rounds that aren't counted.
const UNCOUNTED: u32 = 500;
const ACCESS_KEY: &str = "added";
const USER: &str = "alice";
/// Scope for reading documents.
const DOCUMENT_SCOPE: &str = "sp:search:read";

/// The arguments of `bench added`.
#[derive(Debug, Args)]
pub struct AddedArgs {
    /// Requests to each
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(10..))]
    rounds: u32,
    #[command(flatten)]
    seed: Seed,
}

/// Runs it.
pub fn run(args: &AddedArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    Need::Services.provide()?;
    eprintln!("starting the services …");
    let stack = Stack::start();
    stack.runtime().block_on(examples::put(&stack));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let mut progress = RunProgress::of(2 * (UNCOUNTED + args.rounds) as usize);
    let samples = runtime.block_on(async {
        Ok::<_, String>(vec![
            get_secret(&stack, args.rounds, &mut progress).await?,
            get_document(&stack, args.rounds, &mut progress).await?,
        ])
    })?;
    drop(progress);
    let results = OverheadResults { about: About::here(seed), samples };
    output::write("added", &results)?;
    print!("{}", report::overhead::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

/// A GetItem of the SDK's client, and the handler over the same client.
async fn get_secret(stack: &Stack, rounds: u32, progress: &mut RunProgress) -> Result<OverheadSample, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    // Over the connections that the function has.
    let http = connections()?.client();
    let client = client_of(local_config(&stack.dynamodb, ACCESS_KEY).http_client(http));
    let handler = InProcess::open(&folder.path().join("data"), |_| client.clone()).await?;
    let token_of = |round: u32| handler.token(USER, &["user", &format!("round-{round:06}")]);
    let token = token_of(0)?;
    let secrets = format!("/vault/api/v1/user/{USER}/secrets");
    let body = r#"{"name":"database","data":{"user":"app","password":"correct horse battery staple"}}"#;
    handler.ask(&token, "POST", &secrets, body.to_owned(), 201).await?;
    let path = format!("{secrets}/database");

    let mut sample = OverheadSample::new("get-secret");
    for round in 0..UNCOUNTED + rounds {
        progress.step("get-secret");
        let started = Instant::now();
        get_item(&client).await?;
        let call_ms = ms(started);
        let handler_ms = handler.ask(&token, "GET", &path, String::new(), 200).await?.ms;
        let new_token_ms = handler.ask(&token_of(1 + round)?, "GET", &path, String::new(), 200).await?.ms;
        if round >= UNCOUNTED {
            sample.push(call_ms, handler_ms, new_token_ms);
        }
        progress.done();
    }
    Ok(sample)
}

fn connections() -> Result<Connections, String> {
    Connections::new(Issuer::Any, []).map_err(|error| error.to_string())
}

async fn get_item(client: &Client) -> Result<(), String> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let get = client.get_item().table_name(TABLE).key("owner", text(USER)).key("name", text("database"));
    let answer = get.consistent_read(true).send().await.map_err(|error| format!("{error:?}"))?;
    answer.item.map(drop).ok_or_else(|| "no item".to_owned())
}

/// A GET over a plain connection, and the handler with signed requests over the SDK's HTTP client.
async fn get_document(stack: &Stack, rounds: u32, progress: &mut RunProgress) -> Result<OverheadSample, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let url: Url = stack.opensearch.parse().map_err(|error| format!("{}: {error}", stack.opensearch))?;
    let address = url.socket_addrs(|| None).ok().and_then(|all| all.into_iter().next());
    let mut plain = Connection::open(address.ok_or_else(|| format!("{url} has no address"))?).await?;
    let settings = OpenSearchSettings {
        url,
        auth: OpenSearchAuth::SigV4 {
            region: Region::from_static("us-east-1"),
            credentials: SharedCredentialsProvider::new(Credentials::from_keys(ACCESS_KEY, "test", None)),
        },
        alias_prefix: String::new(),
        timeout: Duration::from_secs(2),
        max_document_bytes: GATEWAY_RESPONSE_LIMIT,
    };
    let documents = OpenSearchDocuments::new(&connections()?, settings).map_err(|error| error.to_string())?;
    let table = |_: &LocalStores| client_of(local_config(&stack.dynamodb, ACCESS_KEY));
    let handler = InProcess::with_documents(&folder.path().join("data"), table, documents).await?;
    let token_of = |round: u32| handler.token(USER, &[DOCUMENT_SCOPE, &format!("round-{round:06}")]);
    let token = token_of(0)?;
    let (index, id, document) = examples::documents().next().ok_or("no example")?;
    let request = format!("GET /{index}/_source/{id} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let path = format!("/search/{index}/{id}");

    let mut sample = OverheadSample::new("get-document");
    for round in 0..UNCOUNTED + rounds {
        progress.step("get-document");
        let started = Instant::now();
        let answer = plain.ask(request.as_bytes()).await?;
        let call_ms = ms(started);
        if answer.status != 200 || answer.body != document.as_bytes() {
            return Err(format!("OpenSearch answered {}: {}", answer.status, String::from_utf8_lossy(answer.body)));
        }
        let handler_ms = handler.ask(&token, "GET", &path, String::new(), 200).await?.ms;
        let new_token_ms = handler.ask(&token_of(1 + round)?, "GET", &path, String::new(), 200).await?.ms;
        if round >= UNCOUNTED {
            sample.push(call_ms, handler_ms, new_token_ms);
        }
        progress.done();
    }
    Ok(sample)
}

/// The time since then, in milliseconds.
fn ms(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}
