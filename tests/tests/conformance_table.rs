//! The conformance table of the docs is what the cases give.

use std::collections::BTreeMap;
use std::fmt::Write;

use niello_tests::{cases, here};

#[derive(Default)]
struct Row {
    cases: usize,
    compared: usize,
    differing: usize,
    outputs: usize,
    at_least: usize,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

#[test]
fn conformance_table_is_current() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut total = Row::default();
    let mut problems = Vec::new();
    for case in cases::all() {
        let bytes = case.compare().unwrap_or_else(|error| {
            problems.push(format!("{}: {error}", case.name));
            cases::Bytes::default()
        });
        if bytes.differing != cases::known_differences(&case.name) {
            problems.push(format!("{}: {bytes:?}", case.name));
        }
        let sqnr = case.sqnr(folder.path()).unwrap_or_else(|error| {
            problems.push(format!("{} (float): {error}", case.name));
            Vec::new()
        });
        if std::env::var("NIELLO_SQNR").is_ok() && sqnr.iter().any(|(a, b)| a + 0.005 < *b) {
            println!("{}: {sqnr:.2?}", case.name);
        }
        let mut operators = case.operators();
        operators.sort();
        operators.dedup();
        let add = |row: &mut Row| {
            row.cases += 1;
            row.compared += bytes.compared;
            row.differing += bytes.differing;
            for &(ours, theirs) in &sqnr {
                row.outputs += 1;
                // To a hundredth of a decibel.
                row.at_least += usize::from(ours + 0.005 >= theirs);
                row.ours.push(ours);
                row.theirs.push(theirs);
            }
        };
        add(&mut total);
        for op in &operators {
            add(rows.entry(op.clone()).or_default());
        }
    }
    let mut text = String::from(
        "| operator | cases | elements compared | differing | outputs at least the converter's | median SQNR dB | converter's |\n|---|---|---|---|---|---|---|\n",
    );
    for (name, row) in rows
        .iter()
        .map(|(n, r)| (n.as_str(), r))
        .chain([("all cases", &total)])
    {
        writeln!(
            text,
            "| {name} | {} | {} | {} | {} of {} | {} | {} |",
            row.cases,
            row.compared,
            row.differing,
            row.at_least,
            row.outputs,
            median(&row.ours),
            median(&row.theirs)
        )
        .expect("a string");
    }
    text += "\nThe cases that differ:\n\n| case | elements | cause |\n|---|---|---|\n";
    for (name, count, cause) in cases::EXCEPTIONS {
        writeln!(text, "| {name} | {count} | {cause} |").expect("a string");
    }
    println!("{text}");
    let docs = here().join("../docs/conformance.md");
    let current = std::fs::read_to_string(&docs).unwrap_or_default();
    let (begin, end) = ("<!-- table -->\n", "<!-- end -->\n");
    let parts = current.split_once(begin).and_then(|(head, rest)| {
        let (old, tail) = rest.split_once(end)?;
        Some((head.to_owned(), old.to_owned(), tail.to_owned()))
    });
    let (head, old, tail) = parts.expect("docs/conformance.md with a table");
    if std::env::var("NIELLO_BLESS").is_ok() {
        std::fs::write(&docs, format!("{head}{begin}{text}{end}{tail}")).expect("writable");
    } else if old != text {
        problems.push("docs/conformance.md is not current: run with NIELLO_BLESS=1".to_owned());
    }
    let share = total.at_least as f64 / total.outputs.max(1) as f64;
    if share < 0.95 {
        problems.push(format!(
            "only {share:.3} of the outputs reach the converter's SQNR"
        ));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn median(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.get(sorted.len() / 2) {
        Some(x) if x.is_finite() => format!("{x:.1}"),
        Some(_) => "exact".to_owned(),
        None => "-".to_owned(),
    }
}
