//! The six operations. The functions below are their descriptions; nothing calls them.

use shared::http::search::{ErrorResponse, RateLimitBody, UnauthorizedBody};
use shared::http::vault::{CreateBody, CreatedBody, ErrorBody, SecretListResponse, SecretResponse, UpdateBody};
use shared::search::documents::{
    AccessProfileDocument, AccountActivityDocument, EntitlementDocument, EventDocument, IdentityDocument, RoleDocument,
};
use std::borrow::Cow;
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{Modify, OpenApi, PartialSchema, ToSchema};

use crate::gateway::routes::{Operation, RESOURCES};

use super::{bounds, errors};

/// Both APIs.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Coffer",
        description = "A vault for people's personal secrets, and a reader of identity search documents. \
                       The vault speaks the PrivX personal-secrets API, search SailPoint's get-document API.",
    ),
    paths(list_secrets, create_secret, get_secret, update_secret, delete_secret, get_document),
    components(schemas(ErrorBody, ErrorResponse, UnauthorizedBody, RateLimitBody)),
    modifiers(&Bearer),
    security(("token" = [])),
    tags(
        (name = "vault", description = "Personal secrets"),
        (name = "search", description = "Search documents"),
    )
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The description, with the errors of each operation and all paths of the search API.
pub(super) fn description() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    if let Some(components) = &mut description.components {
        bounds::of_bodies(components);
    }
    let document = description.paths.paths.get("/search/{index}/{id}").cloned();
    for resource in RESOURCES {
        if let Some(mut item) = document.clone()
            && !description.paths.paths.contains_key(resource.template)
        {
            // Operation ids are unique: the version in the path tells one from the other.
            if let Some(operation) = &mut item.get {
                let mut segments = resource.template.split('/');
                let version = segments.find(|segment| !matches!(*segment, "" | "search")).unwrap_or_default();
                operation.operation_id = Some(format!("getDocument_{version}"));
            }
            description.paths.paths.insert(resource.template.to_owned(), item);
        }
        let Some(item) = description.paths.paths.get_mut(resource.template) else { continue };
        for (_, operation) in resource.methods {
            let slot = match operation {
                Operation::ListSecrets | Operation::GetSecret | Operation::GetDocument => &mut item.get,
                Operation::CreateSecret => &mut item.post,
                Operation::UpdateSecret => &mut item.put,
                Operation::DeleteSecret => &mut item.delete,
            };
            if let Some(described) = slot {
                errors::add(described, *operation);
                bounds::of_parameters(described);
            }
        }
    }
    description
}

/// One of the six documents, as it was stored: members that are not announced come along.
struct AnyDocument;

impl PartialSchema for AnyDocument {
    fn schema() -> RefOr<Schema> {
        // Not `oneOf`: no document has required members, so that one may pass as several.
        let names = [
            AccessProfileDocument::name(),
            AccountActivityDocument::name(),
            EntitlementDocument::name(),
            EventDocument::name(),
            IdentityDocument::name(),
            RoleDocument::name(),
        ];
        let any = names.into_iter().fold(AnyOfBuilder::new(), |any, name| any.item(Ref::from_schema_name(name)));
        any.description(Some("One of the six documents, as it was stored; members that are not announced come along"))
            .into()
    }
}

impl ToSchema for AnyDocument {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Document")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((T::name().into_owned(), T::schema()));
            T::schemas(schemas);
        }
        add::<AccessProfileDocument>(schemas);
        add::<AccountActivityDocument>(schemas);
        add::<EntitlementDocument>(schemas);
        add::<EventDocument>(schemas);
        add::<IdentityDocument>(schemas);
        add::<RoleDocument>(schemas);
    }
}

/// The name of an index.
#[derive(ToSchema)]
#[schema(as = Index, rename_all = "lowercase")]
#[expect(dead_code, reason = "a description")]
enum Index {
    AccessProfiles,
    AccountActivities,
    Entitlements,
    Events,
    Identities,
    Roles,
}

/// List the secrets of a user
///
/// For their owner, with any scope of the vault, with data; for holders of the scope vaultManage without.
#[utoipa::path(
    get, path = "/vault/api/v1/user/{user_id}/secrets", tag = "vault", operation_id = "listSecrets",
    params(
        ("user_id" = String, Path, description = "Whose secrets", min_length = 1),
        ("offset" = Option<u64>, Query, description = "How many to leave out; 0 by default"),
        ("limit" = Option<u8>, Query, description = "How many at the most; 100 by default", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "A page, ordered by name", body = SecretListResponse<'_>,
               headers(("ETag" = String, description = "Changes with the page's content"))))
)]
#[expect(dead_code, reason = "a description")]
fn list_secrets() {}

/// Create a secret
///
/// For the owner, with any scope of the vault, and holders of one of the scopes admin, vaultManage and vaultAdd.
#[utoipa::path(
    post, path = "/vault/api/v1/user/{user_id}/secrets", tag = "vault", operation_id = "createSecret",
    params(("user_id" = String, Path, description = "Whose secret", min_length = 1)),
    request_body = CreateBody,
    responses((status = 201, description = "Created", body = CreatedBody<'_>,
               headers(("Location" = String, description = "The secret's path"),
                       ("ETag" = String, description = "The secret's version"))))
)]
#[expect(dead_code, reason = "a description")]
fn create_secret() {}

/// Get a secret
///
/// With the scope user for the owner and holders of a read role, without data for holders of only a write role; with
/// the scope admin for everybody.
#[utoipa::path(
    get, path = "/vault/api/v1/user/{user_id}/secrets/{name}", tag = "vault", operation_id = "getSecret",
    params(("user_id" = String, Path, description = "Whose secret", min_length = 1),
           ("name" = String, Path, description = "The secret's name", min_length = 1)),
    responses((status = 200, description = "The secret", body = SecretResponse<'_>,
               headers(("ETag" = String, description = "The secret's version"))))
)]
#[expect(dead_code, reason = "a description")]
fn get_secret() {}

/// Update a secret
///
/// For the owner, with any scope of the vault, and holders of a write role. A missing or null member keeps the stored
/// value. Only the owner changes role lists.
#[utoipa::path(
    put, path = "/vault/api/v1/user/{user_id}/secrets/{name}", tag = "vault", operation_id = "updateSecret",
    params(("user_id" = String, Path, description = "Whose secret", min_length = 1),
           ("name" = String, Path, description = "The secret's name", min_length = 1),
           ("If-Match" = Option<String>, Header, description = "The version that is to be replaced")),
    request_body = UpdateBody,
    responses((status = 200, description = "Updated",
               headers(("ETag" = String, description = "The secret's new version"))))
)]
#[expect(dead_code, reason = "a description")]
fn update_secret() {}

/// Delete a secret
///
/// For the owner, with any scope of the vault, and holders of one of the scopes admin and vaultManage.
#[utoipa::path(
    delete, path = "/vault/api/v1/user/{user_id}/secrets/{name}", tag = "vault", operation_id = "deleteSecret",
    params(("user_id" = String, Path, description = "Whose secret", min_length = 1),
           ("name" = String, Path, description = "The secret's name", min_length = 1),
           ("If-Match" = Option<String>, Header, description = "The version that is to be deleted")),
    responses((status = 200, description = "Deleted"))
)]
#[expect(dead_code, reason = "a description")]
fn delete_secret() {}

/// Get a document by id
///
/// For holders of the scope sp:search:read or sp:scopes:all and one of the configured user levels.
#[utoipa::path(
    get, path = "/search/{index}/{id}", tag = "search", operation_id = "getDocument",
    params(("index" = inline(Index), Path, description = "The index"),
           ("id" = String, Path, description = "The document's id", min_length = 1),
           ("Accept-Language" = Option<String>, Header, description = "The language of error messages")),
    responses((status = 200, description = "The document, byte for byte as it was stored", body = AnyDocument))
)]
#[expect(dead_code, reason = "a description")]
fn get_document() {}
