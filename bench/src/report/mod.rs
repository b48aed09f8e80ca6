//! From results to text and charts: `bench report` fills the template of docs/PERFORMANCE.md with the results.

pub mod chart;
pub mod cold;
pub mod list;
pub mod load;
pub mod overhead;
pub mod profile;
pub mod scale;
pub mod seal;
pub mod serve;
pub mod tunings;
pub mod values;
pub mod warm;

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use devstack::random::Random;
use devstack::root;

use crate::environment::About;
use crate::output;

use values::Values;

const TEMPLATE: &str = include_str!("PERFORMANCE.template.md");

/// Runs it.
///
/// # Errors
/// The benchmark that is missing, and its command.
pub fn run() -> Result<ExitCode, String> {
    let charts = root().join("docs/performance");
    fs::create_dir_all(&charts).map_err(|error| format!("{}: {error}", charts.display()))?;
    let write = |name: &str, text: &str| {
        let file = root().join("docs").join(name);
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
    };

    // Each benchmark adds its values, under its own name.
    let mut values = Values::new();
    if let Some(results) = output::read::<crate::results::cold::ColdResults>("cold")? {
        let mut random = Random::with_seed(results.about.seed);
        values.extend(about("cold", &results.about));
        values.extend(cold::values(&results, &mut random));
        for (name, svg) in cold::charts(&results, &mut random) {
            write(&format!("performance/{name}.svg"), &svg)?;
        }
    }
    if let Some(results) = output::read::<crate::results::tunings::TuningsResults>("tunings")? {
        values.extend(about("tunings", &results.about));
        values.extend(tunings::values(&results, &mut Random::with_seed(results.about.seed)));
    }
    if let Some(results) = output::read::<crate::results::profile::PhasesResults>("phases")? {
        values.extend(about("phases", &results.about));
        values.extend(profile::values(&results));
    }
    if let Some(results) = output::read::<crate::results::warm::WarmResults>("warm")? {
        values.extend(about("warm", &results.about));
        values.extend(warm::values(&results, &mut Random::with_seed(results.about.seed)));
    }
    if let Some(results) = output::read::<crate::results::overhead::OverheadResults>("added")? {
        values.extend(about("added", &results.about));
        values.extend(overhead::values(&results, &mut Random::with_seed(results.about.seed)));
    }
    if let Some(results) = output::read::<crate::results::list::ListResults>("list")? {
        values.extend(about("list", &results.about));
        values.extend(list::values(&results, &mut Random::with_seed(results.about.seed)));
    }
    if let Some(results) = output::read::<crate::results::seal::SealResults>("seal")? {
        values.extend(about("seal", &results.about));
        values.extend(seal::values(&results, &mut Random::with_seed(results.about.seed)));
    }
    if let Some(results) = output::read::<crate::results::scale::ScaleResults>("scale")? {
        values.extend(about("scale", &results.about));
        let mut random = Random::with_seed(results.about.seed);
        values.extend(scale::values(&results, &mut random));
        for (name, svg) in scale::charts(&results, &mut random) {
            write(&format!("performance/{name}.svg"), &svg)?;
        }
    }
    if let Some(results) = output::read::<crate::results::serve::ServeResults>("serve")? {
        values.extend(about("serve", &results.about));
        let mut random = Random::with_seed(results.about.seed);
        values.extend(serve::values(&results, &mut random));
        for (name, svg) in serve::charts(&results, &mut random) {
            write(&format!("performance/{name}.svg"), &svg)?;
        }
    }
    if let Some(results) = output::read::<crate::results::load::LoadResults>("load")? {
        values.extend(about("load", &results.about));
        values.extend(load::values(&results, &mut Random::with_seed(results.about.seed)));
    }

    write("PERFORMANCE.md", &fill(TEMPLATE, &values)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The circumstances of a benchmark.
fn about(benchmark: &str, about: &About) -> Values {
    let list = |pairs: &BTreeMap<String, String>| {
        pairs.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    let values = [
        ("date", about.date.clone()),
        ("machine", list(&about.machine)),
        ("versions", list(&about.versions)),
        ("seed", about.seed.to_string()),
    ];
    values.map(|(name, value)| (format!("{benchmark}.{name}"), value)).into()
}

/// Puts the values in the place of `{{key}}`.
fn fill(template: &str, values: &Values) -> Result<String, String> {
    let mut text = String::new();
    let mut missing = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (key, after) = after.split_once("}}").ok_or("the template has {{ without }}")?;
        text.push_str(before);
        match values.get(key) {
            Some(value) => text.push_str(value.trim_end()),
            None => missing.push(key),
        }
        rest = after;
    }
    if missing.is_empty() {
        return Ok(text + rest);
    }
    let first = missing[0].split('.').next().unwrap_or_default();
    Err(format!(
        "not measured: {}. `cargo run --release -p bench -- {first}` with its defaults measures what begins with {first}",
        missing.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_replaced() {
        let values = Values::from([("a.b".to_owned(), "one\n".to_owned()), ("c".to_owned(), "two".to_owned())]);
        assert_eq!(fill("x {{a.b}} y {{c}}.", &values), Ok("x one y two.".to_owned()));
    }

    #[test]
    fn what_was_not_measured_is_named_with_its_command() {
        let error = fill("{{cold.get-secret.128.table}} {{warm.x}}", &Values::new()).unwrap_err();
        assert!(error.contains("cold.get-secret.128.table, warm.x") && error.contains("-- cold`"), "{error}");
    }

    #[test]
    fn the_template_has_only_keys_of_benchmarks() {
        for key in TEMPLATE.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(key, _)| key) {
            let benchmark = key.split('.').next().unwrap();
            assert!(
                ["cold", "warm", "list", "seal", "scale", "serve", "load", "tunings", "added", "phases"]
                    .contains(&benchmark),
                "{key}"
            );
        }
    }
}
