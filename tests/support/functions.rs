//! The functions as processes on real services: the servers of the suite with `COFFER_TEST_STORES=real`. The services
//! run already; `cargo test -p services contract` starts them, and this suite over them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use devstack::fleet::Fleet;
use devstack::stack::Stack;

/// Tells whether the suite runs over functions and real services.
pub(super) fn wanted() -> bool {
    std::env::var("COFFER_TEST_STORES").is_ok_and(|stores| stores == "real")
}

/// The services of this process. Each call but the first is quick.
pub(super) async fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    let start = || STACK.get_or_init(|| Stack::running().expect("the variables that name the running services"));
    // It has a runtime of its own, which can't be entered from another one.
    tokio::task::spawn_blocking(start).await.unwrap()
}

/// A table and indices of its own, and functions on them: one server at a time has them.
struct Slot {
    access_key: String,
    prefix: String,
    fleet: Arc<Fleet>,
    /// Documents stored by the server before.
    documents: Vec<(String, String)>,
}

/// Those that no server has.
static FREE: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

impl Slot {
    async fn make(stack: &'static Stack) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // DynamoDB Local keeps the tables of each access key apart.
        let number = format!("{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let (access_key, prefix) = (format!("suite{number}"), format!("{number}-"));
        stack.make_indices(&prefix).await;
        let fleet = Arc::new(Fleet::new(stack, settings(stack, &access_key, &prefix)));
        Self { access_key, prefix, fleet, documents: Vec::new() }
    }

    async fn clean(&mut self, stack: &Stack) {
        stack.make_table(&self.access_key).await;
        for (index, id) in self.documents.drain(..) {
            stack.delete_document(&format!("{}{index}", self.prefix), &id).await;
        }
    }
}

fn settings(stack: &Stack, access_key: &str, prefix: &str) -> Vec<(String, String)> {
    let mut settings = stack.settings();
    for (name, value) in [("AWS_ACCESS_KEY_ID", access_key), ("COFFER_OPENSEARCH_ALIAS_PREFIX", prefix)] {
        settings.push((name.to_owned(), value.to_owned()));
    }
    settings
}

/// Lease of a server's resources for its lifetime.
pub(super) struct Lease {
    stack: &'static Stack,
    slot: Option<Slot>,
    fleet: Arc<Fleet>,
    stored: Mutex<Vec<(String, String)>>,
}

impl Lease {
    /// Functions on an empty table, with these settings beside those of a deployment.
    pub(super) async fn take(given: &[(&'static str, String)]) -> Self {
        let stack = stack().await;
        let free = FREE.lock().unwrap().pop();
        let mut slot = match free {
            Some(slot) => slot,
            None => Slot::make(stack).await,
        };
        slot.clean(stack).await;
        let fleet = if given.is_empty() {
            Arc::clone(&slot.fleet)
        } else {
            let mut all = settings(stack, &slot.access_key, &slot.prefix);
            // A test with keys of its own names the issuer, if there is to be one.
            if given.iter().any(|(name, _)| matches!(*name, "COFFER_JWT_KEYS" | "COFFER_JWT_JWKS_URL")) {
                all.push(("COFFER_JWT_KEYS".to_owned(), String::new()));
                let issuers = ["COFFER_VAULT_ISSUERS", "COFFER_SEARCH_ISSUERS"];
                all.extend(issuers.map(|name| (name.to_owned(), "any".to_owned())));
            }
            all.extend(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            Arc::new(Fleet::new(stack, all))
        };
        Self { stack, slot: Some(slot), fleet, stored: Mutex::default() }
    }

    fn slot(&self) -> &Slot {
        self.slot.as_ref().expect("a slot until the end")
    }

    pub(super) fn stack(&self) -> &'static Stack {
        self.stack
    }

    pub(super) fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&self.fleet)
    }

    /// A client of the table.
    pub(super) fn table(&self) -> aws_sdk_dynamodb::Client {
        self.stack.table(&self.slot().access_key)
    }

    /// Stores a document as it is.
    pub(super) async fn store_document(&self, index: &str, id: &str, document: &str) {
        self.stored.lock().unwrap().push((index.to_owned(), id.to_owned()));
        self.stack.put_document(&format!("{}{index}", self.slot().prefix), id, document).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let documents = std::mem::take(&mut *self.stored.lock().unwrap());
        if let Some(slot) = self.slot.take() {
            FREE.lock().unwrap().push(Slot { documents, ..slot });
        }
    }
}
