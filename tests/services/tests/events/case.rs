//! A case: an event, the expected answer, and the requests around it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use devstack::artefacts::FUNCTIONS;
use serde_json::{Map, Value};

use super::pattern::Pattern;
use super::placeholders;

const ANSWER: &str = ".answer.json";

#[derive(Debug)]
pub struct Case {
    pub function: String,
    /// Promise of the case.
    pub why: String,
    /// The event's text, with its placeholders.
    pub event: String,
    pub before: Vec<Step>,
    pub expected: Pattern,
    pub after: Vec<Step>,
}

/// A request around a case, and its expected answer.
#[derive(Debug)]
pub enum Step {
    Document { index: String, id: String, text: String },
    Request { function: String, path: String, token: String, body: String, expected: Pattern },
}

/// All cases by name, `function/case`. One that can't be read is there with the reason.
pub fn all() -> Vec<(String, Result<Case, String>)> {
    let mut cases = Vec::new();
    for folder in entries(&corpus()) {
        let function = name_of(&folder);
        if function == "README.md" {
            continue;
        }
        if !FUNCTIONS.iter().any(|(name, _)| *name == function) {
            cases.push((function.clone(), Err(format!("{function} is no function"))));
            continue;
        }
        let mut names = BTreeSet::new();
        for file in entries(&folder) {
            let file = name_of(&file);
            let stem = file.strip_suffix(ANSWER).or_else(|| file.strip_suffix(".json"));
            names.insert(stem.unwrap_or(&file).to_owned());
        }
        cases.extend(names.into_iter().map(|name| (format!("{function}/{name}"), read(&function, &name))));
    }
    cases
}

/// Reads the two files of a case.
pub fn read(function: &str, name: &str) -> Result<Case, String> {
    let folder = corpus().join(function);
    let text = |file: String| fs::read_to_string(folder.join(&file)).map_err(|error| format!("{file}: {error}"));
    let event = text(format!("{name}.json"))?;
    serde_json::from_str::<Value>(&event).map_err(|error| format!("the event: {error}"))?;
    let answer = serde_json::from_str(&text(format!("{name}{ANSWER}"))?);
    let mut answer: Map<String, Value> = answer.map_err(|error| format!("the answer: {error}"))?;
    let case = Case {
        function: function.to_owned(),
        why: string(&mut answer, "why")?,
        event,
        before: steps(&mut answer, "before")?,
        after: steps(&mut answer, "after")?,
        expected: pattern(&mut answer)?,
    };
    no_more(&answer).map(|()| case)
}

impl Case {
    /// All users of the case: callers and owners.
    pub fn users(&self) -> BTreeSet<String> {
        let mut users: BTreeSet<String> = placeholders::users(&self.event).map(str::to_owned).collect();
        let event: Value = serde_json::from_str(&self.event).unwrap_or_default();
        users.extend(event["path"].as_str().and_then(owner));
        for step in self.before.iter().chain(&self.after) {
            if let Step::Request { path, token, .. } = step {
                users.extend(owner(path));
                users.extend(token.split(' ').next().map(str::to_owned));
            }
        }
        users
    }
}

/// The owner that a path names.
fn owner(path: &str) -> Option<String> {
    let owner = path.split("/user/").nth(1)?.split('/').next()?;
    Some(percent_encoding::percent_decode_str(owner).decode_utf8_lossy().into_owned())
}

fn corpus() -> PathBuf {
    devstack::root().join("tests/events")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<_> = read.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn steps(answer: &mut Map<String, Value>, name: &str) -> Result<Vec<Step>, String> {
    let Some(steps) = answer.remove(name) else { return Ok(Vec::new()) };
    let Value::Array(steps) = steps else { return Err(format!("{name} is no list")) };
    steps.into_iter().map(step).collect::<Result<_, _>>().map_err(|error| format!("{name}: {error}"))
}

fn step(value: Value) -> Result<Step, String> {
    let Value::Object(mut members) = value else { return Err(format!("{value} is no step")) };
    let step = if members.contains_key("index") {
        Step::Document {
            index: string(&mut members, "index")?,
            id: string(&mut members, "id")?,
            text: string(&mut members, "text")?,
        }
    } else {
        Step::Request {
            function: string(&mut members, "function")?,
            path: string(&mut members, "path")?,
            token: string(&mut members, "token")?,
            body: members.remove("send").map(|body| body.to_string()).unwrap_or_default(),
            expected: pattern(&mut members)?,
        }
    };
    no_more(&members).map(|()| step)
}

fn pattern(members: &mut Map<String, Value>) -> Result<Pattern, String> {
    let status = members.remove("status").and_then(|status| status.as_u64()).ok_or("there is no status")?;
    let headers = match members.remove("headers") {
        Some(Value::Object(headers)) => headers.into_iter().collect(),
        None => Vec::new(),
        Some(other) => return Err(format!("headers is {other}")),
    };
    Ok(Pattern { status, headers, body: members.remove("body") })
}

fn string(members: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    match members.remove(name) {
        Some(Value::String(text)) => Ok(text),
        other => Err(format!("{name} is {other:?}")),
    }
}

/// A member with a name that means nothing is a mistake, and would hold nothing.
fn no_more(members: &Map<String, Value>) -> Result<(), String> {
    members.keys().next().map_or(Ok(()), |name| Err(format!("{name} means nothing")))
}
