//! Arguments of `coffer load`.

use std::path::PathBuf;

use clap::Args;
use shared::names::IndexName;
use shared::search::Version;

use crate::cli::args::index;

#[derive(Debug, Args)]
pub(in crate::cli) struct LoadArgs {
    /// The index: accessprofiles, accountactivities, entitlements, events, identities or roles
    #[arg(value_name = "INDEX", value_parser = index)]
    pub(super) index: IndexName,
    /// Files of one JSON document a line, as they are or compressed by gzip or zstd; - for standard input. Lines that
    /// start with # are comments, except # version N, which gives the version of the document after it
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Load into OpenSearch, as the settings COFFER_OPENSEARCH_… say, instead of the data folder
    #[arg(long)]
    pub(super) opensearch: bool,
    /// The member that holds a document's version, a time of ISO 8601 or a whole number, instead of synced or, where
    /// that is absent or null, modified. Of two documents of an id the one with the higher version counts
    #[arg(long, value_name = "NAME")]
    pub(super) version_field: Option<String>,
    /// The version of documents that have none themselves
    #[arg(long, value_name = "N", value_parser = version)]
    pub(super) version: Option<Version>,
    /// Load although versions of stored documents are counts and those of the lines times, or the other way about
    #[arg(long)]
    pub(super) mix_versions: bool,
    /// Where refused lines are kept with their reasons; a file that isn't there yet [default: INDEX-refused.jsonl]
    #[arg(long, value_name = "FILE")]
    pub(super) refused: Option<PathBuf>,
    /// The line of the first file to begin with, counted from 1 after unpacking
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..), hide_default_value = true)]
    pub(super) from_line: u64,
}

fn version(text: &str) -> Result<Version, String> {
    text.parse().ok().and_then(Version::new).ok_or_else(|| format!("a whole number from 0 to {}", Version::MAX))
}
