//! `bench phases`: the instructions of a start and of its first request, by phase. Valgrind counts them, so that the
//! figures hardly depend on the machine's mood; it says nothing of the kernel's share.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use clap::Args;
use devstack::random::Random;

use crate::builds::Build;
use crate::callgrind;
use crate::contender::Contender;
use crate::environment::About;
use crate::executables::program;
use crate::options::{Function, Seed};
use crate::output;
use crate::report;
use crate::results::profile::{Instructions, PhasesResults, UNNAMED};
use crate::test_bed::TestBed;

/// The arguments of `bench phases`.
#[derive(Debug, Args)]
pub struct PhasesArgs {
    #[command(flatten)]
    seed: Seed,
}

/// Which part a function belongs to: that of the first word that its name, or else its object, contains.
const PARTS: [(&str, &[&str]); 17] = [
    ("relocations", &["_start_c"]),
    ("search for root certificates", &["memchr::memmem"]),
    ("Base64 of root certificates", &["pki_types::base64", "pki_types::pem", "rustls_native_certs", "base64::engine"]),
    ("certificates", &["webpki"]),
    ("ML-KEM", &["ml_kem", "mlkem", "keccak", "Keccak", "sha3", "MLKEM"]),
    ("X25519 and Ed25519", &["25519"]),
    ("RSA", &["bn_", "BN_", "rsa", "RSA"]),
    (
        "SHA-2, HMAC and HKDF",
        &["sha256", "sha512", "SHA256", "SHA512", "SHA384", "sha2::", "HMAC", "hmac", "HKDF", "hkdf"],
    ),
    ("AES-GCM", &["aes", "AES", "gcm", "ghash"]),
    ("other parts of AWS-LC", &["aws_lc", "EVP_", "CBB_", "CBS_", "OPENSSL_", "asn1", "ASN1", "CRYPTO_", "ERR_"]),
    ("rustls", &["rustls"]),
    (
        "memory",
        &["malloc", "free", "realloc", "calloc", "memcpy", "memmove", "memset", "memcmp", "alloc::", "SmpAllocator"],
    ),
    ("the AWS SDK", &["aws_"]),
    ("JSON", &["serde"]),
    ("Lambda's runtime, hyper, tokio", &["lambda_", "hyper", "tokio", "http", "tower", "futures", "tracing"]),
    ("Coffer", &["shared::", "get_secret", "jsonwebtoken"]),
    ("Rust's library", &["core::", "std::"]),
];

/// Runs it.
pub fn run(args: &PhasesArgs) -> Result<ExitCode, String> {
    let seed = args.seed.seed();
    let valgrind = program("valgrind").ok_or("valgrind is not on the path (Debian: apt-get install valgrind)")?;
    eprintln!("building get-secret with its functions' names …");
    let folder = output::folder("builds")?.join("names");
    let binary = Build::of("get-secret").with("profile.release.strip=false").in_folder(folder).binary()?;

    let site = TestBed::open()?;
    let mut contender = Contender::coffer("callgrind", Function::GetSecret.name(), binary);
    let file = output::folder("logs")?.join("callgrind.out");
    contender.command.splice(
        0..0,
        [valgrind.into(), "--tool=callgrind".into(), format!("--callgrind-out-file={}", file.display()).into()],
    );
    eprintln!("counting …");
    let count = |with_request| {
        site.run(counted(&site, &contender, with_request))?;
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        callgrind::costs(&text).ok_or_else(|| format!("{} is not understood", file.display()))
    };
    let (init, whole) = (count(false)?, count(true)?);

    let mut parts: BTreeMap<String, Instructions> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for (function, cost) in &whole {
        let before = init.get(function).copied().unwrap_or_default().min(*cost);
        let part = part(&function.object, &function.name);
        let sum = parts.entry(part.to_owned()).or_default();
        sum.init += before;
        sum.first += cost - before;
        if part == UNNAMED {
            unnamed.push((function.name.clone(), *cost));
        }
    }
    unnamed.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
    unnamed.truncate(20);
    let results = PhasesResults { about: About::here(seed), parts, unnamed };
    output::write("phases", &results)?;
    print!("{}", report::profile::text(&results, &mut Random::with_seed(seed)));
    Ok(ExitCode::SUCCESS)
}

/// Runs a contender to its first `next`, or to its first answer, and ends it.
async fn counted(site: &TestBed, contender: &Contender, with_request: bool) -> Result<(), String> {
    let mut sandbox = site.start(contender, 1769).await?;
    if with_request {
        let (status, body) = sandbox.invoke(site.event(contender.function)?).await?.read()?;
        if status != 200 {
            return Err(format!("get-secret answered {status}: {body}"));
        }
    }
    sandbox.end()
}

fn part(object: &str, name: &str) -> &'static str {
    let of = |text: &str| PARTS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
    of(name).or_else(|| of(object)).map_or(UNNAMED, |(part, _)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_of_the_first_part_that_fits() {
        let binary = "/target/release/get-secret";
        assert_eq!(part(binary, "rustls_pki_types::base64::decode_public"), "Base64 of root certificates");
        assert_eq!(part(binary, "rustls::webpki::server_verifier::verify"), "certificates");
        assert_eq!(part(binary, "aws_lc_0_47_0_bn_sqr8x_internal"), "RSA");
        assert_eq!(part(binary, "aws_lc_0_47_0_EVP_DigestVerify"), "other parts of AWS-LC");
        assert_eq!(part(binary, "_start_c"), "relocations");
        assert_eq!(part(binary, "main"), UNNAMED);
    }
}
