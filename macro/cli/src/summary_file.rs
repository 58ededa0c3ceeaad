//! The file under version control that `check` compares with: accuracy and costs of each model.

use std::collections::BTreeMap;
use std::path::Path;

use niello_compiler::analysis::Summary;
use serde::{Deserialize, Serialize};

/// By how many dB an SQNR may fall: floats differ a little between processors.
const SQNR_DB: f64 = 0.5;
/// By how much the share of right answers may fall.
const TOP1: f64 = 0.005;
/// The part by which an error may grow.
const ERROR: f64 = 0.05;

/// The part by which a number of the user's own metric may become worse.
const EVALUATION: f64 = 0.005;

/// The whole file: models by function, or by path.
pub(crate) type SummaryFile = BTreeMap<String, Numbers>;

/// The numbers of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Numbers {
    arena_bytes: usize,
    state_bytes: usize,
    weight_bytes: usize,
    macs: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<String, OutputNumbers>,
    /// What a command of the user's own has measured.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    evaluate: BTreeMap<String, f64>,
}

/// The accuracy of one output; what is missing does not apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputNumbers {
    #[serde(skip_serializing_if = "Option::is_none")]
    sqnr_db: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top1: Option<f64>,
    max_abs_error: f64,
    mean_abs_error: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<LabelNumbers>,
}

/// One output beside its labels; what is missing does not apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelNumbers {
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_abs_error: Option<f64>,
}

/// One number that is another one than before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// What it is, e.g. `outputs.sum.sqnr_db`.
    pub what: String,
    pub before: Option<f64>,
    pub now: Option<f64>,
    /// It is worse by more than floats of another processor would explain.
    pub worse: bool,
}

/// Four digits that count: more would change from one processor to the next.
fn rounded(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let digits = 3 - x.abs().log10().floor() as i32;
    // The shortest text of the result has no more digits than that.
    format!("{x:.*}", usize::try_from(digits).unwrap_or(0))
        .parse()
        .unwrap_or(x)
}

impl From<&Summary> for Numbers {
    fn from(summary: &Summary) -> Self {
        let outputs = summary.outputs.iter().map(|output| {
            let metrics = &output.metrics;
            let numbers = OutputNumbers {
                sqnr_db: metrics.sqnr_db.map(rounded),
                top1: metrics.top1.map(rounded),
                max_abs_error: rounded(metrics.max_abs_error),
                mean_abs_error: rounded(metrics.mean_abs_error),
                labels: output
                    .labels
                    .as_ref()
                    .filter(|labels| labels.problem.is_none())
                    .map(|labels| LabelNumbers {
                        accuracy: labels.accuracy.map(rounded),
                        mean_abs_error: labels.mean_abs_error.map(rounded),
                    }),
            };
            (output.name.clone(), numbers)
        });
        Self {
            arena_bytes: summary.arena_bytes,
            state_bytes: summary.state_bytes,
            weight_bytes: summary.weight_bytes,
            macs: summary.macs,
            outputs: outputs.collect(),
            evaluate: BTreeMap::new(),
        }
    }
}

impl Numbers {
    /// Adds what a command has measured, else what it had measured before.
    pub(crate) fn with_evaluation(
        self,
        now: Option<&BTreeMap<String, f64>>,
        before: Option<&Self>,
    ) -> Self {
        let evaluate = match (now, before) {
            (Some(now), _) => now.iter().map(|(k, x)| (k.clone(), rounded(*x))).collect(),
            (None, Some(before)) => before.evaluate.clone(),
            (None, None) => BTreeMap::new(),
        };
        Self { evaluate, ..self }
    }

    /// All numbers of a command that differ from those of the file.
    pub(crate) fn evaluation_differences(
        &self,
        now: &BTreeMap<String, f64>,
        lower_is_better: bool,
    ) -> Vec<Difference> {
        let mut names: Vec<&String> = self.evaluate.keys().chain(now.keys()).collect();
        names.sort();
        names.dedup();
        let number = |name: &String| {
            let before = self.evaluate.get(name).copied();
            let now = now.get(name).map(|x| rounded(*x));
            let worse = match (before, now) {
                (Some(before), Some(now)) => {
                    let loss = if lower_is_better {
                        now - before
                    } else {
                        before - now
                    };
                    loss > EVALUATION * before.abs()
                }
                // A number that is not measured any more may hide anything.
                (before, _) => before.is_some(),
            };
            (before != now).then(|| Difference {
                what: format!("evaluate.{name}"),
                before,
                now,
                worse,
            })
        };
        names.into_iter().filter_map(number).collect()
    }
}

/// Reads the file; an empty one if there is none.
pub(crate) fn read(path: &Path) -> Result<SummaryFile, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(SummaryFile::new()),
        Err(e) => return Err(format!("cannot read {}: {e}", path.display())),
    };
    toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// Writes the file with a line that says where it comes from.
pub(crate) fn write(path: &Path, file: &SummaryFile) -> Result<(), String> {
    let text = toml::to_string(file).map_err(|e| e.to_string())?;
    let text = format!("# Written by `cargo niello check --write`.\n\n{text}");
    std::fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

/// All numbers that differ, costs first.
pub(crate) fn differences(before: &Numbers, now: &Numbers) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut add = |what: String, before: Option<f64>, now: Option<f64>, worse: bool| {
        if before != now {
            all.push(Difference {
                what,
                before,
                now,
                worse,
            });
        }
    };
    let costs = [
        ("arena_bytes", before.arena_bytes, now.arena_bytes),
        ("state_bytes", before.state_bytes, now.state_bytes),
        ("weight_bytes", before.weight_bytes, now.weight_bytes),
    ];
    for (what, before, now) in costs {
        let (a, b) = (Some(before as f64), Some(now as f64));
        add(what.to_owned(), a, b, now > before);
    }
    let (a, b) = (before.macs as f64, now.macs as f64);
    add("macs".to_owned(), Some(a), Some(b), b > a);
    let names: Vec<&String> = before.outputs.keys().chain(now.outputs.keys()).collect();
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            continue;
        }
        let (before, now) = (before.outputs.get(*name), now.outputs.get(*name));
        let (Some(a), Some(b)) = (before, now) else {
            // Accuracy that is not measured any more may hide anything.
            let error = |o: Option<&OutputNumbers>| o.map(|o| o.max_abs_error);
            let what = format!("outputs.{name}.max_abs_error");
            add(what, error(before), error(now), now.is_none());
            continue;
        };
        let falls = |a: Option<f64>, b: Option<f64>, by: f64| {
            b.unwrap_or(f64::INFINITY) < a.unwrap_or(f64::INFINITY) - by
        };
        let what = |metric: &str| format!("outputs.{name}.{metric}");
        let is_worse =
            falls(a.sqnr_db, b.sqnr_db, SQNR_DB) || a.sqnr_db.is_none() && b.sqnr_db.is_some();
        add(what("sqnr_db"), a.sqnr_db, b.sqnr_db, is_worse);
        add(what("top1"), a.top1, b.top1, falls(a.top1, b.top1, TOP1));
        let errors = [
            ("max_abs_error", a.max_abs_error, b.max_abs_error),
            ("mean_abs_error", a.mean_abs_error, b.mean_abs_error),
        ];
        for (metric, a, b) in errors {
            add(what(metric), Some(a), Some(b), b > a * (1.0 + ERROR));
        }
        let of = |o: &OutputNumbers, number: fn(&LabelNumbers) -> Option<f64>| {
            o.labels.as_ref().and_then(number)
        };
        // A number that is not measured any more may hide anything.
        let (old, new) = (of(a, |l| l.accuracy), of(b, |l| l.accuracy));
        let is_worse = old.is_some_and(|old| new.is_none_or(|new| new < old - TOP1));
        add(what("labels.accuracy"), old, new, is_worse);
        let (old, new) = (of(a, |l| l.mean_abs_error), of(b, |l| l.mean_abs_error));
        let is_worse = old.is_some_and(|old| new.is_none_or(|new| new > old * (1.0 + ERROR)));
        add(what("labels.mean_abs_error"), old, new, is_worse);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(arena_bytes: usize, sqnr_db: Option<f64>) -> Numbers {
        let output = OutputNumbers {
            sqnr_db,
            top1: Some(0.9),
            max_abs_error: 0.5,
            mean_abs_error: 0.1,
            labels: Some(LabelNumbers {
                accuracy: Some(0.9),
                mean_abs_error: None,
            }),
        };
        Numbers {
            arena_bytes,
            state_bytes: 0,
            weight_bytes: 10,
            macs: 100,
            outputs: [("y".to_owned(), output)].into(),
            evaluate: [("map".to_owned(), 0.5)].into(),
        }
    }

    #[test]
    fn numbers_of_a_command_are_kept_and_compared() {
        let before = numbers(1, None);
        let worse = |map: f64, lower| {
            let all = before.evaluation_differences(&[("map".to_owned(), map)].into(), lower);
            all.iter().any(|d| d.worse)
        };
        assert!(worse(0.49, false) && !worse(0.499, false) && !worse(0.6, false));
        assert!(worse(0.51, true) && !worse(0.501, true) && !worse(0.4, true));
        // A number that is gone, and one that is new.
        let all = before.evaluation_differences(&[("other".to_owned(), 1.0)].into(), false);
        let found: Vec<(&str, bool)> = all.iter().map(|d| (d.what.as_str(), d.worse)).collect();
        assert_eq!(found, [("evaluate.map", true), ("evaluate.other", false)]);
        let kept = numbers(2, None).with_evaluation(None, Some(&before));
        assert_eq!(kept.evaluate, before.evaluate);
    }

    #[test]
    fn what_is_worse_is_told_from_what_is_other() {
        let before = numbers(100, Some(30.0));
        assert_eq!(differences(&before, &before), []);
        let worse = |now: &Numbers| {
            let all = differences(&before, now);
            assert!(!all.is_empty());
            all.iter().any(|d| d.worse)
        };
        assert!(worse(&numbers(101, Some(30.0))));
        assert!(!worse(&numbers(99, Some(30.0))));
        assert!(worse(&numbers(100, Some(29.0))));
        assert!(!worse(&numbers(100, Some(29.9))));
        assert!(!worse(&numbers(100, None)));
        let mut gone = numbers(100, Some(30.0));
        gone.outputs.clear();
        assert!(worse(&gone));
        let output = |labels| {
            let mut now = numbers(100, Some(30.0));
            now.outputs.get_mut("y").expect("an output").labels = labels;
            worse(&now)
        };
        assert!(output(None));
        let accuracy = |share| {
            Some(LabelNumbers {
                accuracy: Some(share),
                mean_abs_error: None,
            })
        };
        assert!(output(accuracy(0.89)));
        assert!(!output(accuracy(0.91)));
        let exact = differences(&numbers(100, None), &before);
        assert!(exact[0].worse, "{exact:?}");
    }

    #[test]
    fn files_come_back_and_have_few_digits() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("niello.toml");
        assert_eq!(read(&path), Ok(SummaryFile::new()));
        let file: SummaryFile = [("a b".to_owned(), numbers(1, None))].into();
        write(&path, &file).expect("writable");
        assert_eq!(read(&path), Ok(file));
        std::fs::write(&path, "[a]\narena_bytes = 1\nother = 2\n").expect("writable");
        assert!(read(&path).is_err());
        assert_eq!(rounded(36.867_12), 36.87);
        assert_eq!(rounded(0.001_234_56), 0.001_235);
        assert_eq!(rounded(123_456.7), 123_457.0);
        assert_eq!(rounded(0.0), 0.0);
    }
}
