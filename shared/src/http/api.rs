//! A family of endpoints: those of one API, with one shape of error.

use std::fmt::Display;

use http::HeaderMap;

use super::response::Response;

/// Common behaviour of the endpoints of one API.
pub trait Api {
    /// A failure of this API: texts for the client and for the log.
    type Error: Display + Send;

    /// The answer to a failed request. `tracking_id` is in the log line of the failure, too.
    fn answer(error: &Self::Error, tracking_id: &str, headers: &HeaderMap) -> Response;

    /// The failure for unforeseen events: a panic, an answer that is too large. `cause` is for the log.
    fn internal(cause: String) -> Self::Error;

    /// The failure of a function that could not be prepared: a key or a setting is missing. `cause` is for the log.
    fn unprepared(cause: String) -> Self::Error;

    /// The failure of a request that can't be understood at all; `what` is a text for the client.
    fn bad_request(what: String) -> Self::Error;

    /// Cause for the log, hidden from the client; `None` if the client was told all.
    fn cause(error: &Self::Error) -> Option<String>;
}
