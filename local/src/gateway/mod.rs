//! API Gateway on one machine: from an HTTP request to the event of a REST API with Lambda proxy integration, and from
//! the function's answer back to HTTP, with the limits that the real one has.

mod answer;
mod event;
pub mod routes;

pub use answer::to_http;
pub use event::{event_json, to_event};

/// What the gateway answers by itself, without asking a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No such route.
    #[error("unknown route")]
    NoPath,
    /// The route has no such method.
    #[error("unknown method")]
    NoMethod {
        /// The methods it has.
        allow: String,
    },
    /// A request larger than the gateway takes.
    #[error("the request is too large")]
    TooLarge {
        /// How much it takes, in bytes.
        limit: usize,
    },
    /// A request that is not understood.
    #[error("{0}")]
    Bad(String),
    /// An answer that Lambda can't carry.
    #[error("Lambda can't carry an answer of {size} bytes")]
    Unanswerable {
        /// Its size as an event, in bytes.
        size: usize,
    },
}
