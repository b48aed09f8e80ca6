//! HTTP between the gateway and the handlers: events, paths, responses, the errors of both APIs, and the path of a request.

mod accept_language;
mod api;
mod endpoint;
mod event;
mod path;
mod response;
pub mod search;
pub mod vault;

pub use api::Api;
pub use endpoint::{Endpoint, RequestContext, refuse, refuse_event, serve_event};
pub use event::{EventError, RequestEvent, answer_event};
pub use response::{GATEWAY_RESPONSE_LIMIT, Response};
