//! The template as data. Its short forms, such as `!Ref Table`, are read as the long ones that they stand for:
//! `{"Ref": "Table"}`, `{"Fn::GetAtt": "Table.Arn"}`.

use std::collections::BTreeSet;
use std::time::Duration;

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use serde_json::{Map, Value, json};

/// The template.
pub struct Template(Value);

/// A statement of a policy.
#[derive(Debug)]
pub struct Statement {
    /// The conditions under which it is there, all of them.
    pub conditions: Vec<String>,
    pub effect: String,
    pub actions: Vec<String>,
    pub resources: Vec<Value>,
    /// Condition of IAM; null for none.
    pub condition: Value,
}

impl Template {
    /// Reads the template of the repository.
    pub fn read() -> Self {
        let text = std::fs::read_to_string(devstack::root().join("template.yaml")).unwrap();
        let documents = YamlOwned::load_from_str(&text).unwrap();
        let [document] = documents.as_slice() else { panic!("{} documents", documents.len()) };
        Self(long_form(document))
    }

    /// Time limit of a function.
    pub fn time_limit(&self) -> Duration {
        Duration::from_secs(self.0["Globals"]["Function"]["Timeout"].as_u64().unwrap())
    }

    /// The names of the variables that every function has, unless it says otherwise.
    pub fn global_variables(&self) -> impl Iterator<Item = &str> {
        self.0["Globals"]["Function"]["Environment"]["Variables"].as_object().unwrap().keys().map(String::as_str)
    }

    /// A condition.
    pub fn condition(&self, name: &str) -> &Value {
        &self.0["Conditions"][name]
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> &Value {
        &self.0["Parameters"][name]
    }

    /// A resource.
    pub fn resource(&self, name: &str) -> &Value {
        &self.0["Resources"][name]
    }

    /// All functions, with their names.
    pub fn functions(&self) -> impl Iterator<Item = (&str, &Value)> {
        let resources = self.0["Resources"].as_object().unwrap();
        let functions = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
        functions.map(|(name, function)| (name.as_str(), &function["Properties"]))
    }

    /// All statements that hold for a function: those of its own policies, or those of the role that it names.
    pub fn statements(&self, function: &str) -> Vec<Statement> {
        let properties = &self.resource(function)["Properties"];
        let documents: Vec<&Value> = match &properties["Role"] {
            Value::Null => list(&properties["Policies"]).collect(),
            role => {
                // The SAM CLI ignores the policies of a function that has a role.
                assert!(properties["Policies"].is_null(), "{function} has a role and policies");
                let named = role["Fn::GetAtt"].as_str().and_then(|name| name.strip_suffix(".Arn"));
                let role = self.resource(named.unwrap_or_else(|| panic!("{function} has the role {role}")));
                assert_eq!(role["Type"], "AWS::IAM::Role", "{function}");
                assert!(role["Properties"]["ManagedPolicyArns"].is_null(), "{function} has policies of others");
                list(&role["Properties"]["Policies"]).map(|policy| &policy["PolicyDocument"]).collect()
            }
        };
        assert!(!documents.is_empty(), "{function} has no policy");
        let mut statements = Vec::new();
        for document in documents {
            assert!(!document["Statement"].is_null(), "{function} has a policy by its name: {document}");
            list(&document["Statement"]).for_each(|statement| collect(statement, &mut Vec::new(), &mut statements));
        }
        statements
    }
}

/// A list, or the one thing that is there instead of it.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    let (several, one) = match value {
        Value::Array(values) => (Some(values), None),
        Value::Null => (None, None),
        other => (None, Some(other)),
    };
    several.into_iter().flatten().chain(one)
}

/// The names that a value refers to, except CloudFormation's own.
pub fn referred(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                match (name.as_str(), inner) {
                    ("Ref", Value::String(name)) => names.extend([name.clone()]),
                    ("Fn::GetAtt", Value::String(path)) => names.extend(path.split('.').next().map(str::to_owned)),
                    ("Fn::Sub", Value::String(text)) => {
                        let parts = text.split("${").skip(1).filter_map(|part| part.split(['.', '}']).next());
                        names.extend(parts.map(str::to_owned));
                    }
                    _ => names.extend(referred(inner)),
                }
            }
        }
        Value::Array(values) => names.extend(values.iter().flat_map(referred)),
        _ => {}
    }
    names.retain(|name| !name.starts_with("AWS::"));
    names
}

/// All possible values of a value, under all conditions.
fn alternatives(value: &Value) -> Vec<&Value> {
    match value["Fn::If"].as_array().map(Vec::as_slice) {
        Some([_, yes, no]) => [alternatives(yes), alternatives(no)].concat(),
        Some(other) => panic!("not a condition with two values: {other:?}"),
        None => match value {
            Value::Array(values) => values.iter().flat_map(alternatives).collect(),
            other if *other == json!({ "Ref": "AWS::NoValue" }) => Vec::new(),
            other => vec![other],
        },
    }
}

fn collect(statement: &Value, conditions: &mut Vec<String>, statements: &mut Vec<Statement>) {
    if let Some(parts) = statement["Fn::If"].as_array() {
        let [Value::String(condition), yes, no] = parts.as_slice() else { panic!("not a condition: {statement}") };
        for (name, branch) in [(condition.clone(), yes), (format!("not {condition}"), no)] {
            if *branch != json!({ "Ref": "AWS::NoValue" }) {
                conditions.push(name);
                list(branch).for_each(|inner| collect(inner, conditions, statements));
                conditions.pop();
            }
        }
        return;
    }
    let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
    let members = statement.as_object().unwrap_or_else(|| panic!("no statement: {statement}"));
    assert!(members.keys().all(|name| known.contains(&name.as_str())), "unknown members: {statement}");
    statements.push(Statement {
        conditions: conditions.clone(),
        effect: statement["Effect"].as_str().unwrap().to_owned(),
        actions: list(&statement["Action"]).map(|action| action.as_str().unwrap().to_owned()).collect(),
        resources: alternatives(&statement["Resource"]).into_iter().cloned().collect(),
        condition: statement["Condition"].clone(),
    });
}

fn long_form(yaml: &YamlOwned) -> Value {
    match yaml {
        YamlOwned::Tagged(tag, inner) => {
            let name = match tag.suffix.as_str() {
                plain @ ("Ref" | "Condition") => plain.to_owned(),
                function => format!("Fn::{function}"),
            };
            json!({ name: long_form(inner) })
        }
        YamlOwned::Mapping(members) => {
            let member = |(name, value): (&YamlOwned, &YamlOwned)| (text(name), long_form(value));
            let read: Map<_, _> = members.iter().map(member).collect();
            assert_eq!(read.len(), members.len(), "a member twice: {read:?}");
            Value::Object(read)
        }
        YamlOwned::Sequence(values) => values.iter().map(long_form).collect(),
        YamlOwned::Value(ScalarOwned::Null) => Value::Null,
        YamlOwned::Value(ScalarOwned::Boolean(value)) => json!(value),
        YamlOwned::Value(ScalarOwned::Integer(value)) => json!(value),
        YamlOwned::Value(ScalarOwned::FloatingPoint(value)) => json!(value.into_inner()),
        YamlOwned::Value(ScalarOwned::String(value)) => json!(value),
        other => panic!("not read: {other:?}"),
    }
}

/// A member's name.
fn text(yaml: &YamlOwned) -> String {
    match long_form(yaml) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
