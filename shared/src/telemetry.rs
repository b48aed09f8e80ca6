//! The log: JSON lines, one a request, and the events of the start. docs/SECURITY.md lists the values that are never in
//! it.

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Coffer's own crates with lines of their own. Only their level can be set: a dependency's lines at a finer level than
/// a warning may hold requests and answers in full.
const OWN: [&str; 4] = ["shared", "local", "prepare_search", "sync_documents"];

/// Starts the log. Later calls change nothing.
pub fn start(level: Level, writer: BoxMakeWriter) {
    let filter = OWN
        .into_iter()
        .fold(Targets::new().with_default(LevelFilter::WARN), |filter, own| filter.with_target(own, level));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(writer);
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    std::panic::set_hook(Box::new(|panic| {
        // A panic's message may quote anything; its place can't.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
