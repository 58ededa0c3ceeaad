//! `.csv` tables with a header row: a row a sample, a column an element of a
//! one-dimensional input. Columns are called `<input>_<i>` in any order, or
//! `<input>` where it has one element. A model of one input also takes other names,
//! and then reads the columns from left to right.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord, Trim};
use ndarray::{ArrayD, IxDyn};

use super::limits;
use super::values::Values;
use crate::ir::graph::Port;

/// The samples of every input, in the model's order.
pub(super) fn read(bytes: &[u8], inputs: &[Port]) -> Result<Vec<ArrayD<f32>>, String> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    let columns = columns(&header, inputs)?;
    let mut data: Vec<Vec<f32>> = vec![Vec::new(); inputs.len()];
    let mut record = StringRecord::new();
    let mut samples = 0;
    while reader.read_record(&mut record).map_err(|e| e.to_string())? {
        for ((input, columns), data) in inputs.iter().zip(&columns).zip(&mut data) {
            for &column in columns {
                let place = || {
                    let line = record.position().map_or(0, csv::Position::line);
                    format!("line {line}, column {}", limits::quoted(&header[column]))
                };
                let number: f64 = record[column].parse().map_err(|_| {
                    let text = limits::quoted(&record[column]);
                    format!("{}: {text} is not a number", place())
                })?;
                Values::of(input)
                    .check(number)
                    .map_err(|e| format!("{} {e}", place()))?;
                data.push(number as f32);
            }
        }
        samples += 1;
    }
    let arrays = data.into_iter().zip(&columns).map(|(data, columns)| {
        let shape = IxDyn(&[samples, columns.len()]);
        ArrayD::from_shape_vec(shape, data).map_err(|e| e.to_string())
    });
    arrays.collect()
}

/// The labels that belong to one key: a column `label:<output>`, or columns
/// `label:<output>_0`, `label:<output>_1` and so on.
pub(super) struct LabelColumns {
    pub key: String,
    /// The shape of one sample's labels.
    pub shape: Vec<usize>,
    /// The numbers in the order of samples, or what is none.
    pub numbers: Result<Vec<f32>, String>,
}

/// The labels of a table, by key.
pub(super) fn labels(bytes: &[u8]) -> Result<Vec<LabelColumns>, String> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    let all: Vec<usize> = (0..header.len())
        .filter(|&i| header[i].starts_with(super::named_arrays::LABEL))
        .collect();
    // A column by its own name, and rows of elements by what stands before their numbers.
    let mut groups: Vec<(String, Vec<usize>, Vec<usize>)> = Vec::new();
    for &column in &all {
        groups.push((header[column].to_owned(), Vec::new(), vec![column]));
    }
    let by_name: HashMap<&str, usize> = all.iter().map(|&c| (&header[c], c)).collect();
    for &column in &all {
        let Some((name, "0")) = header[column].rsplit_once('_') else {
            continue;
        };
        let element = |i: usize| by_name.get(&*format!("{name}_{i}")).copied();
        let elements: Vec<usize> = (0..).map_while(element).collect();
        groups.push((name.to_owned(), vec![elements.len()], elements));
    }
    let mut labels: Vec<LabelColumns> = groups
        .iter()
        .map(|(key, shape, _)| LabelColumns {
            key: key.clone(),
            shape: shape.clone(),
            numbers: Ok(Vec::new()),
        })
        .collect();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|e| e.to_string())? {
        for ((_, _, columns), labels) in groups.iter().zip(&mut labels) {
            for &column in columns {
                let Ok(numbers) = &mut labels.numbers else {
                    continue;
                };
                let text = &record[column];
                match text.parse() {
                    Ok(number) => numbers.push(number),
                    Err(_) => {
                        let line = record.position().map_or(0, csv::Position::line);
                        let text = limits::quoted(text);
                        labels.numbers = Err(format!("line {line}: {text} is not a number"));
                    }
                }
            }
        }
    }
    Ok(labels)
}

/// The columns of each input's elements.
fn columns(header: &StringRecord, inputs: &[Port]) -> Result<Vec<Vec<usize>>, String> {
    let is_number = |name: &str| name.parse::<f64>().is_ok();
    if header.is_empty() || header.iter().all(is_number) {
        return Err("it has no header row, which names the columns".to_owned());
    }
    // Labels may lie beside the samples; they are not for calibration.
    let mut free: Vec<usize> = (0..header.len())
        .filter(|&i| !header[i].starts_with(super::named_arrays::LABEL))
        .collect();
    let mut columns_of_inputs = Vec::new();
    let mut missing = None;
    for input in inputs {
        let n = elements(input)?;
        let mut own_columns = Vec::new();
        for element in 0..n {
            let named = |&&i: &&usize| {
                let plain = n == 1 && input.is_called(&header[i]);
                let (name, number) = header[i].rsplit_once('_').unwrap_or_default();
                plain || (number == element.to_string() && input.is_called(name))
            };
            let columns: Vec<usize> = free.iter().filter(named).copied().collect();
            match columns[..] {
                [column] => own_columns.push(column),
                [] => {
                    missing = missing.or(Some(if n == 1 {
                        input.name.clone()
                    } else {
                        format!("{}_{element}", input.name)
                    }));
                }
                [column, ..] => {
                    let name = limits::quoted(&header[column]);
                    return Err(format!("it has two columns for {name}"));
                }
            }
        }
        free.retain(|column| !own_columns.contains(column));
        columns_of_inputs.push(own_columns);
    }
    if let Some(missing) = missing {
        // None of the names is one of ours: the order counts.
        if let ([input], [own_columns]) = (inputs, &mut columns_of_inputs[..])
            && own_columns.is_empty()
            && elements(input)? == free.len()
        {
            return Ok(vec![free]);
        }
        return Err(format!(
            "it has no column {missing:?}; its columns are {}",
            names(header)
        ));
    }
    match free.first() {
        Some(&extra) => Err(format!(
            "its column {} is not an element of an input; the inputs are {:?}",
            limits::quoted(&header[extra]),
            inputs.iter().map(|p| p.name.as_str()).collect::<Vec<_>>()
        )),
        None => Ok(columns_of_inputs),
    }
}

/// The number of columns that an input has in the table.
fn elements(input: &Port) -> Result<usize, String> {
    match input.without_batch() {
        [] => Ok(1),
        &[n] => Ok(n),
        shape => Err(format!(
            "tables are for one-dimensional inputs; {:?} has shape {shape:?}",
            input.name
        )),
    }
}

fn names(header: &StringRecord) -> String {
    limits::quoted(&header.iter().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::tests::port;

    fn of(text: &str, inputs: &[Port]) -> Result<Vec<Vec<f32>>, String> {
        let arrays = read(text.as_bytes(), inputs)?;
        Ok(arrays
            .into_iter()
            .map(|a| a.into_raw_vec_and_offset().0)
            .collect())
    }

    #[test]
    fn columns_go_by_name_or_by_order() {
        let two = [port("x", &[1, 2]), port("n", &[1])];
        let got = of("x_1,n,x_0,label:y\n1,2,3,a\n4, 5 ,-6e-1,b\n", &two);
        assert_eq!(got, Ok(vec![vec![3.0, 1.0, -0.6, 4.0], vec![2.0, 5.0]]));
        let one = &two[..1];
        assert_eq!(of("width,height\n1,2\n", one), Ok(vec![vec![1.0, 2.0]]));
        assert_eq!(of("x_1,x_0\r\n1,2\r\n", one), Ok(vec![vec![2.0, 1.0]]));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let one = [port("x", &[1, 2])];
        for (text, message) in [
            ("", "header row"),
            ("1,2\n3,4\n", "header row"),
            ("x_0,y\n1,2\n", "\"x_1\""),
            ("x_0,x_1,z\n1,2,3\n", "\"z\" is not an element"),
            ("x_0,x_1,x_1\n1,2,3\n", "two columns"),
            (
                "x_0,x_1\n1,2\n3,\n",
                "line 3, column \"x_1\": \"\" is not a number",
            ),
            ("x_0,x_1\n1\n", "1 fields"),
            ("a,b,c\n1,2,3\n", "no column \"x_0\""),
        ] {
            let error = of(text, &one).expect_err(message);
            assert!(error.contains(message), "{error}");
        }
        let image = [port("x", &[1, 2, 2])];
        let error = of("x_0\n1\n", &image).expect_err("an image");
        assert!(error.contains("one-dimensional"), "{error}");
    }
}
