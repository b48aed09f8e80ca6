//! Loop of a function on Lambda: the log, the preparation, then events until the sandbox ends.

use std::convert::Infallible;
use std::future::Future;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::service_fn;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::error_chain::error_chain;
use crate::http::{Api, Endpoint, RequestEvent, answer_event, refuse_event, serve_event};
use crate::settings::{from_env, log_level};
use crate::telemetry;

use super::error::StartError;
use super::task::Task;

/// Time limit of a task with a deadline that was over before it began: its tool sets none.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(60);

/// Runs a function on Lambda until the sandbox ends. An obstacle to its preparation, such as a missing setting, is
/// logged. Each request is then answered with the documented error and tries again: a process that ends while it starts
/// is only started again, and its clients see none of our errors.
pub async fn run<E, F>(prepare: impl Fn() -> F + Send + Sync) -> ExitCode
where
    E: Endpoint,
    F: Future<Output = Result<E, StartError>> + Send,
{
    start_log(E::OPERATION);
    let prepared = OnceCell::new();
    let (prepared, prepare) = (&prepared, &prepare);
    if let Err(error) = prepared.get_or_try_init(prepare).await {
        unprepared(E::OPERATION, error.as_ref());
    }
    let answer = move |event: RequestEvent| async move {
        match prepared.get_or_try_init(prepare).await {
            Ok(endpoint) => serve_event(endpoint, event).await,
            Err(error) => refuse_event::<E::Api>(E::OPERATION, event, E::Api::unprepared(error_chain(error.as_ref()))),
        }
    };
    // On the heap, for the type of a whole function in one is too deep for the compiler.
    let handler = move |event: LambdaEvent<RequestEvent>| {
        answer(event.payload).map(|answer| Ok::<_, Infallible>(answer_event(answer))).boxed()
    };
    ended(E::OPERATION, lambda_runtime::run(service_fn(handler)).await)
}

/// Runs such a function on Lambda until the sandbox ends. An obstacle to its preparation is logged, is the error of
/// each call, and is tried again with the next.
pub async fn run_task<T, F>(prepare: impl Fn() -> F + Send + Sync) -> ExitCode
where
    T: Task,
    F: Future<Output = Result<T, StartError>> + Send,
{
    start_log(T::OPERATION);
    let prepared = OnceCell::new();
    let (prepared, prepare) = (&prepared, &prepare);
    if let Err(error) = prepared.get_or_try_init(prepare).await {
        unprepared(T::OPERATION, error.as_ref());
    }
    // Read here and not by the runtime, which logs an event that it can't read.
    let handler = move |event: LambdaEvent<Box<RawValue>>| {
        let time_left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or(WITHOUT_DEADLINE);
        async move {
            let event = serde_json::from_str(event.payload.get()).map_err(|error| unreadable(&error))?;
            prepared.get_or_try_init(prepare).await?.run(event, time_left).await
        }
        .boxed()
    };
    ended(T::OPERATION, lambda_runtime::run(service_fn(handler)).await)
}

/// The error of an event that a task can't read: its place. The library's message quotes the value.
fn unreadable(error: &serde_json::Error) -> StartError {
    format!("the event can't be read: column {} of line {}", error.column(), error.line()).into()
}

fn start_log(operation: &'static str) {
    let level = log_level(&from_env);
    telemetry::start(*level.as_ref().unwrap_or(&tracing::Level::INFO), BoxMakeWriter::new(std::io::stdout));
    if let Err(errors) = level {
        tracing::error!(operation, error = errors.to_string(), "the log's level is not acceptable");
    }
}

fn unprepared(operation: &'static str, error: &(dyn std::error::Error + 'static)) {
    for line in error_chain(error).lines() {
        tracing::error!(operation, error = line, "the function can't be prepared");
    }
}

fn ended(operation: &'static str, result: Result<(), lambda_runtime::Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(operation, error = error.to_string(), "the Lambda runtime failed");
            ExitCode::FAILURE
        }
    }
}
