//! Text for the terminal: tables, numbers, headings.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use niello_compiler::analysis::{LabelReport, OutputReport, TensorReport};

/// Prints a line to stdout. Ends the program if nobody reads it any more.
pub(crate) fn write_line(text: &str) {
    if writeln!(anstream::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Prints a formatted line to stdout, as `println!` does, but without a panic where the reader has
/// gone.
macro_rules! line {
    ($($format:tt)+) => { $crate::text::write_line(&format!($($format)+)) };
}
pub(crate) use line;

/// Prints an error to stderr.
pub(crate) fn error(message: &str) {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    anstream::eprintln!("{red}error{red:#}: {message}");
}

/// Prints a heading with a free line before it.
pub(crate) fn heading(text: &str) {
    let bold = Style::new().bold();
    line!("\n{bold}{text}{bold:#}");
}

/// A table with these columns, of which those from number `numbers` on are numbers.
pub(crate) fn table(columns: &[&str], numbers: usize) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns);
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i == 0 { 2 } else { 0 }, 2));
        if i >= numbers {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Prints a table without spaces at the ends of its lines.
pub(crate) fn print(table: &Table) {
    for line in table.lines() {
        line!("{}", line.trim_end());
    }
}

/// A number with separators between thousands.
pub(crate) fn count(n: impl TryInto<u64>) -> String {
    let digits = n.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A ratio in dB; `exact` where nothing is lost.
pub(crate) fn decibel(db: Option<f64>) -> String {
    db.map_or("exact".to_owned(), |db| format!("{db:.1}"))
}

/// A real number in few characters.
pub(crate) fn real(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        a if !(1e-3..1e5).contains(&a) => format!("{x:.2e}"),
        a if a >= 100.0 => format!("{x:.1}"),
        a if a >= 1.0 => format!("{x:.3}"),
        _ => format!("{x:.4}"),
    }
}

/// A share in percent, in few digits.
pub(crate) fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        p if p < 0.01 => "<0.01 %".to_owned(),
        p if p < 1.0 => format!("{p:.2} %"),
        p => format!("{p:.1} %"),
    }
}

/// A shape without spaces: `1x8x8x3`.
pub(crate) fn shape(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    if sizes.is_empty() {
        "scalar".to_owned()
    } else {
        sizes.join("x")
    }
}

/// The columns of an output's metrics.
pub(crate) const METRIC_COLUMNS: [&str; 6] = [
    "SQNR dB",
    "median",
    "worst",
    "top1",
    "mean error",
    "max error",
];

/// The cells of one row, in the order of the columns [`METRIC_COLUMNS`].
pub(crate) fn metric_cells(output: &OutputReport) -> [String; 6] {
    let spread = output.sqnr_db_spread.as_ref();
    [
        decibel(output.metrics.sqnr_db),
        decibel(spread.map(|s| s.median)),
        decibel(spread.map(|s| s.min)),
        output.metrics.top1.map_or("-".to_owned(), percent),
        real(output.metrics.mean_abs_error),
        real(output.metrics.max_abs_error),
    ]
}

/// The columns of outputs beside their labels.
pub(crate) const LABEL_COLUMNS: [&str; 5] = [
    "output",
    "accuracy int8",
    "accuracy float",
    "mean error int8",
    "mean error float",
];

/// The cells behind the output's name in [`LABEL_COLUMNS`].
pub(crate) fn label_cells(labels: &LabelReport) -> [String; 4] {
    let share = |share: Option<f64>| share.map_or("-".to_owned(), percent);
    let error = |error: Option<f64>| error.map_or("-".to_owned(), real);
    [
        share(labels.accuracy),
        share(labels.float_accuracy),
        error(labels.mean_abs_error),
        error(labels.float_mean_abs_error),
    ]
}

/// The range that was chosen for a tensor, or that it is in float.
pub(crate) fn range(tensor: &TensorReport) -> String {
    match &tensor.range {
        Some(range) => format!("{} to {}", real(range.min), real(range.max)),
        None if tensor.element == "f32" => "float".to_owned(),
        None => "-".to_owned(),
    }
}

/// The number of an operator in the file.
pub(crate) fn index(index: Option<usize>) -> String {
    index.map_or("-".to_owned(), |index| format!("#{index}"))
}

/// A tensor's name in few characters: the first part of a fused one, its end if that is long.
pub(crate) fn name(name: &str) -> String {
    const LONGEST: usize = 44;
    let first = name.split(';').next().unwrap_or("");
    let plain: Vec<char> = first
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if plain.len() <= LONGEST {
        return plain.into_iter().collect();
    }
    let end: String = plain[plain.len() - LONGEST + 2..].iter().collect();
    format!("..{end}")
}

/// The largest of some gains in dB.
pub(crate) fn gain(gains: &[Option<f64>]) -> String {
    let largest = gains.iter().copied().flatten().reduce(f64::max);
    largest.map_or("-".to_owned(), |gain| format!("{gain:+.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(count(1_234_567_u64), "1,234,567");
        assert_eq!(count(12_usize), "12");
        assert_eq!(real(0.000_123_4), "1.23e-4");
        assert_eq!(real(-31.4159), "-31.416");
        assert_eq!(percent(0.000_01), "<0.01 %");
        assert_eq!(percent(0.25), "25.0 %");
        assert_eq!(decibel(None), "exact");
    }

    #[test]
    fn names_of_fused_tensors_are_cut() {
        assert_eq!(name("a/b;c;d"), "a/b");
        let long = "x".repeat(100);
        assert_eq!(name(&long).chars().count(), 44);
        assert_eq!(name("a\nb"), "a b");
    }
}
