//! Properties that hold for any input, checked over HTTP.

use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::Server;

/// Holds a property for `cases` generated inputs, all sent to one server. A failure is shown with the smallest input
/// found and the seed; the seed in the variable `PROPTEST_RNG_SEED` gives the same inputs again.
#[track_caller]
pub fn holds_for_any<S>(cases: u32, inputs: &S, property: &impl AsyncFn(&Server, S::Value))
where
    S: Strategy,
    S::Value: Debug,
{
    let mut config = Config { cases, failure_persistence: None, ..Config::default() };
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(0),
    };
    config.rng_seed = RngSeed::Fixed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    let outcome = TestRunner::new(config).run(inputs, |input| {
        runtime.block_on(property(&server, input));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}\nseed: {seed}");
    }
}
