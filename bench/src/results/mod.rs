//! Types of the result files under `target/bench`. Benchmarks write them, and the report reads them.

pub mod cold;
pub mod list;
pub mod load;
pub mod overhead;
pub mod profile;
pub mod scale;
pub mod seal;
pub mod serve;
pub mod tunings;
pub mod warm;
