//! Resources of the policies' actions.

use serde_json::{Value, json};

use shared::names::IndexName;

use super::permitted;
use crate::World;
use crate::template::Template;

/// A path of the domain that is made here, or of the one that is given.
fn of_the_domain(path: &str) -> Value {
    let domain = "arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/${Name}";
    let name = json!({ "Fn::If": ["MakesDomain", { "Ref": "Domain" }, { "Ref": "OpenSearchDomain" }] });
    json!({ "Fn::Sub": [format!("{domain}{path}"), { "Name": name }] })
}

/// Paths after each index's alias.
fn of_each_index(rest: &str) -> Vec<Value> {
    IndexName::ALL.map(|index| of_the_domain(&format!("/${{OpenSearchAliasPrefix}}{index}{rest}"))).into()
}

/// Paths that prepare-search may use, by action. The indices have names that begin with their aliases'.
fn of_preparation(action: &str) -> Vec<Value> {
    let (indices, named) =
        (of_each_index("-*"), |paths: &[&str]| paths.iter().map(|path| of_the_domain(path)).collect());
    let others: Vec<_> = match action {
        "es:DescribeDomain" => return named(&[""]),
        "es:ESHttpGet" => {
            [of_each_index(""), named(&["/_cluster/health", "/_cluster/health/*", "/_tasks", "/_tasks/*"])].concat()
        }
        "es:ESHttpPost" => named(&["/_reindex", "/_aliases", "/_tasks/*"]),
        "es:ESHttpPut" | "es:ESHttpDelete" => Vec::new(),
        other => panic!("prepare-search may {other}"),
    };
    [indices, others].concat()
}

pub(super) fn every_policy_names_its_resources(_: &World) {
    let template = Template::read();
    for (name, _) in template.functions() {
        for statement in permitted(&template, name) {
            assert!(!statement.resources.is_empty(), "{name}: {statement:?}");
            for action in &statement.actions {
                let allowed = match action.as_str() {
                    "dynamodb:Query" => vec![json!({ "Fn::Sub": "${Table.Arn}/index/names" })],
                    "secretsmanager:GetSecretValue" => vec![json!({ "Ref": "Keyring" })],
                    "kms:Decrypt" => vec![json!({ "Ref": "KmsKeyArn" })],
                    "es:ESHttpGet" if name == "GetDocument" => of_each_index("/_source/*"),
                    "es:ESHttpPost" if name == "SyncDocuments" => of_each_index("/_bulk"),
                    action if name == "PrepareSearch" => of_preparation(action),
                    dynamodb if dynamodb.starts_with("dynamodb:") => vec![json!({ "Fn::GetAtt": "Table.Arn" })],
                    other => panic!("{name} may {other}"),
                };
                for resource in &statement.resources {
                    assert!(allowed.contains(resource), "{name}: {action} on {resource}");
                }
            }
        }
    }
}
