//! The black-box suite, one module a surface. Everything goes over HTTP against a running server; where a test reaches
//! behind it, to the table or the key server, its module says why.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test that can't go on has failed"
)]

mod support;

mod at_rest;
mod canary;
mod clients;
mod concurrency;
mod data_bytes;
mod description;
mod embedded_documents;
mod hostile;
mod listing;
mod names;
mod naughty_strings;
mod partial_updates;
mod permissions;
mod program;
mod program_export;
mod program_load;
mod program_output;
mod reference_page;
mod search;
mod search_errors;
mod search_opensearch;
mod stored_items;
mod table_calls;
mod table_faults;
mod token_claims;
mod token_defects;
mod token_dialects;
mod token_fetches;
mod token_key_sets;
mod token_keys;
mod token_signatures;
mod vault;
mod vault_create;
mod vault_create_errors;
mod vault_delete;
mod vault_errors;
mod vault_get;
mod vault_list;
mod vault_update;
