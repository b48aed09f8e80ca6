//! The errors of each operation: every status of the contract, with its body and its headers.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation as Described;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};

use crate::gateway::routes::Operation;

/// One status: its number, its meaning, and its header.
type Status = (&'static str, &'static str, Option<&'static str>);

const BAD: Status = ("400", "Something in the request is wrong; the answer names it", None);
const UNAUTHORIZED: Status = ("401", "The token is missing, or is not accepted", Some("WWW-Authenticate"));
const FORBIDDEN: Status = ("403", "The caller may not do this", None);
const NO_SECRET: Status = ("404", "There is no such secret, or the caller may not know of it", None);
const NO_DOCUMENT: Status = ("404", "There is no such document or no such index", None);
const NO_METHOD: Status = ("405", "The path has no such method", Some("Allow"));
const MOVED_ON: Status = ("412", "If-Match names another version than the stored one", None);
const TOO_LARGE: Status = ("413", "The request is too large", None);
const RATE: Status = ("429", "Too many requests", Some("Retry-After"));
const FAULT: Status = ("500", "The service, or one behind it, failed", None);
const LOAD: Status = ("503", "Too many requests", Some("Retry-After"));

fn statuses(operation: Operation) -> Vec<Status> {
    match operation {
        Operation::ListSecrets | Operation::CreateSecret => {
            vec![BAD, UNAUTHORIZED, FORBIDDEN, NO_METHOD, TOO_LARGE, FAULT, LOAD]
        }
        Operation::GetSecret => vec![BAD, UNAUTHORIZED, FORBIDDEN, NO_SECRET, NO_METHOD, TOO_LARGE, FAULT, LOAD],
        Operation::UpdateSecret | Operation::DeleteSecret => {
            vec![BAD, UNAUTHORIZED, FORBIDDEN, NO_SECRET, NO_METHOD, MOVED_ON, TOO_LARGE, FAULT, LOAD]
        }
        Operation::GetDocument => vec![BAD, UNAUTHORIZED, FORBIDDEN, NO_DOCUMENT, NO_METHOD, TOO_LARGE, RATE, FAULT],
    }
}

fn schema(operation: Operation, status: &str) -> &'static str {
    match (operation, status) {
        (Operation::GetDocument, "401") => "SearchUnauthorized",
        (Operation::GetDocument, "429") => "SearchRateLimit",
        (Operation::GetDocument, _) => "SearchError",
        _ => "VaultError",
    }
}

/// Adds the errors of an operation to its description.
pub(super) fn add(described: &mut Described, operation: Operation) {
    for (status, description, header) in statuses(operation) {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema(operation, status)))).build();
        let mut response = ResponseBuilder::new().description(description).content("application/json", body);
        if let Some(name) = header {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            response = response.header(name, HeaderBuilder::new().schema(Some(text)).build());
        }
        described.responses.responses.insert(status.to_owned(), response.build().into());
    }
}
