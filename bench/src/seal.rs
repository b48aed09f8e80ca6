//! `bench seal`: cost of sealing and opening beside the cipher alone, of the same library. All take turns.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use clap::Args;
use devstack::random::Random;
use devstack::stack::KEYRING_TEXT;
use futures_util::future::BoxFuture;
use shared::sealing::{KeyringSource, KeyringText, Sealer};
use zeroize::Zeroizing;

use crate::environment::About;
use crate::options::Seed;
use crate::output;
use crate::progress::RunProgress;
use crate::report;
use crate::results::seal::{SealResults, SealSample};

/// Rough size of the operations of one turn, in bytes: small ones are repeated more often.
const BYTES_A_TURN: usize = 1 << 20;
/// The length of the bytes that a secret's seal covers besides its data, with names of usual length.
const CONTEXT: usize = 220;
/// The length of a nonce of AES-GCM.
const NONCE: usize = 12;

/// The arguments of `bench seal`.
#[derive(Debug, Args)]
pub struct SealArgs {
    /// Turns of each
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Sizes of the plaintext in bytes, separated by commas
    #[arg(long, default_value = "1024,65536", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    sizes: Vec<u32>,
    #[command(flatten)]
    seed: Seed,
}

/// A keyring that is there.
struct Fixed;

impl KeyringSource for Fixed {
    fn read(&self) -> BoxFuture<'_, Result<KeyringText, String>> {
        Box::pin(async { Ok(Zeroizing::new(KEYRING_TEXT.to_owned())) })
    }
}

/// Runs it.
///
/// # Errors
/// If something isn't sealed or opened.
pub fn run(args: &SealArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let mut random = Random::with_seed(seed);
    let mut progress = RunProgress::of(args.sizes.len() * args.rounds as usize);
    let mut samples = Vec::new();
    for size in &args.sizes {
        let work = Work::new(*size as usize, &mut random)?;
        // The first turn fills caches, and reads the keyring.
        runtime.block_on(work.turn())?;
        for round in 0..args.rounds {
            progress.step(format!("{size} bytes"));
            samples.push(SealSample { size: *size, round, ..runtime.block_on(work.turn())? });
            progress.done();
        }
    }
    let results = SealResults { about: About::here(seed), samples };
    output::write("seal", &results)?;
    print!("{}", report::seal::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

struct Work {
    sealer: Sealer,
    key: LessSafeKey,
    context: Vec<u8>,
    plaintext: Vec<u8>,
    times: usize,
}

impl Work {
    fn new(size: usize, random: &mut Random) -> Result<Self, String> {
        let mut bytes = |length: usize| (0..length).map(|_| random.number().to_le_bytes()[0]).collect::<Vec<u8>>();
        let key = UnboundKey::new(&AES_256_GCM, &bytes(32)).map_err(|error| error.to_string())?;
        Ok(Self {
            sealer: Sealer::new(Box::new(Fixed), Duration::MAX),
            key: LessSafeKey::new(key),
            context: bytes(CONTEXT),
            plaintext: bytes(size),
            times: (BYTES_A_TURN / size).clamp(1, 1000),
        })
    }

    /// Each once, as often as a turn has it.
    async fn turn(&self) -> Result<SealSample, String> {
        let owner = "alice";
        let started = Instant::now();
        let mut sealed = Vec::new();
        for _ in 0..self.times {
            let done = self.sealer.seal(owner, &self.context, black_box(&self.plaintext)).await;
            sealed = done.map_err(|error| error.to_string())?;
        }
        let seal_ns = self.per_operation(started);

        let started = Instant::now();
        let mut encrypted = (Vec::new(), [0; NONCE]);
        for _ in 0..self.times {
            encrypted = self.encrypt(black_box(&self.plaintext)).ok_or("encrypting failed")?;
        }
        let encrypt_ns = self.per_operation(started);

        let started = Instant::now();
        for _ in 0..self.times {
            let done = self.sealer.open(owner, &self.context, black_box(&sealed)).await;
            black_box(done.map_err(|error| error.to_string())?);
        }
        let open_ns = self.per_operation(started);

        let started = Instant::now();
        for _ in 0..self.times {
            black_box(self.decrypt(black_box(&encrypted.0), encrypted.1).ok_or("decrypting failed")?);
        }
        let decrypt_ns = self.per_operation(started);
        Ok(SealSample { size: 0, round: 0, seal_ns, encrypt_ns, open_ns, decrypt_ns })
    }

    fn per_operation(&self, started: Instant) -> f64 {
        started.elapsed().as_secs_f64() * 1e9 / self.times as f64
    }

    /// The least that encrypts: a fresh nonce, and a copy of the plaintext that is encrypted in place.
    fn encrypt(&self, plaintext: &[u8]) -> Option<(Vec<u8>, [u8; NONCE])> {
        let mut nonce = [0; NONCE];
        rand::fill(&mut nonce).ok()?;
        let mut data = Vec::with_capacity(plaintext.len() + AES_256_GCM.tag_len());
        data.extend_from_slice(plaintext);
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, Aad::from(&self.context), &mut data).ok()?;
        Some((data, nonce))
    }

    fn decrypt(&self, encrypted: &[u8], nonce: [u8; NONCE]) -> Option<Vec<u8>> {
        let mut data = encrypted.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        let length = self.key.open_in_place(unique, Aad::from(&self.context), &mut data).ok()?.len();
        data.truncate(length);
        Some(data)
    }
}
