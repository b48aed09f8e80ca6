//! The routes of both APIs, as the template has them.

use http::Method;

/// An operation of one of the APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A page of an owner's secrets.
    ListSecrets,
    /// A new secret.
    CreateSecret,
    /// One secret.
    GetSecret,
    /// A secret's new state.
    UpdateSecret,
    /// A secret's end.
    DeleteSecret,
    /// One document.
    GetDocument,
}

/// Which API a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestApi {
    /// The vault.
    Vault,
    /// Search.
    Search,
}

/// A path template, with a segment in braces for any one segment, and the operations of its methods.
#[derive(Debug)]
pub struct Resource {
    /// The path's template.
    pub template: &'static str,
    /// Its API.
    pub api: RestApi,
    /// Its methods.
    pub methods: &'static [(Method, Operation)],
}

const fn document(template: &'static str) -> Resource {
    Resource { template, api: RestApi::Search, methods: &[(Method::GET, Operation::GetDocument)] }
}

/// All routes there are.
pub const RESOURCES: &[Resource] = &[
    Resource {
        template: "/vault/api/v1/user/{user_id}/secrets",
        api: RestApi::Vault,
        methods: &[(Method::GET, Operation::ListSecrets), (Method::POST, Operation::CreateSecret)],
    },
    Resource {
        template: "/vault/api/v1/user/{user_id}/secrets/{name}",
        api: RestApi::Vault,
        methods: &[
            (Method::GET, Operation::GetSecret),
            (Method::PUT, Operation::UpdateSecret),
            (Method::DELETE, Operation::DeleteSecret),
        ],
    },
    document("/search/{index}/{id}"),
    document("/v3/search/{index}/{id}"),
    document("/beta/search/{index}/{id}"),
    document("/v2024/search/{index}/{id}"),
    document("/v2025/search/{index}/{id}"),
    document("/v2026/search/{index}/{id}"),
    document("/search/v1/{index}/{id}"),
];

/// Where a request goes.
#[derive(Debug)]
pub enum Route {
    /// To an operation.
    To(&'static Resource, Operation),
    /// Nowhere: the path has no such method, but these.
    NoMethod(RestApi, String),
    /// Nowhere: there is no such path.
    NoPath(RestApi),
}

/// Finds the route of a request. The path is split as it came, undecoded.
#[must_use]
pub fn find(method: &Method, raw_path: &str) -> Route {
    let matching = || RESOURCES.iter().filter(|resource| matches(resource.template, raw_path));
    let operation = matching().find_map(|resource| {
        let (_, operation) = resource.methods.iter().find(|(known, _)| known == method)?;
        Some(Route::To(resource, *operation))
    });
    operation.unwrap_or_else(|| match matching().next() {
        Some(resource) => {
            let methods: Vec<_> = resource.methods.iter().map(|(method, _)| method.as_str()).collect();
            Route::NoMethod(resource.api, methods.join(", "))
        }
        None => Route::NoPath(api_of(raw_path)),
    })
}

fn matches(template: &str, path: &str) -> bool {
    let (mut expected, mut actual) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), actual.next()) {
            (None, None) => return true,
            (Some(expected), Some(actual)) if expected.starts_with('{') || expected == actual => {}
            _ => return false,
        }
    }
}

/// The API that gives an error at an unknown path its shape. It is the API of the paths with the same start; search
/// also behind a prefix that it doesn't have, such as another version; else the vault.
fn api_of(path: &str) -> RestApi {
    let segment = |path: &str, i: usize| path.split('/').nth(i).unwrap_or_default().to_owned();
    let start = segment(path, 1);
    let resource = RESOURCES.iter().find(|resource| segment(resource.template, 1) == start);
    let prefixed = if segment(path, 2) == "search" { RestApi::Search } else { RestApi::Vault };
    resource.map_or(prefixed, |resource| resource.api)
}
