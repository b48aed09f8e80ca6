//! The Lambda function `prepare-search`.

fn main() {}
