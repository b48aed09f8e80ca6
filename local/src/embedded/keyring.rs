//! The keyring as a file of the data folder, in the form that Secrets Manager would hold it in.

use std::io;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use shared::random::RandomId;
use shared::sealing::{KeyringSource, KeyringText};
use zeroize::Zeroizing;

use crate::data_dir::DataDir;

const FILE: &str = "keyring.json";

/// A keyring in a file that only its owner can read.
#[derive(Debug)]
pub struct KeyringFile(DataDir);

impl KeyringFile {
    /// The keyring of this folder; made when it is read first.
    #[must_use]
    pub fn new(data: DataDir) -> Self {
        Self(data)
    }
}

impl KeyringSource for KeyringFile {
    fn read(&self) -> BoxFuture<'_, Result<KeyringText, String>> {
        Box::pin(async { self.0.secret_file(FILE, make).map_err(|error| error.to_string()) })
    }
}

fn make() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 48]);
    rand::fill(bytes.as_mut_slice()).map_err(|_| io::Error::other("no key could be made"))?;
    let key = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
    // A random id: secrets that were sealed with a keyring since lost name a key that is missing, not a wrong one.
    let id = RandomId::make().map_err(io::Error::other)?;
    Ok(Zeroizing::new(format!("{{\"v\":1,\"current\":\"{id}\",\"keys\":{{\"{id}\":\"{}\"}}}}\n", *key)))
}
