//! The Lambda function `sync-documents`.

fn main() {}
