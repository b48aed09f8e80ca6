//! From results to text and charts.

pub mod cold;
