//! Reading of a document: a value of the announced type becomes a typed field, everything else is kept as it came.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Takes a member out of an object, if it is of the wanted type.
///
/// Otherwise the object keeps it: an explicit null, for it isn't the same as no member at all, and a value of another
/// type than announced.
pub(super) fn take<T: DeserializeOwned>(object: &mut Map<String, Value>, name: &str) -> Option<T> {
    let value = object.get(name).filter(|value| !value.is_null())?;
    let typed = <T as Deserialize<'_>>::deserialize(value).ok()?;
    object.remove(name);
    Some(typed)
}

/// Declares one object of a search document: `field("jsonName"): Type`, every field with a doc comment.
///
/// The result is a struct with fields of `Option<Type>`, and one more, `extra`, for every value without a typed place.
/// Reading one fails only if there is no JSON object. Written again, it equals the original. The JSON name is always
/// given, and has to be a plain literal: serde, utoipa, [`take`] and [`Typed`](super::field::Typed) see the same token.
macro_rules! document {
    (
        $(#[$($about:tt)*])*
        pub struct $name:ident {
            $( $(#[$($note:tt)*])* $field:ident($json:tt): $ty:ty ),* $(,)?
        }
    ) => {
        $(#[$($about)*])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name {
            $(
                $(#[$($note)*])*
                #[serde(rename = $json, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$ty>,
            )*
            /// Values without a typed place: unannounced members, nulls, values of another type than announced.
            #[serde(flatten)]
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut object =
                    <serde_json::Map<String, serde_json::Value> as serde::Deserialize<'de>>::deserialize(deserializer)?;
                Ok(Self {
                    $( $field: $crate::search::documents::lenient::take(&mut object, $json), )*
                    extra: object,
                })
            }
        }

        impl $crate::search::documents::field::Typed for $name {
            const KIND: $crate::search::documents::field::FieldKind =
                $crate::search::documents::field::FieldKind::Object(&[
                    $( $crate::search::documents::field::Field {
                        name: $json,
                        kind: <$ty as $crate::search::documents::field::Typed>::KIND,
                    }, )*
                ]);
        }
    };
}

pub(super) use document;
