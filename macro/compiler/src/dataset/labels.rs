//! Labels: what outputs should be, by keys `label:<output>` beside the samples.
//!
//! An output of several elements has one class for each sample, or a value for each element; an
//! output of one element has one value.

use std::path::Path;

use super::named_arrays::LABEL;
use super::npy::Array;
use super::values::Values;
use super::{ARRAYS, bytes, files, is, limits, npz};
use crate::error::{Blame, Error, Result};
use crate::ir::graph::Port;

/// How a class is read from an output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    /// The number of the largest element, the first of several.
    Largest,
    /// 1 above a half, else 0: an output of one element that is a probability.
    Half,
    /// The output is the class.
    Integer,
    /// It has none: one element, and not a probability.
    None,
}

/// An output that may have labels.
pub(crate) struct Labelled<'a> {
    /// The name of the field in the emitted code.
    pub field: String,
    pub port: &'a Port,
    pub answer: Answer,
}

/// The labels of one output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Labels {
    answer: Answer,
    /// One class for each sample, or why there are none.
    classes: Result<Vec<i64>>,
    /// A value for each element of each sample.
    values: Option<Vec<f32>>,
    /// Elements of the output.
    len: usize,
}

/// Running sums of what an output is beside its labels: that of the int8 program, and the float
/// model's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LabelScore {
    pub int8: Score,
    pub float: Score,
}

/// Running sums over the samples of one program.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Score {
    samples: u64,
    right: u64,
    elements: u64,
    absolute: f64,
}

impl Score {
    /// Share of samples whose class is the label's; `None` without classes.
    pub(crate) fn accuracy(&self) -> Option<f64> {
        (self.samples > 0).then(|| self.right as f64 / self.samples as f64)
    }

    /// The mean absolute difference from the labels' values; `None` without values.
    pub(crate) fn mean_abs_error(&self) -> Option<f64> {
        (self.elements > 0).then(|| self.absolute / self.elements as f64)
    }

    fn merge(&mut self, other: &Self) {
        self.samples += other.samples;
        self.right += other.right;
        self.elements += other.elements;
        self.absolute += other.absolute;
    }
}

impl LabelScore {
    /// The accuracy of the float model less that of the int8 program.
    pub(crate) fn accuracy_drop(&self) -> Option<f64> {
        // A quotient of whole numbers, as bounds are written: 2 of 200 are 0.01.
        let drop = self.float.right as f64 - self.int8.right as f64;
        (self.int8.samples > 0).then(|| drop / self.int8.samples as f64)
    }

    /// Adds the sums of other samples.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.int8.merge(&other.int8);
        self.float.merge(&other.float);
    }
}

impl Labels {
    /// Why no class of the output can be right or wrong.
    pub(crate) fn no_classes(&self) -> Option<&Error> {
        self.classes.as_ref().err()
    }

    /// True if every element has a value.
    pub(crate) fn has_values(&self) -> bool {
        self.values.is_some()
    }

    /// Compares what both compute for one sample.
    pub(crate) fn score(&self, sample: usize, float: &[f32], int8: &[f32]) -> LabelScore {
        LabelScore {
            int8: self.score_one(sample, int8),
            float: self.score_one(sample, float),
        }
    }

    fn score_one(&self, sample: usize, output: &[f32]) -> Score {
        let mut score = Score::default();
        if let Ok(classes) = &self.classes
            && let Some(class) = classes.get(sample)
        {
            score.samples = 1;
            score.right = u64::from(self.answer.class(output) == Some(*class));
        }
        let values = self.values.as_ref();
        if let Some(values) = values.and_then(|v| v.get(sample * self.len..)) {
            for (wanted, got) in values.iter().zip(output.iter().take(self.len)) {
                score.elements += 1;
                score.absolute += (f64::from(*wanted) - f64::from(*got)).abs();
            }
        }
        score
    }
}

impl Answer {
    fn class(self, output: &[f32]) -> Option<i64> {
        match self {
            Answer::Largest => largest(output).map(|i| i as i64),
            Answer::Half => output.first().map(|x| i64::from(*x > 0.5)),
            Answer::Integer => output.first().map(|x| *x as i64),
            Answer::None => None,
        }
    }
}

/// The position of the largest element, the first of several.
fn largest(elements: &[f32]) -> Option<usize> {
    let greater = |best: usize, i: usize| {
        if elements[i] > elements[best] {
            i
        } else {
            best
        }
    };
    (0..elements.len()).reduce(greater)
}

/// The labels of a dataset, and the keys that it has for labels.
pub(crate) struct Found {
    /// By output, in the order in which they were asked for.
    pub labels: Vec<Option<Result<Labels>>>,
    /// All keys of labels.
    pub keys: Vec<String>,
}

/// Reads the labels of outputs for a dataset of so many samples.
pub(crate) fn read(path: &Path, outputs: &[Labelled<'_>], samples: usize) -> Result<Found> {
    let place = |key: &str, e: String| {
        Error::dataset(format!("{}: {}: {e}", path.display(), limits::quoted(key)))
    };
    if is(path, &["npz"]) {
        let file = bytes(path)?;
        let archive = npz::Archive::open(&file)
            .map_err(|e| Error::dataset(format!("{}: {e}", path.display())))?;
        let keys = archive.members.iter().map(|m| m.key.clone()).collect();
        return Ok(found(path, keys, outputs, |output, at| {
            let member = &archive.members[at];
            let data = archive.read(member).ok_or("it is truncated".to_owned());
            data.and_then(|data| {
                let array = Array::open(data)?;
                output.of_array(array, samples, limits::elements(file.len()))
            })
            .map_err(|e| place(&member.key, e))
        }));
    }
    if path.is_dir() {
        let files: Vec<_> = files(path)?.into_iter().filter(|f| is(f, ARRAYS)).collect();
        let stems = files.iter().map(|f| f.file_stem().and_then(|s| s.to_str()));
        let keys = stems.map(|s| s.unwrap_or("").to_owned()).collect();
        return Ok(found(path, keys, outputs, |output, at| {
            let data = bytes(&files[at])?;
            let array = Array::open(&data[..]);
            let labels = array
                .and_then(|array| output.of_array(array, samples, limits::elements(data.len())));
            labels.map_err(|e| Error::dataset(format!("{}: {e}", files[at].display())))
        }));
    }
    #[cfg(feature = "csv")]
    if is(path, &["csv"]) {
        let table = super::table::labels(&bytes(path)?)
            .map_err(|e| Error::dataset(format!("{}: {e}", path.display())))?;
        let keys = table.iter().map(|column| column.key.clone()).collect();
        return Ok(found(path, keys, outputs, |output, at| {
            let column = &table[at];
            let labels = column.numbers.clone().and_then(|numbers| {
                let rows = numbers.len() / column.shape.iter().product::<usize>().max(1);
                let kind = output.kind(&[&[rows], &column.shape[..]].concat(), samples)?;
                output.labels(kind, true, numbers)
            });
            labels.map_err(|e| place(&column.key, e))
        }));
    }
    Ok(Found {
        labels: outputs.iter().map(|_| None).collect(),
        keys: Vec::new(),
    })
}

/// Matches keys with outputs, and reads what belongs to an output.
fn found(
    path: &Path,
    keys: Vec<String>,
    outputs: &[Labelled<'_>],
    read: impl Fn(&Labelled<'_>, usize) -> Result<Labels>,
) -> Found {
    let of = |output: &Labelled<'_>| {
        let named = |key: &String| key.strip_prefix(LABEL).is_some_and(|n| output.is_called(n));
        let mut places = (0..keys.len()).filter(|&at| named(&keys[at]));
        let (first, second) = (places.next()?, places.next());
        Some(match second {
            None => read(output, first),
            Some(second) => Err(Error::dataset(format!(
                "{}: {} and {} are both labels of the output `{}`",
                path.display(),
                limits::quoted(&keys[first]),
                limits::quoted(&keys[second]),
                output.field
            ))),
        })
    };
    Found {
        labels: outputs.iter().map(of).collect(),
        keys: keys
            .iter()
            .filter(|k| k.starts_with(LABEL))
            .cloned()
            .collect(),
    }
}

/// What an array of labels holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Classes,
    Values,
}

impl Labelled<'_> {
    fn is_called(&self, name: &str) -> bool {
        self.field == name || self.port.is_called(name)
    }

    fn len(&self) -> usize {
        self.port.shape.iter().product()
    }

    /// What an array of this shape holds.
    fn kind(&self, array: &[usize], samples: usize) -> Result<Kind, String> {
        let shape = &self.port.shape[..];
        let without_batch = self.port.without_batch();
        let len = self.len();
        let (count, rest) = array.split_first().ok_or("it is a single number")?;
        let single = rest.is_empty() || rest == [1];
        let kind = if rest == shape || rest == without_batch || single && len == 1 {
            Kind::Values
        } else if single && len > 1 {
            Kind::Classes
        } else {
            let all = [&[samples], without_batch].concat();
            let classes = if len > 1 {
                format!("[{samples}] with classes from 0 to {}, or ", len - 1)
            } else {
                String::new()
            };
            return Err(format!(
                "its shape is {array:?}; expected is {classes}{all:?} with the values of the output `{}`",
                self.field
            ));
        };
        if *count != samples {
            return Err(format!(
                "it has labels for {count} samples, the dataset has {samples}"
            ));
        }
        Ok(kind)
    }

    fn of_array(
        &self,
        array: Array<impl std::io::Read>,
        samples: usize,
        mut most: u64,
    ) -> Result<Labels, String> {
        let kind = self.kind(&array.shape, samples)?;
        limits::spend(&mut most, &array.shape, array.len())?;
        let is_integer = array.is_integer();
        let numbers = array.read(Values::Real)?;
        self.labels(kind, is_integer, numbers.into_iter().collect())
    }

    /// The labels of these numbers, in the order of samples.
    fn labels(&self, kind: Kind, is_integer: bool, numbers: Vec<f32>) -> Result<Labels, String> {
        let len = self.len();
        if kind == Kind::Classes {
            if !is_integer {
                return Err(format!(
                    "classes are integers, and it holds floats; convert them by `.astype(\"int64\")`, or give values for all {len} elements"
                ));
            }
            let class = |(sample, x): (usize, &f32)| {
                let fits = *x >= 0.0 && *x < len as f32 && x.fract() == 0.0;
                let message = format!(
                    "the class of sample {sample} is {x}; the output `{}` has classes from 0 to {}",
                    self.field,
                    len - 1
                );
                if fits { Ok(*x as i64) } else { Err(message) }
            };
            let classes: Result<_, String> = numbers.iter().enumerate().map(class).collect();
            return Ok(Labels {
                answer: self.answer,
                classes: Ok(classes?),
                values: None,
                len,
            });
        }
        if let Some(at) = numbers.iter().position(|x| !x.is_finite()) {
            return Err(format!(
                "sample {} contains {}",
                at / len.max(1),
                numbers[at]
            ));
        }
        Ok(Labels {
            answer: self.answer,
            classes: self.classes(&numbers).map_err(Error::dataset),
            values: Some(numbers),
            len,
        })
    }

    /// The classes that values stand for, or why they stand for none.
    fn classes(&self, numbers: &[f32]) -> Result<Vec<i64>, String> {
        let key = format!("{LABEL}{}", self.field);
        let one = |(sample, row): (usize, &[f32])| match self.answer {
            Answer::Largest => {
                let ones = row.iter().filter(|x| **x == 1.0).count();
                let zeros = row.iter().filter(|x| **x == 0.0).count();
                if ones != 1 || ones + zeros != row.len() {
                    return Err(format!(
                        "sample {sample} of `{key}` is not one-hot: one element 1 and all others 0; give one class for each sample"
                    ));
                }
                Ok(largest(row).unwrap_or(0) as i64)
            }
            Answer::Half => match row[0] {
                0.0 => Ok(0),
                1.0 => Ok(1),
                x => Err(format!(
                    "sample {sample} of `{key}` is {x}; a class is 0 or 1 here"
                )),
            },
            Answer::Integer => Ok(row[0] as i64),
            Answer::None => Err(format!(
                "the output `{}` has one element and is not computed by LOGISTIC: it says no class",
                self.field
            )),
        };
        numbers
            .chunks(self.len().max(1))
            .enumerate()
            .map(one)
            .collect()
    }
}

/// The error of a clause of `require` whose output has no labels.
pub(crate) fn missing(
    clause: usize,
    metric: &str,
    field: &str,
    path: &Path,
    keys: &[String],
) -> Error {
    let known = match keys {
        [] => String::new(),
        keys => {
            let keys: Vec<String> = keys.iter().take(20).map(|k| limits::quoted(k)).collect();
            format!("; its labels are [{}]", keys.join(", "))
        }
    };
    Error::new(
        Blame::Require(clause),
        format!(
            "`{metric}` compares with labels, but {} has none for the output `{field}`{known}: \
             add an array \"{LABEL}{field}\" with one class for each sample, or with the output's values",
            path.display()
        ),
    )
}
