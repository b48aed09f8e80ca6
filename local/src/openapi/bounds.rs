//! Bounds of parameters and of members of bodies: length, pattern, range. They are taken from the types that the
//! handlers read with, so that the description and the server refuse the same.

use shared::names::{DocumentId, RoleId, SecretName, UserId};
use shared::vault::Limits;
use utoipa::Number;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, Components, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};

/// Text without control characters.
const TEXT: &str = r"^[^\x00-\x1f\x7f-\x9f]+$";
/// The same without `.` and `..`, in an expression that needs no look-ahead.
const SEGMENT: &str =
    r"^([^.\x00-\x1f\x7f-\x9f]|\.[^.\x00-\x1f\x7f-\x9f]|\.\.[^\x00-\x1f\x7f-\x9f])[^\x00-\x1f\x7f-\x9f]*$";
/// One to ten entity tags (RFC 9110, section 8.8.3) in a list that may have empty elements (section 5.6.1.2). As on the
/// server, a tag may have spaces and tabs.
const ENTITY_TAGS: &str = concat!(
    r#"^(,[\t\x20]*)*(W/)?"[\t\x20\x21\x23-\x7e]*""#,
    r#"([\t\x20]*,[\t\x20,]*(W/)?"[\t\x20\x21\x23-\x7e]*"){0,9}([\t\x20]*,)*$"#
);
/// Unit of a length. JSON Schema counts characters, of which a text has no more than bytes.
const BYTES: &str = "in bytes of UTF-8; the longest has so many characters only if each is ASCII";

/// Bounds the parameters of an operation.
pub(super) fn of_parameters(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        // A header is text or absent; there is no null.
        if parameter.parameter_in == ParameterIn::Header
            && let Some(object) = parameter.schema.as_mut().and_then(object)
        {
            object.schema_type = Type::String.into();
        }
        let name = parameter.name.clone();
        match name.as_str() {
            "user_id" => text(parameter, UserId::MAX_BYTES, SEGMENT),
            "name" => text(parameter, SecretName::MAX_BYTES, SEGMENT),
            "id" => text(parameter, DocumentId::MAX_BYTES, SEGMENT),
            "If-Match" => {
                describe(parameter, "`*`, or at most ten entity tags; a tag of another form matches nothing");
                let text = || ObjectBuilder::new().schema_type(Type::String);
                let any = AnyOfBuilder::new().item(text().enum_values(Some(["*"])));
                parameter.schema = Some(any.item(text().pattern(Some(ENTITY_TAGS))).into());
            }
            "offset" => {
                if let Some(object) = parameter.schema.as_mut().and_then(object) {
                    object.maximum = usize::try_from(u64::MAX).ok().map(Number::UInt);
                    object.format = Some(SchemaFormat::Custom("uint64".to_owned()));
                }
            }
            _ => {}
        }
    }
}

/// Bounds the members of the bodies that are sent.
pub(super) fn of_bodies(components: &mut Components) {
    for (body, name, bytes, pattern) in [
        ("SecretCreate", "name", SecretName::MAX_BYTES, SEGMENT),
        ("SecretCreate", "owner_id", UserId::MAX_BYTES, SEGMENT),
        ("RoleRequest", "id", RoleId::MAX_BYTES, TEXT),
    ] {
        if let Some(object) = member(components, body, name).and_then(object) {
            bound(object, bytes, pattern);
        }
    }
    for body in ["SecretCreate", "SecretUpdate"] {
        for name in ["read_roles", "write_roles"] {
            if let Some(RefOr::T(Schema::Array(list))) = member(components, body, name) {
                list.max_items = Some(Limits::MAX_ROLES);
            }
        }
    }
}

fn text(parameter: &mut Parameter, bytes: usize, pattern: &str) {
    describe(parameter, &format!("1 to {bytes} {BYTES}"));
    if let Some(object) = parameter.schema.as_mut().and_then(object) {
        bound(object, bytes, pattern);
    }
}

fn bound(object: &mut Object, bytes: usize, pattern: &str) {
    object.min_length = Some(1);
    object.max_length = Some(bytes);
    object.pattern = Some(pattern.to_owned());
}

/// Adds to the description of a parameter.
fn describe(parameter: &mut Parameter, more: &str) {
    let said = parameter.description.take().unwrap_or_default();
    parameter.description = Some(format!("{said}: {more}"));
}

fn object(schema: &mut RefOr<Schema>) -> Option<&mut Object> {
    match schema {
        RefOr::T(Schema::Object(object)) => Some(object),
        _ => None,
    }
}

fn member<'a>(components: &'a mut Components, body: &str, name: &str) -> Option<&'a mut RefOr<Schema>> {
    object(components.schemas.get_mut(body)?)?.properties.get_mut(name)
}
