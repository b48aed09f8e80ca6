//! The description of both APIs (OpenAPI 3.1) at `/openapi.json`, and a page to read and try it at `/docs/`.

mod bounds;
mod errors;
mod operations;

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use utoipa_swagger_ui::Config;

/// The description as JSON.
static DESCRIPTION: LazyLock<String> = LazyLock::new(|| operations::description().to_json().unwrap_or_default());

/// The page's settings.
static PAGE: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    Arc::new(Config::from("/openapi.json").persist_authorization(true).display_request_duration(true))
});

/// The answer to a GET of one of the reference's own paths; `None` for any other path.
pub fn page(path: &str) -> Option<Response<Bytes>> {
    match path {
        "/openapi.json" => Some(content("application/json", Bytes::from_static(DESCRIPTION.as_bytes()))),
        "/" | "/docs" => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert(LOCATION, HeaderValue::from_static("/docs/"));
            Some(response)
        }
        _ => {
            let file = path.strip_prefix("/docs/")?;
            let file = utoipa_swagger_ui::serve(file, Arc::clone(&PAGE)).ok()??;
            Some(content(&file.content_type, Bytes::from(file.bytes.into_owned())))
        }
    }
}

fn content(kind: &str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    if let Ok(kind) = HeaderValue::from_str(kind) {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}
