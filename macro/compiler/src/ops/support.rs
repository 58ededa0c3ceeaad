//! Which element types each operator takes: the column `support` of the registry, and the page
//! `docs/operators.md`, which shows it. A test compares it with the models of `tests/models/ops`.

use crate::ir::graph::ElementType;
use crate::limits;
use crate::ops::refusals;
use crate::ops::registry::{self, Micro, ROWS, Row};
use crate::tflite::{self, BuiltinOperator};

/// What becomes of an operator that reads tensors of one element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// There is a kernel for it.
    Runs {
        /// A model of the tests shows it.
        tested: bool,
    },
    /// It is known at compile time, or resolved then.
    Folded {
        /// A model of the tests shows it.
        tested: bool,
    },
    /// It is refused, or TFLite itself has no such kernel and nobody has looked.
    No,
}

impl Support {
    fn new(letter: char) -> Self {
        match letter {
            'y' => Support::Runs { tested: true },
            'r' => Support::Runs { tested: false },
            'f' => Support::Folded { tested: true },
            'F' => Support::Folded { tested: false },
            _ => Support::No,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Support::Runs { tested: true } => "yes",
            Support::Runs { tested: false } => "yes*",
            Support::Folded { tested: true } => "folded",
            Support::Folded { tested: false } => "folded*",
            Support::No => "-",
        }
    }
}

/// The columns, in the order of the letters of `Row::support`.
pub const SUPPORT_COLUMNS: [(ElementType, &str); 6] = [
    (ElementType::F32, "float32"),
    (ElementType::I8, "int8"),
    (ElementType::I16, "int16x8"),
    (ElementType::U8, "uint8"),
    (ElementType::I32, "int32"),
    (ElementType::Bool, "bool"),
];

/// What becomes of the operator `name` on tensors of `element`.
pub fn support(name: &str, element: ElementType) -> Support {
    let column = SUPPORT_COLUMNS.iter().position(|c| c.0 == element);
    let letter = |row: &Row| row.support.chars().nth(column?);
    registry::row(name)
        .and_then(letter)
        .map_or(Support::No, Support::new)
}

/// The rows as the page has them: builtin operators by name, then custom ones.
fn sorted_rows() -> Vec<&'static Row> {
    let [builtin, custom] = ROWS;
    let mut rows: Vec<&Row> = builtin.iter().collect();
    rows.sort_by_key(|row| row.name);
    rows.into_iter().chain(custom).collect()
}

/// The text of the page `docs/operators.md`.
pub fn operators_page() -> String {
    let mut text = INTRODUCTION.to_owned();
    let columns: Vec<&str> = SUPPORT_COLUMNS.iter().map(|c| c.1).collect();
    text += &format!(
        "\n| operator | {} | TFLM | note |\n|---|{}---|---|\n",
        columns.join(" | "),
        "---|".repeat(columns.len())
    );
    for Row {
        name,
        support,
        micro,
        note,
        ..
    } in sorted_rows()
    {
        let cells: Vec<&str> = support.chars().map(|l| Support::new(l).text()).collect();
        let micro = match micro {
            Micro::Int8 | Micro::NoInt8 => "yes",
            Micro::Missing | Micro::Neutral => "-",
        };
        text += &format!("| {name} | {} | {micro} | {note} |\n", cells.join(" | "));
    }
    text += CONTROL;
    text += NOT_SUPPORTED;
    let others = BuiltinOperator::ENUM_VALUES.iter().filter(|&&code| {
        let name = tflite::operator_name(code);
        registry::row(&name).is_none()
            && ![BuiltinOperator::CUSTOM, BuiltinOperator::DELEGATE].contains(&code)
            && !name.starts_with("PLACEHOLDER")
    });
    let mut others: Vec<String> = others.map(|&code| tflite::operator_name(code)).collect();
    others.sort();
    // Operators with one reason share a row.
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for name in others {
        let reason = refusals::reason(&name).unwrap_or("not written yet");
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    for (reason, names) in reasons {
        text += &format!("| {} | {reason} |\n", names.join(", "));
    }
    text += CUSTOM;
    for (name, reason) in refusals::custom() {
        text += &format!("| {name} | {reason} |\n");
    }
    text + "\n" + &limits::page()
}

const NOT_SUPPORTED: &str = "
## Not supported

These builtin operators of TFLite are refused, all of a file at once, by name and place, with the reason. Of those that
TensorFlow Lite Micro's `MicroMutableOpResolver` has, none is among them.

| operators | reason |
|---|---|
";
const CUSTOM: &str = "
Custom operators other than those of the first table are refused, too; of these the error says what they are, and Flex\\*
stands for all that begin so. CIRCULAR_BUFFER, TFLM_DECODE and ethos-u are TensorFlow Lite Micro's.

| custom operator | reason |
|---|---|
";

const CONTROL: &str = "
## Branches and loops

An IF whose condition is known at compile time is replaced by its branch, a WHILE by as many copies of its body as it has
rounds, up to 4,096 and to 8,192 operators and tensors. Others become branches and loops of the emitted program: one branch
runs and costs time, memory is planned for both, and values of a loop stay in the arena from round to round. All calls
of a file together may have 65,536 operators and tensors, 1,024 of them IF or WHILE that depend on data.

- Where the number of rounds depends on data, values of a loop keep their shape, and branches give the same shapes. Nothing
  bounds a loop but its condition: if a program must end in time, the model has to count.
- Subgraphs hand bytes on as they are, as in TensorFlow Lite Micro: two scales for one value are refused. Branches and bodies
  may read variables of the model, but not assign them.
- In a float model, a value of a loop has one range for all rounds, its first content included, and both results of an IF
  have one. Conditions of integers, and of f32 inputs that are compared as they come, are exact; where computed real numbers are
  compared, int8 steps may decide otherwise near the threshold, and a loop may make a round more or less. `tensors(\"name\":
  float)` keeps what decides in float, a value of a loop by the name of the output of WHILE.
- Every branch and every body must run on some sample of the dataset, or all of its tensors need `tensors(\"name\":
  range(..))`: an error names the first. Loops that do not end within 16,384 rounds on a sample, in float or in int8, are errors.
- Biases are corrected in operators that always run, not in branches and loops.
";

const INTRODUCTION: &str = "\
# Operators

`macro/compiler/src/ops/registry.rs` has the rows of this page; `NIELLO_BLESS=1 cargo test -p niello-tests --test readme`
writes it. The same test compiles the models of `tests/models/ops` and compares: whatever they contain is \"yes\" here, and
\"yes\" without a star is in one of them.

A column is the element type of what the operator reads, as the file has it: its real numbers, or integers where it reads no
others; where indices or a mask choose values, that of the values. float32 is an operator of a float model, which Niello
quantizes, or computes in f32 where a file or `tensors(.. float)` wants that. int64 counts as int32, and float16 weights as
float32.

| cell | meaning |
|---|---|
| yes | it runs, and a model of `tests/models/ops` shows it |
| yes* | the compiler has a kernel for it; no model of `tests/models/ops` shows it |
| folded | only where it is known at compile time, or resolved then |
| folded* | the same; no model of `tests/models/ops` shows it |
| - | refused with an error, or TFLite itself has no such kernel and nobody has looked |

Every operator whose operands are all constants is computed at compile time. TFLM says whether TensorFlow Lite Micro's
`MicroMutableOpResolver` knows the operator, in whatever types. Fused activations are RELU, RELU6 and RELU_N1_TO_1.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_a_letter_for_each_column() {
        for row in ROWS.into_iter().flatten() {
            let known = row.support.chars().all(|l| "yrfF-".contains(l));
            let columns = SUPPORT_COLUMNS.len();
            assert!(known && row.support.len() == columns, "{}", row.name);
        }
    }
}
