//! Between the gateway and the handlers: events, paths, answers, both families of errors, and the way of a request.

mod accept_language;
mod answer;
mod endpoint;
mod event;
mod family;
mod path;
pub mod search;
pub mod vault;

pub use answer::{Answer, GATEWAY_RESPONSE_LIMIT};
pub use endpoint::{Call, Endpoint, refuse, refuse_event, serve_event};
pub use event::{EventError, RequestEvent, answer_event};
pub use family::Family;
