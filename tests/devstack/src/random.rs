//! Inputs that are drawn anew each time, and can be drawn again: the seed is printed.

use std::hash::{BuildHasher, RandomState};

/// The variable that gives a seed.
const VARIABLE: &str = "COFFER_TEST_SEED";

/// Numbers of the generator SplitMix64: the same for the same seed, in every run.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// For a test of this name, seeded by `COFFER_TEST_SEED`, else at random. Says which seed it is.
    pub fn for_test(name: &str) -> Self {
        let given = std::env::var(VARIABLE).ok().map(|text| text.parse().expect("a seed is a number of 64 bits"));
        let seed = given.unwrap_or_else(|| Self::unseeded().0);
        eprintln!("{name}: {VARIABLE}={seed}");
        Self(seed)
    }

    /// One that is never the same, for names that no other run may have.
    pub fn unseeded() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    /// One with this seed.
    pub fn with_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// One that depends on this one and a number, and on nothing else.
    #[must_use]
    pub fn part(&self, number: usize) -> Self {
        let mut part = Self(self.0 ^ (number as u64).wrapping_mul(0xd1b5_4a32_d192_ed03));
        part.number();
        part
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end as u64).unwrap()
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn one_of<'a, T: ?Sized>(&mut self, things: &[&'a T]) -> &'a T {
        things[self.below(things.len())]
    }

    /// A character that is no control character, of each length in UTF-8 as often.
    pub fn character(&mut self) -> char {
        let (start, end) = [(0x20, 0x7f), (0xa0, 0x800), (0x800, 0x1_0000), (0x1_0000, 0x11_0000)][self.below(4)];
        let drawn = u32::try_from(start + self.below(end - start)).unwrap();
        // Halves of a surrogate pair are no characters.
        char::from_u32(drawn).unwrap_or('\u{fffd}')
    }
}
