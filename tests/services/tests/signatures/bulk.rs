//! Changes of documents: requests with a body and a query.

use devstack::queue::Message;
use devstack::sandbox::Function;

use super::server::{Server, answer};
use super::{EXPECTED, expect_signed, now, signing, verify};
use crate::World;

/// A message that puts a document, and one that deletes another.
fn messages(index: &str) -> [Message; 2] {
    let document = r#"{"id":"a/ü", "n" : 1.0}"#;
    [
        Message::new(format!(
            r#"{{"index":"{index}","operation":"upsert","id":"a/ü","version":7,"document":{document}}}"#
        )),
        Message::new(format!(r#"{{"index":"{index}","operation":"delete","id":"b","version":8}}"#)),
    ]
}

pub fn changes_are_signed(world: &World) {
    let applied = r#"{"errors":false,"items":[{"index":{"status":201}},{"index":{"status":200}}]}"#;
    let server = Server::new(move |_| answer(200, "", applied));
    let url = server.url();
    for prefix in ["", "team-a_1."] {
        let settings = [signing(&url).as_slice(), &[("COFFER_OPENSEARCH_ALIAS_PREFIX", prefix)]].concat();
        let sync = Function::start_with(world.stack(), "sync-documents", &settings);
        for index in ["accessprofiles", "roles"] {
            assert_eq!(sync.deliver(&messages(index)), [].into(), "{}", sync.log());
            let request = server.take_one();
            let (path, query) = request.target.split_once('?').unwrap();
            assert_eq!((request.method.as_str(), path), ("POST", &*format!("/{prefix}{index}/_bulk")));
            assert!(query.split('&').any(|part| part == "require_alias=true"), "{query}");
            assert_eq!(request.value("content-type"), Some("application/x-ndjson"));
            let body = String::from_utf8(request.body.clone()).unwrap();
            let lines: Vec<_> = body.lines().collect();
            let [first, r#"{"id":"a/ü", "n" : 1.0}"#, second, mark] = lines[..] else { panic!("other lines: {body}") };
            assert_eq!(first, r#"{"index":{"_id":"a/ü","version":7,"version_type":"external"}}"#);
            assert_eq!(second, r#"{"index":{"_id":"b","version":8,"version_type":"external"}}"#);
            assert!(mark.starts_with(r#"{"coffer$deleted":"#) && body.ends_with('\n'), "{body}");
            expect_signed(&request, &EXPECTED);

            // One byte of the body more, or less of the query, and the signature is that of another request.
            let mut longer = request.clone();
            longer.body.push(b'\n');
            assert!(verify(&longer, &EXPECTED, now()).is_err());
            let mut shorter = request.clone();
            shorter.target = path.to_owned();
            assert!(verify(&shorter, &EXPECTED, now()).is_err());
        }
    }
}
