//! The indices, made and kept up to date.
