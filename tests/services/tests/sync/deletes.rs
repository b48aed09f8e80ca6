//! Documents that are gone.

use std::time::{Duration, Instant};

use devstack::sandbox::Function;
use shared::names::IndexName;

use super::{Indices, delete, document, upsert};
use crate::World;

/// Time limit for OpenSearch to forget a deleted document.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn a_late_upsert_does_not_bring_a_deleted_document_back(world: &World) {
    let stack = world.stack();
    let indices = Indices::make(stack, "late");
    let sync = indices.function();
    let get = Function::start_with(stack, "get-document", &indices.settings());
    let index = IndexName::AccessProfiles;
    let put = |version| upsert(index, "a", version, &document("a", &format!("{version}")));
    let expect = |status| {
        let answer = get.call("reader", "GET", "/search/accessprofiles/a", "");
        answer.expect_status(status).body.clone()
    };
    assert_eq!(sync.deliver(&[put(5)]), [].into());
    assert_eq!(expect(200), document("a", "5"));
    assert_eq!(sync.deliver(&[delete(index, "a", 10)]), [].into());
    expect(404);
    // Late, and twice; in the same batch as the delete, too.
    for late in [vec![put(7)], vec![put(9), delete(index, "a", 10), put(8)]] {
        assert_eq!(sync.deliver(&late), [].into());
        expect(404);
    }
    forget_deletes(&indices, index);
    assert_eq!(sync.deliver(&[put(7)]), [].into());
    expect(404);
    // A deleted document may be made again.
    assert_eq!(sync.deliver(&[put(11)]), [].into());
    assert_eq!(expect(200), document("a", "11"));
}

/// Lets OpenSearch forget the versions of deleted documents, and waits for it: until another document, deleted by
/// OpenSearch's own means, comes back with an older version.
fn forget_deletes(indices: &Indices<'_>, index: IndexName) {
    let ask = |method: &str, path: &str, body: &str| {
        let path = format!("{}{index}/{path}", indices.prefix);
        indices.stack.runtime().block_on(indices.stack.opensearch(method, &path, body.to_owned()))
    };
    let late = || ask("PUT", "_doc/control?version=7&version_type=external", r#"{"id":"control"}"#);
    let (status, text) = ask("PUT", "_settings", r#"{"index":{"gc_deletes":"0s"}}"#);
    assert_eq!(status, 200, "{text}");
    let (status, text) = ask("DELETE", "_doc/control?version=10&version_type=external", "");
    assert_eq!(status, 404, "it was never there, and its version is kept: {text}");
    let started = Instant::now();
    while late().0 == 409 {
        assert!(started.elapsed() < PATIENCE, "OpenSearch remembers what it deleted");
        ask("POST", "_refresh", "");
    }
    assert_eq!(indices.read(index, "control").as_deref(), Some(r#"{"id":"control"}"#));
}
