//! Requests of the function to a cluster match the permissions of its role.

use std::collections::BTreeSet;

use devstack::proxy::{Call, Proxy};
use devstack::tools::Need;
use serde_json::{Value, json};
use shared::names::IndexName;

use super::Indices;
use super::resource::{call, cloud_formation, function};
use crate::template::Template;
use crate::{Test, World};

pub const TESTS: &[Test] = &[(
    "prepare_search_asks_for_what_its_role_allows_and_nothing_else",
    &[Need::Services],
    prepare_search_asks_for_what_its_role_allows_and_nothing_else,
)];

const PREFIX: &str = "policy-prepare-";

/// An action on OpenSearch as IAM names it, and the path that it is for.
fn asked_for(call: &Call) -> (String, String) {
    let (first, rest) = call.method.split_at(1);
    let path = call.path.split('?').next().unwrap_or_default();
    (format!("es:ESHttp{first}{}", rest.to_ascii_lowercase()), path.to_owned())
}

/// The actions on paths of the domain that the role allows.
fn allowed() -> Vec<(String, String)> {
    let statements = Template::read().statements("PrepareSearch");
    let pairs = statements.iter().flat_map(|statement| {
        let on_paths = statement.actions.iter().filter(|action| action.starts_with("es:ESHttp"));
        on_paths.flat_map(|action| statement.resources.iter().map(|resource| (action.clone(), path_of(resource))))
    });
    pairs.collect()
}

fn path_of(resource: &Value) -> String {
    let text = resource["Fn::Sub"][0].as_str().unwrap_or_else(|| panic!("{resource}"));
    let (_, path) = text.split_once("domain/${Name}").unwrap_or_else(|| panic!("{resource}"));
    path.replace("${OpenSearchAliasPrefix}", PREFIX)
}

/// Tells whether a pattern of IAM, in which `*` stands for anything, is that of a path. No pattern here has two of
/// them.
fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => path.len() >= start.len() + end.len() && path.starts_with(start) && path.ends_with(end),
        None => pattern == path,
    }
}

/// Where the domain is asked for by its name, `es:DescribeDomain` comes first; it is no request to the cluster.
fn prepare_search_asks_for_what_its_role_allows_and_nothing_else(world: &World) {
    let stack = world.stack();
    let indices = Indices::new(stack, PREFIX);
    let answers = cloud_formation(stack);
    let cluster = Proxy::before(stack.runtime().handle(), &stack.opensearch);
    let url = cluster.url();
    let own = [("COFFER_OPENSEARCH_URL", url.as_str()), ("COFFER_OPENSEARCH_ALIAS_PREFIX", PREFIX)];
    let function = function(stack, &own);
    // On an empty cluster.
    assert_eq!(call(stack, &function, "Create", &answers)["Status"], "SUCCESS");
    // From other mappings, with the rest of a killed run in the way.
    for index in IndexName::ALL {
        let new = indices.behind(index).remove(0);
        indices.make_old(index);
        indices.write(index, "1", 1, Some(r#"{"id":"1"}"#));
        indices.get("PUT", &new, &json!({}));
    }
    assert_eq!(call(stack, &function, "Update", &answers)["Status"], "SUCCESS");

    let asked: BTreeSet<_> = cluster.take_calls().iter().map(asked_for).collect();
    let allowed = allowed();
    for (action, path) in &asked {
        let may = allowed.iter().any(|(allowed, pattern)| allowed == action && fits(pattern, path));
        assert!(may, "the role lacks {action} on {path}");
    }
    let used: BTreeSet<_> = asked.iter().map(|(action, _)| action).collect();
    assert_eq!(used, allowed.iter().map(|(action, _)| action).collect(), "an action that is not used");
}
