//! API Gateway on one machine: from an HTTP request to the event of a REST API with Lambda proxy integration, and from
//! the function's answer back to HTTP, with the limits that the real one has.

mod answer;
mod event;
pub mod routes;

pub use answer::to_http;
pub use event::{EventError, event_json, to_event};
