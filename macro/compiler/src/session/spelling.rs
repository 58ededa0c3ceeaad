//! Hints at misspelled names.

/// A hint at the name that was perhaps meant.
pub(super) fn closest(name: &str, names: &[&str]) -> String {
    let close = names
        .iter()
        .map(|n| (strsim::jaro_winkler(n, name), n))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    close.map_or(String::new(), |(_, n)| format!("; the closest is {n:?}"))
}
