//! Between the gateway and the handlers: paths, answers, both families of errors, and the way of a request.

mod accept_language;
mod answer;
mod endpoint;
mod family;
mod path;
pub mod search;
pub mod vault;

pub use answer::{Answer, GATEWAY_RESPONSE_LIMIT};
pub use endpoint::{Call, Endpoint, refuse, serve};
pub use family::Family;
