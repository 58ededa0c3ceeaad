//! A metric of the user's own: a command that gets the outputs of both programs as a file and
//! prints numbers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use niello_compiler::ElementType;
use niello_compiler::analysis::Outputs;

use crate::npz;

/// What a command has printed: numbers by name. A number without a name is called `value`.
pub(crate) type Numbers = BTreeMap<String, f64>;

/// Writes the outputs to a temporary file, and runs the command with its path as last argument.
pub(crate) fn evaluate(command: &str, outputs: &Outputs) -> Result<Numbers, String> {
    let file = tempfile::Builder::new()
        .prefix("niello")
        .suffix(".npz")
        .tempfile()
        .map_err(|e| format!("--evaluate: cannot write a temporary file: {e}"))?;
    let index: Vec<f32> = outputs.samples.iter().map(|&i| i as f32).collect();
    let mut arrays: Vec<npz::Array<'_>> = outputs
        .arrays
        .iter()
        .map(|array| npz::Array {
            key: array.key.clone(),
            shape: array.shape.clone(),
            element: ElementType::F32,
            data: &array.data,
        })
        .collect();
    arrays.push(npz::Array {
        key: "index".to_owned(),
        shape: vec![index.len()],
        element: ElementType::I32,
        data: &index,
    });
    npz::write(file.path(), &arrays)?;
    let fail = |what: &str| format!("--evaluate {command:?}: {what}");
    let output = shell(command, file.path()).output();
    let output = output.map_err(|e| fail(&e.to_string()))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(fail(&format!("{}\n{}", output.status, stderr.trim_end())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    numbers(&text).map_err(|e| fail(&e))
}

/// The command by the system's shell.
fn shell(command: &str, file: &Path) -> Command {
    if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.arg("/C").arg(command).arg(file);
        return shell;
    }
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("{command} \"$1\""))
        .arg("sh")
        .arg(file);
    shell
}

/// Reads one number, or lines `name = number`.
fn numbers(text: &str) -> Result<Numbers, String> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    let mut numbers = Numbers::new();
    for line in &lines {
        let (name, number) = match line.split_once('=') {
            Some((name, number)) => (name.trim(), number.trim()),
            None if lines.len() == 1 => ("value", *line),
            None => ("", *line),
        };
        let number = number.parse::<f64>().ok().filter(|x| x.is_finite());
        let (Some(number), false) = (number, name.is_empty()) else {
            return Err(format!(
                "it must print one number, or lines `name = number`, but has printed {line:?}"
            ));
        };
        if numbers.insert(name.to_owned(), number).is_some() {
            return Err(format!("it has printed two numbers for {name:?}"));
        }
    }
    if numbers.is_empty() {
        return Err("it has printed no number".to_owned());
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_or_several_with_names_are_read() {
        assert_eq!(numbers(" 0.75\n"), Ok([("value".into(), 0.75)].into()));
        let two = [("map".into(), 0.5), ("recall at 1".into(), 1.0)].into();
        assert_eq!(numbers("map = 0.5\n\nrecall at 1=1\n"), Ok(two));
        for text in [
            "",
            "a = b",
            "1\n2",
            "= 3",
            "a = nan",
            "a = 1\na = 2",
            "done",
        ] {
            assert!(numbers(text).is_err(), "{text:?}");
        }
    }
}
