//! Table of the documented fields, made from the types of the documents.

use serde_json::{Map, Value};

/// Documented field of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name in JSON.
    pub name: &'static str,
    /// Type of its value, or of the values in its array.
    pub kind: FieldKind,
}

/// Type of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text. Times are text too, since they come with and without milliseconds.
    Text,
    /// True or false.
    Boolean,
    /// Whole number.
    Integer,
    /// Object with members of undocumented names.
    Map,
    /// Object with these fields.
    Object(&'static [Field]),
}

/// Rust type that stands for the type of a field.
pub(super) trait Typed {
    /// Type of the field.
    const KIND: FieldKind;
}

impl Typed for String {
    const KIND: FieldKind = FieldKind::Text;
}

impl Typed for bool {
    const KIND: FieldKind = FieldKind::Boolean;
}

impl Typed for i64 {
    const KIND: FieldKind = FieldKind::Integer;
}

impl Typed for Map<String, Value> {
    const KIND: FieldKind = FieldKind::Map;
}

/// An array is searched by its values, and has their type.
impl<T: Typed> Typed for Vec<T> {
    const KIND: FieldKind = T::KIND;
}
