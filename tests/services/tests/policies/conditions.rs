//! Conditions of permissions, and other restrictions of access: the keyring's own policy, TLS, and the domain's
//! setting.

use serde_json::{Value, json};

use super::{HAS_KEY, permitted, queues};
use crate::World;
use crate::template::{Statement, Template};

/// Tells whether a function may put items.
fn puts(statement: &Statement) -> bool {
    statement.actions.iter().any(|action| action == "dynamodb:PutItem")
}

/// The item that was there comes back from `PutItem` under `ReturnValues`, unless the policy says otherwise. A request
/// that doesn't name it has no such key.
pub(super) fn a_put_gives_nothing_back(_: &World) {
    let template = Template::read();
    let expected = json!({ "StringEqualsIfExists": { "dynamodb:ReturnValues": "NONE" } });
    let mut functions = Vec::new();
    for (name, _) in template.functions() {
        for statement in permitted(&template, name).iter().filter(|statement| puts(statement)) {
            assert_eq!((statement.actions.len(), &statement.condition), (1, &expected), "{name}: {statement:?}");
            functions.push(name.to_owned());
        }
    }
    assert_eq!(functions, ["CreateSecret", "UpdateSecret"]);
}

/// A holder of a function's credentials opens nothing with the key itself.
pub(super) fn the_key_is_used_through_services_alone(_: &World) {
    let template = Template::read();
    let mut keys = 0;
    for (name, function) in template.functions() {
        let variables = &function["Environment"]["Variables"];
        let mut services = Vec::new();
        for (service, uses) in [
            ("dynamodb", !variables["COFFER_TABLE"].is_null()),
            ("secretsmanager", !variables["COFFER_KEYRING_SECRET"].is_null()),
            ("sqs", !queues::queues(function).is_empty()),
        ] {
            if uses {
                services.push(json!({ "Fn::Sub": format!("{service}.${{AWS::Region}}.amazonaws.com") }));
            }
        }
        let of_key = |statement: &Statement| statement.actions.iter().any(|action| action.starts_with("kms:"));
        for statement in permitted(&template, name).into_iter().filter(of_key) {
            assert_eq!(statement.conditions, [HAS_KEY], "{name}");
            assert_eq!(statement.condition, json!({ "StringEquals": { "kms:ViaService": services } }), "{name}");
            keys += 1;
        }
    }
    assert_eq!(keys, 6);
}

pub(super) fn no_other_permission_has_a_condition(_: &World) {
    let template = Template::read();
    for (name, _) in template.functions() {
        for statement in template.statements(name) {
            let known = puts(&statement) || statement.actions == ["kms:Decrypt"];
            assert!(known || statement.condition.is_null(), "{name}: {statement:?}");
        }
    }
}

/// The functions that read it are among the readers; nobody is refused the operations on policies, so that a mistake
/// can be taken back.
pub(super) fn others_than_the_named_readers_are_refused_the_keyring(_: &World) {
    let template = Template::read();
    assert_eq!(template.parameter("KeyringReaders")["Default"], "");
    let given = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "KeyringReaders" }, ""] }] });
    assert_eq!(*template.condition("HasKeyringReaders"), given);
    let policy = template.resource("KeyringPolicy");
    assert_eq!(
        (&policy["Type"], &policy["Condition"]),
        (&json!("AWS::SecretsManager::ResourcePolicy"), &json!("HasKeyringReaders"))
    );
    let readers: Vec<_> = template
        .functions()
        .filter(|(_, function)| !function["Environment"]["Variables"]["COFFER_KEYRING_SECRET"].is_null())
        .map(|(_, function)| format!("${{{}}}", function["Role"]["Fn::GetAtt"].as_str().unwrap()))
        .collect();
    let statement = &policy["Properties"]["ResourcePolicy"]["Statement"];
    let [statement] = statement.as_array().unwrap().as_slice() else { panic!("{statement}") };
    assert_eq!(policy["Properties"]["SecretId"], json!({ "Ref": "Keyring" }));
    assert_eq!(
        (&statement["Effect"], &statement["Principal"], &statement["Action"]),
        (&json!("Deny"), &json!("*"), &json!("secretsmanager:GetSecretValue"))
    );
    let condition = statement["Condition"].as_object().unwrap();
    assert_eq!(condition.keys().collect::<Vec<_>>(), ["ArnNotLike"]);
    let split = &condition["ArnNotLike"]["aws:PrincipalArn"]["Fn::Split"];
    let named = split[1]["Fn::Sub"].as_str().unwrap_or_else(|| panic!("{split}"));
    let mut named: Vec<_> = named.split(',').map(str::to_owned).collect();
    assert_eq!((&split[0], named.pop().as_deref()), (&json!(","), Some("${KeyringReaders}")));
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!((named.len(), sorted(named)), (4, sorted(readers)));
}

pub(super) fn both_apis_take_tls_1_2_at_least(_: &World) {
    let template = Template::read();
    for api in ["VaultApi", "SearchApi"] {
        let properties = &template.resource(api)["Properties"];
        let policy = properties["SecurityPolicy"].as_str().unwrap_or_else(|| panic!("{api} takes TLS 1.0"));
        // A name has the versions from the highest to the lowest.
        assert!(policy.starts_with("SecurityPolicy_TLS13_1_2_"), "{api}: {policy}");
        assert_eq!(properties["EndpointAccessMode"], "BASIC", "{api}");
    }
    let domain = &template.resource("Domain")["Properties"]["DomainEndpointOptions"];
    assert_eq!(domain["EnforceHTTPS"], json!(true));
    assert!(domain["TLSSecurityPolicy"].as_str().unwrap().starts_with("Policy-Min-TLS-1-2"), "{domain}");
}

pub(super) fn a_domain_takes_no_index_from_a_body(_: &World) {
    let template = Template::read();
    let options: &Value = &template.resource("Domain")["Properties"]["AdvancedOptions"];
    assert_eq!(*options, json!({ "rest.action.multi.allow_explicit_index": "false" }));
}
