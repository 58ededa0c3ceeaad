//! Labels of the dataset: accuracy on the measuring samples, by hand and by the compiler.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, ArrayD};
use niello_compiler::analysis::{Analysis, LabelReport, Quiet, Summary};
use niello_compiler::model::{Model, TensorData};
use niello_compiler::{Blame, Comparison, Error, Metric, Options, Request, Requirement};
use niello_tests::npz::NpzWriter;
use niello_tests::{here, read_npz, sample};

fn examples(name: &str) -> PathBuf {
    here().join("../examples/models").join(name)
}

fn clause(output: &str, metric: Metric, bound: f64) -> Requirement {
    Requirement {
        output: output.to_owned(),
        metric,
        comparison: metric.comparison(),
        bound,
    }
}

fn request(dataset: &Path, require: Vec<Requirement>) -> Request {
    Request {
        model: examples("digit_pair_f32.tflite"),
        dataset: Some(dataset.to_owned()),
        options: Options {
            require,
            samples: Some(10),
            ..Options::default()
        },
        cache: None,
    }
}

fn summary(request: Request) -> Summary {
    let analysis = Analysis::open(request).expect("a model");
    analysis.summary(&Quiet).expect("samples")
}

fn labels(summary: &Summary, name: &str) -> LabelReport {
    let output = summary.outputs.iter().find(|o| o.name == name);
    output.expect("an output").labels.clone().expect("labels")
}

/// The error of compiling with one clause.
fn refused(dataset: &Path, output: &str, metric: Metric, bound: f64) -> Error {
    let request = request(dataset, vec![clause(output, metric, bound)]);
    let model = Model::read(&request.model, &request.options).expect("a model");
    let quantized = model.quantize(&request);
    quantized.err().expect("an error")
}

fn largest(data: &[f32]) -> usize {
    let greater = |best: usize, i: usize| if data[i] > data[best] { i } else { best };
    (0..data.len()).reduce(greater).expect("elements")
}

#[test]
fn metrics_are_those_that_one_counts_by_hand() {
    let dataset = examples("digit_pair_evaluation.npz");
    let require = vec![
        clause("sum", Metric::Accuracy, 0.5),
        clause("sum", Metric::AccuracyDrop, 0.1),
        clause("left_greater", Metric::MeanAbsError, 0.3),
        clause("left_greater", Metric::Accuracy, 0.9),
    ];
    let request = request(&dataset, require);
    let model = Model::read(&request.model, &request.options).expect("a model");
    let quantized = model.quantize(&request).expect("all is met");
    let data = read_npz(&dataset);
    // Every fifth sample measures.
    let held_out: Vec<usize> = (0..1000).filter(|i| i % 5 == 4).collect();
    let (mut right, mut greater, mut error) = ([0; 2], 0, 0.0);
    for &i in &held_out {
        let inputs = [sample(&data, "left", i), sample(&data, "right", i)];
        let float = model.run(&[&inputs[0], &inputs[1]]).expect("its shapes");
        let inputs = inputs.map(TensorData::F32);
        let int8: Vec<Vec<f32>> = quantized
            .run(&inputs)
            .into_iter()
            .map(|data| match data {
                TensorData::F32(data) => data,
                _ => panic!("f32 outputs"),
            })
            .collect();
        let class = sample(&data, "label:sum", i)[0] as usize;
        // Outputs by size: the sum has 19 elements.
        let of = |n: usize| int8.iter().find(|o| o.len() == n).expect("an output");
        let float_sum = float.iter().find(|o| o.len() == 19).expect("an output");
        let float_sum: Vec<f32> = float_sum.iter().copied().collect();
        right[0] += usize::from(largest(of(19)) == class);
        right[1] += usize::from(largest(&float_sum) == class);
        let label = sample(&data, "label:left_greater", i)[0];
        greater += usize::from((of(1)[0] > 0.5) == (label > 0.5));
        error += f64::from((of(1)[0] - label).abs());
    }
    let n = held_out.len() as f64;
    let summary = summary(request);
    let sum = labels(&summary, "sum");
    assert_eq!(sum.accuracy, Some(right[0] as f64 / n));
    assert_eq!(sum.float_accuracy, Some(right[1] as f64 / n));
    assert_eq!((sum.mean_abs_error, &sum.problem), (None, &None));
    assert!(right[0] > 100 && right[1] < 200, "{right:?}");
    let left_greater = labels(&summary, "left_greater");
    assert_eq!(left_greater.accuracy, Some(greater as f64 / n));
    let measured = left_greater.mean_abs_error.expect("values");
    assert!((measured - error / n).abs() < 1e-6, "{measured} {error}");
    let measured: Vec<Option<f64>> = summary.requirements.iter().map(|r| r.measured).collect();
    let drop = (right[1] as f64 - right[0] as f64) / n;
    assert_eq!(measured[..2], [sum.accuracy, Some(drop)]);
    assert_eq!(
        measured[2..],
        [left_greater.mean_abs_error, left_greater.accuracy]
    );
}

/// The samples of the digits with labels of any type and shape.
fn with_labels(folder: &Path, add: impl FnOnce(&mut NpzWriter)) -> PathBuf {
    let data = read_npz(&here().join("models/digit_pair_labels.npz"));
    let mut writer = NpzWriter::default();
    for (name, array) in data.iter().filter(|(name, _)| !name.starts_with("label:")) {
        writer.add(name, &array.mapv(|x| x as f32));
    }
    add(&mut writer);
    let path = folder.join("samples.npz");
    writer.write(&path);
    path
}

fn one_hot() -> ArrayD<f64> {
    let data = read_npz(&here().join("models/digit_pair_labels.npz"));
    let (_, labels) = data
        .into_iter()
        .find(|(name, _)| name == "label:sum")
        .expect("labels");
    labels
}

#[test]
fn classes_are_integers_or_one_hot_of_any_type() {
    let folder = tempfile::tempdir().expect("a folder");
    let wanted = summary(request(
        &here().join("models/digit_pair_labels.npz"),
        vec![],
    ));
    let one_hot = one_hot()
        .into_dimensionality::<ndarray::Ix2>()
        .expect("rows");
    let classes: Array1<i32> = one_hot
        .rows()
        .into_iter()
        .map(|row| row.iter().position(|x| *x == 1.0).expect("one-hot") as i32)
        .collect();
    let accuracy = labels(&wanted, "sum").accuracy.expect("classes");
    assert!(accuracy > 0.5);
    // The absolute errors of one-hot labels count, too.
    assert!(labels(&wanted, "sum").mean_abs_error.is_some());
    let column: Array2<i32> = classes.clone().insert_axis(ndarray::Axis(1));
    let folder = folder.path();
    for path in [
        with_labels(folder, |w| w.add("label:sum", &classes)),
        with_labels(folder, |w| w.add("label:sum", &column)),
        with_labels(folder, |w| w.add("label:sum", &one_hot.mapv(|x| x == 1.0))),
        // By a name that the file has for the output.
        with_labels(folder, |w| {
            w.add("label:StatefulPartitionedCall:1", &classes);
        }),
    ] {
        let got = summary(request(&path, vec![]));
        assert_eq!(labels(&got, "sum").accuracy, Some(accuracy));
    }
    let other = folder.join("labels.npz");
    let mut writer = NpzWriter::default();
    writer.add("label:sum", &classes);
    writer.write(&other);
    let mut in_another_file = request(&examples("digit_pair_calibration.npz"), vec![]);
    in_another_file.options.labels = Some(other.clone());
    let found = labels(&summary(in_another_file), "sum");
    assert!(
        found
            .problem
            .expect("20 labels")
            .contains("the dataset has 100")
    );
}

#[test]
fn labels_that_do_not_fit_are_errors_with_key_and_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let error = |add: &dyn Fn(&mut NpzWriter), output: &str, metric: Metric| {
        let path = with_labels(folder, add);
        let error = refused(&path, output, metric, 0.0);
        assert!(error.message.contains("samples.npz"), "{error}");
        error
    };
    let zeros = Array2::<f32>::zeros((20, 19));
    let not_one_hot = error(&|w| w.add("label:sum", &zeros), "sum", Metric::Accuracy);
    assert!(
        not_one_hot.message.contains("is not one-hot"),
        "{not_one_hot}"
    );
    assert_eq!(not_one_hot.blame, Blame::Require(0));
    let negative = error(
        &|w| w.add("label:sum", &Array1::<i32>::from_elem(20, -1)),
        "sum",
        Metric::AccuracyDrop,
    );
    assert!(
        negative.message.contains("the class of sample 0 is -1"),
        "{negative}"
    );
    assert_eq!(negative.blame, Blame::Dataset);
    let nan = error(
        &|w| w.add("label:left_greater", &Array1::from_elem(20, f32::NAN)),
        "left_greater",
        Metric::MeanAbsError,
    );
    assert!(nan.message.contains("sample 0 contains NaN"), "{nan}");
    let both = error(
        &|w| {
            w.add("label:sum", &zeros);
            w.add("label:StatefulPartitionedCall:1", &zeros);
        },
        "sum",
        Metric::Accuracy,
    );
    assert!(both.message.contains("are both labels"), "{both}");
    let half = error(
        &|w| w.add("label:left_greater", &Array1::from_elem(20, 0.5_f64)),
        "left_greater",
        Metric::Accuracy,
    );
    assert!(half.message.contains("a class is 0 or 1"), "{half}");
    // What no clause needs is not read.
    let path = with_labels(folder, |w| w.add("label:left_greater", &zeros));
    let fine = request(&path, vec![clause("sum", Metric::Top1, 0.1)]);
    let model = Model::read(&fine.model, &fine.options).expect("a model");
    assert!(model.quantize(&fine).is_ok());
    // A report says why it leaves them out.
    let problem = labels(&summary(fine), "left_greater").problem;
    assert!(
        problem
            .expect("a wrong shape")
            .contains("its shape is [20, 19]")
    );
}

#[test]
fn tables_have_columns_of_labels() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("samples.csv");
    let features = ["mean_features", "error_features", "worst_features"];
    let data = read_npz(&examples("tabular_mixture_evaluation.npz"));
    let mut text: Vec<String> = vec![String::new()];
    for name in features {
        for i in 0..10 {
            text[0] += &format!("{name}_{i},");
        }
    }
    text[0] += "label:radius,label:logits";
    for i in 0..60 {
        let rows = features.iter().flat_map(|name| sample(&data, name, i));
        let mut row: String = rows.map(|x| format!("{x},")).collect();
        let label = |key: &str| sample(&data, key, i)[0];
        row += &format!("{},{}", label("label:radius"), label("label:logits"));
        text.push(row);
    }
    std::fs::write(&table, text.join("\n")).expect("writable");
    let request = Request {
        model: examples("tabular_mixture_f32.tflite"),
        dataset: Some(table),
        options: Options {
            samples: Some(20),
            require: vec![
                clause("logits", Metric::Accuracy, 0.9),
                clause("radius", Metric::MeanAbsError, 0.3),
            ],
            ..Options::default()
        },
        cache: None,
    };
    let summary = summary(request);
    assert!(summary.requirements.iter().all(|r| r.met), "{summary:?}");
    assert!(labels(&summary, "logits").accuracy > Some(0.9));
    assert!(labels(&summary, "radius").accuracy.is_none());
}

#[test]
fn bounds_have_one_direction() {
    for metric in Metric::ALL {
        let is_error = metric.name().ends_with("error") || metric.name().ends_with("drop");
        assert_eq!(metric.comparison() == Comparison::AtMost, is_error);
    }
}
