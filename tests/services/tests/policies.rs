//! The template holds the functions' work: the permitted actions of a function are its calls, and the routes, the
//! functions and the logs are the existing ones.

mod conditions;
mod queues;
mod resources;
mod runs;

use std::collections::BTreeSet;

use local::gateway::routes::{RESOURCES, RestApi};
use serde_json::{Value, json};

use devstack::artefacts::FUNCTIONS;
use devstack::fleet;
use devstack::tools::Need;

use crate::template::{Statement, Template, referred};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    (
        "list_secrets_may_do_what_it_does_and_nothing_else",
        &[Need::Services],
        list_secrets_may_do_what_it_does_and_nothing_else,
    ),
    (
        "create_secret_may_do_what_it_does_and_nothing_else",
        &[Need::Services],
        create_secret_may_do_what_it_does_and_nothing_else,
    ),
    (
        "get_secret_may_do_what_it_does_and_nothing_else",
        &[Need::Services],
        get_secret_may_do_what_it_does_and_nothing_else,
    ),
    (
        "update_secret_may_do_what_it_does_and_nothing_else",
        &[Need::Services],
        update_secret_may_do_what_it_does_and_nothing_else,
    ),
    (
        "delete_secret_may_do_what_it_does_and_nothing_else",
        &[Need::Services],
        delete_secret_may_do_what_it_does_and_nothing_else,
    ),
    (
        "get_document_may_do_what_it_does_and_nothing_else",
        &[Need::Services],
        get_document_may_do_what_it_does_and_nothing_else,
    ),
    (
        "sync_documents_may_do_what_it_does_and_nothing_else",
        &[Need::Services],
        sync_documents_may_do_what_it_does_and_nothing_else,
    ),
    ("the_queue_is_read_for_one_function_alone", &[], queues::the_queue_is_read_for_one_function_alone),
    ("a_function_without_callers_gets_no_token_keys", &[], queues::a_function_without_callers_gets_no_token_keys),
    ("no_policy_has_a_wildcard_for_an_action", &[], no_policy_has_a_wildcard_for_an_action),
    ("every_policy_names_its_resources", &[], resources::every_policy_names_its_resources),
    ("a_function_logs_to_its_own_log_alone", &[], a_function_logs_to_its_own_log_alone),
    ("the_key_is_for_functions_of_table_and_queue_alone", &[], the_key_is_for_functions_of_table_and_queue_alone),
    ("the_keyring_is_for_four_functions_alone", &[], the_keyring_is_for_four_functions_alone),
    ("a_put_gives_nothing_back", &[], conditions::a_put_gives_nothing_back),
    ("the_key_is_used_through_services_alone", &[], conditions::the_key_is_used_through_services_alone),
    ("no_other_permission_has_a_condition", &[], conditions::no_other_permission_has_a_condition),
    (
        "others_than_the_named_readers_are_refused_the_keyring",
        &[],
        conditions::others_than_the_named_readers_are_refused_the_keyring,
    ),
    ("both_apis_take_tls_1_2_at_least", &[], conditions::both_apis_take_tls_1_2_at_least),
    ("a_domain_takes_no_index_from_a_body", &[], conditions::a_domain_takes_no_index_from_a_body),
    ("the_template_has_the_functions_that_there_are", &[], the_template_has_the_functions_that_there_are),
    ("the_functions_are_given_the_regions_addresses", &[], the_functions_are_given_the_regions_addresses),
    (
        "a_function_gets_the_issuers_and_audiences_of_its_own_api",
        &[],
        a_function_gets_the_issuers_and_audiences_of_its_own_api,
    ),
    ("the_template_names_the_mappings_that_there_are", &[], the_template_names_the_mappings_that_there_are),
    ("the_template_has_the_routes_that_there_are", &[], the_template_has_the_routes_that_there_are),
];

/// The condition of a customer-managed key. The services use it themselves, in the function's name, so that no proxy
/// sees it; it is the one permission that is held against nothing here.
const HAS_KEY: &str = "HasKmsKey";

/// Permissions of the platform for a function: it writes the log.
fn is_of_logs(statement: &Statement) -> bool {
    statement.actions.iter().any(|action| action.starts_with("logs:"))
}

/// Permissions that the platform uses in a function's name: it takes messages from the queue.
fn is_of_queues(statement: &Statement) -> bool {
    statement.actions.iter().any(|action| action.starts_with("sqs:"))
}

/// Permissions of a function's own work.
fn permitted(template: &Template, resource: &str) -> Vec<Statement> {
    let mut statements = template.statements(resource);
    statements.retain(|statement| !is_of_logs(statement) && !is_of_queues(statement));
    statements
}

/// The name of a function's resource.
fn resource(function: &str) -> &'static str {
    FUNCTIONS.iter().find(|(name, _)| *name == function).map(|(_, resource)| *resource).unwrap()
}

/// Compares a function's permissions with its calls.
#[track_caller]
fn expect_equal(function: &str, done: &BTreeSet<String>) {
    let statements = permitted(&Template::read(), resource(function));
    let visible = statements.iter().filter(|statement| !statement.conditions.contains(&HAS_KEY.to_owned()));
    let may: BTreeSet<_> = visible.flat_map(|statement| statement.actions.iter().cloned()).collect();
    assert_eq!(may, *done, "{function}: what it may do, and what it did");
}

fn list_secrets_may_do_what_it_does_and_nothing_else(world: &World) {
    expect_equal("list-secrets", &runs::list(world.stack()));
}

fn create_secret_may_do_what_it_does_and_nothing_else(world: &World) {
    expect_equal("create-secret", &runs::create(world.stack()));
}

fn get_secret_may_do_what_it_does_and_nothing_else(world: &World) {
    expect_equal("get-secret", &runs::get(world.stack()));
}

fn update_secret_may_do_what_it_does_and_nothing_else(world: &World) {
    expect_equal("update-secret", &runs::update(world.stack()));
}

fn delete_secret_may_do_what_it_does_and_nothing_else(world: &World) {
    expect_equal("delete-secret", &runs::delete(world.stack()));
}

fn get_document_may_do_what_it_does_and_nothing_else(world: &World) {
    expect_equal("get-document", &runs::document(world.stack()));
}

fn sync_documents_may_do_what_it_does_and_nothing_else(world: &World) {
    expect_equal("sync-documents", &runs::sync(world.stack()));
}

fn no_policy_has_a_wildcard_for_an_action(_: &World) {
    let template = Template::read();
    for (name, _) in template.functions() {
        for statement in template.statements(name) {
            assert_eq!(statement.effect, "Allow", "{name}: {statement:?}");
            assert!(!statement.actions.is_empty(), "{name}: {statement:?}");
            for action in &statement.actions {
                assert!(!action.contains(['*', '?']), "{name}: {action}");
            }
        }
    }
}

fn a_function_logs_to_its_own_log_alone(_: &World) {
    let template = Template::read();
    let mut logs = BTreeSet::new();
    for (name, function) in template.functions() {
        let log = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap_or_else(|| panic!("{name} has no log"));
        assert!(logs.insert(log.to_owned()), "{log} is that of two functions");
        let group = template.resource(log);
        assert_eq!(group["Type"], "AWS::Logs::LogGroup", "{name}");
        let kept = &group["Properties"]["RetentionInDays"];
        assert!(kept.is_u64() || *kept == json!({ "Ref": "LogRetentionDays" }), "{name}: {kept}");
        for statement in template.statements(name).iter().filter(|statement| is_of_logs(statement)) {
            for action in &statement.actions {
                assert!(["logs:CreateLogStream", "logs:PutLogEvents"].contains(&action.as_str()), "{name}: {action}");
            }
            for resource in &statement.resources {
                assert_eq!(referred(resource), BTreeSet::from([log.to_owned()]), "{name}: {resource}");
                // The streams of a group are all behind its own name.
                let text = resource.to_string();
                assert!(!text.replace(":*\"", "\"").replace(":log-stream:*\"", "\"").contains('*'), "{name}: {text}");
            }
        }
    }
}

fn the_key_is_for_functions_of_table_and_queue_alone(_: &World) {
    let template = Template::read();
    for (name, function) in template.functions() {
        // DynamoDB and SQS open an encrypted table and encrypted messages in the caller's name.
        let has_table = !function["Environment"]["Variables"]["COFFER_TABLE"].is_null();
        let needs_key = has_table || !queues::queues(function).is_empty();
        let statements = permitted(&template, name);
        let conditional = statements.iter().filter(|statement| statement.conditions.contains(&HAS_KEY.to_owned()));
        let mut keys = 0;
        for statement in conditional {
            assert_eq!(
                (&statement.conditions, &statement.actions),
                (&vec![HAS_KEY.into()], &vec!["kms:Decrypt".into()])
            );
            keys += 1;
        }
        assert_eq!(keys, usize::from(needs_key), "{name}");
        for statement in statements {
            match statement.conditions.as_slice() {
                [] => assert!(!statement.actions.iter().any(|action| action.starts_with("kms:")), "{name}"),
                [one] if one == HAS_KEY => {}
                // A cluster that takes no signatures knows no permissions.
                [one] if one == "SignsRequests" => {
                    assert!(statement.actions.iter().all(|action| action.starts_with("es:")), "{name}");
                }
                other => panic!("{name}: a permission under {other:?}"),
            }
        }
    }
}

fn the_keyring_is_for_four_functions_alone(_: &World) {
    let template = Template::read();
    for (name, function) in template.functions() {
        let has = ["ListSecrets", "CreateSecret", "GetSecret", "UpdateSecret"].contains(&name);
        let variables = &function["Environment"]["Variables"];
        assert_eq!(variables["COFFER_KEYRING_SECRET"] == json!({ "Ref": "Keyring" }), has, "{name}: its setting");
        let statements = permitted(&template, name);
        let may = |statement: &Statement| statement.resources.iter().any(|on| referred(on).contains("Keyring"));
        assert_eq!(statements.iter().any(may), has, "{name}: its policy");
        assert_eq!(variables.to_string().contains("Keyring"), has, "{name}: its variables");
    }
}

/// Otherwise CloudFormation would not call prepare-search when a new version brings other mappings.
fn the_template_names_the_mappings_that_there_are(_: &World) {
    let template = Template::read();
    let named = &template.resource("SearchIndices")["Properties"]["Mappings"];
    assert_eq!(*named, prepare_search::fingerprint(), "SearchIndices.Mappings in template.yaml");
}

fn the_template_has_the_functions_that_there_are(_: &World) {
    let template = Template::read();
    let code = |function: &Value| function["CodeUri"].as_str().unwrap().to_owned();
    let there: BTreeSet<_> = template.functions().map(|(name, function)| (code(function), name.to_owned())).collect();
    let built = FUNCTIONS.map(|(name, resource)| (format!("target/lambda/{name}"), resource.to_owned()));
    assert_eq!(there, BTreeSet::from(built));
}

/// A function that knows the addresses opens its connections before it asks anything of the SDK.
fn the_functions_are_given_the_regions_addresses(_: &World) {
    let template = Template::read();
    let services = [
        ("COFFER_DYNAMODB_URL", "DynamoDbUrl", "dynamodb", 5),
        ("COFFER_SECRETS_MANAGER_URL", "SecretsManagerUrl", "secretsmanager", 4),
    ];
    for (variable, parameter, service, count) in services {
        let given = format!("Has{parameter}");
        assert_eq!(*template.condition(&given), json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": parameter }, ""] }] }));
        let own = format!("https://{service}.${{AWS::Region}}.${{AWS::URLSuffix}}");
        let expected = json!({ "Fn::If": [given, { "Ref": parameter }, { "Fn::Sub": own }] });
        let variables = template.functions().map(|(_, function)| &function["Environment"]["Variables"][variable]);
        let values: Vec<_> = variables.filter(|value| !value.is_null()).collect();
        assert_eq!(values, vec![&expected; count], "{variable}");
    }
}

/// Otherwise a token for one API would open the other.
fn a_function_gets_the_issuers_and_audiences_of_its_own_api(_: &World) {
    let template = Template::read();
    let apis = [("VaultApi", "VAULT", "Vault"), ("SearchApi", "SEARCH", "Search")];
    for (name, function) in template.functions() {
        let events = function["Events"].to_string();
        for (api, setting, parameter) in apis {
            for (check, parameters) in [("ISSUERS", "Issuers"), ("AUDIENCES", "Audiences")] {
                let value = &function["Environment"]["Variables"][format!("COFFER_{setting}_{check}")];
                let own = json!({ "Ref": format!("{parameter}{parameters}") });
                assert_eq!(*value, if events.contains(api) { own } else { Value::Null }, "{name}: {setting}_{check}");
            }
        }
    }
    for (_, _, parameter) in apis {
        for check in ["Issuers", "Audiences"] {
            let parameter = template.parameter(&format!("{parameter}{check}"));
            assert_eq!((&parameter["Type"], &parameter["Default"]), (&json!("String"), &Value::Null));
            assert_eq!(parameter["MinLength"], 1);
        }
    }
}

fn the_template_has_the_routes_that_there_are(_: &World) {
    let template = Template::read();
    let mut there = BTreeSet::new();
    for (name, function) in template.functions() {
        let events = function["Events"].as_object().into_iter().flatten();
        for (event, described) in events.filter(|(_, described)| described["Type"] != "SQS") {
            assert_eq!(described["Type"], "Api", "{name}: {event}");
            let properties = &described["Properties"];
            let [api, method, path] = [&properties["RestApiId"]["Ref"], &properties["Method"], &properties["Path"]]
                .map(|value| value.as_str().unwrap_or_else(|| panic!("{name}: {event}: {properties}")).to_owned());
            let new = there.insert((api, method, path, name.to_owned()));
            assert!(new, "{name}: {event} is there twice");
        }
    }
    let routes = RESOURCES.iter().flat_map(|known| {
        let api = match known.api {
            RestApi::Vault => "VaultApi",
            RestApi::Search => "SearchApi",
        };
        known.methods.iter().map(move |(method, operation)| {
            let function = resource(fleet::name(*operation));
            (api.to_owned(), method.to_string(), known.template.to_owned(), function.to_owned())
        })
    });
    assert_eq!(there, routes.collect());
}
