//! What a model may not pass: a file of a few bytes can ask for any memory and any time by
//! the shapes that it states. Every shape, the file's own or a computed one, goes through
//! [`elements`] before anything is allocated for it; what is beyond a limit is an error that
//! names the operator or the tensor.
//!
//! Together they bound the compiler's memory: some hundred bytes for each byte of the file and
//! for each of [`FOLDED_ELEMENTS`] (array literals are that large; weights, which are byte
//! strings, take far less) and, while it runs the model on a dataset, about twenty for each of
//! [`LIVE_ELEMENTS`] and for each number of the dataset. What a dataset may not pass is in
//! `dataset/limits.rs`.

use crate::error::{Error, Result};

/// The largest number of elements of one tensor.
pub(crate) const TENSOR_ELEMENTS: usize = 1 << 28;

/// The largest number of dimensions of one tensor.
pub(crate) const DIMENSIONS: usize = 32;

/// The largest size of the arena, in bytes.
pub(crate) const ARENA_BYTES: usize = 1 << 30;

/// Operators that the graph has once all subgraphs are read in place of their calls.
pub(crate) const NODES_AFTER_INLINING: usize = 1 << 13;

/// Tensors that are read: those of a subgraph count again for each call of it.
pub(crate) const TENSORS_AFTER_INLINING: usize = 1 << 18;

/// The largest depth to which subgraphs may call each other.
pub(crate) const CALL_DEPTH: usize = 8;

/// Operators and tensors of all called subgraphs together, each counted as often as it is
/// called: calls that call others twice would double them with every level.
pub(crate) const INLINED: usize = 1 << 16;

/// Iterations that a WHILE is unrolled to; one with more stays a loop.
pub(crate) const UNROLLED_ITERATIONS: usize = 4096;

/// Operators and tensors that a WHILE is unrolled to; one with more stays a loop.
pub(crate) const UNROLLED: usize = NODES_AFTER_INLINING;

/// Branches and loops that depend on data.
pub(crate) const REGIONS: usize = 1 << 10;

/// Rounds that all loops together may make in one run on a sample of the dataset.
pub(crate) const ROUNDS: usize = 1 << 14;

/// Multiply-accumulates of one run, or elements that are read and written.
pub(crate) const RUN_WORK: u64 = 1 << 40;

/// The work that may be done while a small model compiles, for its constants, in
/// multiplications or moved elements.
pub(crate) const FOLDED_WORK: u64 = 1 << 28;

/// Elements of constants that are read or computed, of a small file.
pub(crate) const FOLDED_ELEMENTS: u64 = 1 << 22;

/// How much more of both, and of [`READ_ELEMENTS`], is allowed for each byte of the file.
pub(crate) const PER_BYTE: u64 = 8;

/// Elements of all tensors that are there at the same time when the compiler runs the model
/// on a dataset.
pub(crate) const LIVE_ELEMENTS: usize = 1 << 26;

/// Elements of all that a model keeps from one run to the next.
pub(crate) const STATE_ELEMENTS: usize = 1 << 24;

/// Entries of a table of positions along one dimension.
pub(crate) const TABLE_ENTRIES: usize = 1 << 20;

/// Rows or columns from the first to the last tap of a window.
pub(crate) const WINDOW_SPAN: usize = 1 << 20;

/// Elements of constants that operators read, each time that one does, of a small file.
pub(crate) const READ_ELEMENTS: u64 = 1 << 27;

/// The section of `docs/operators.md` about them.
pub(crate) fn page() -> String {
    let million = |n: u64| format!("{} million", n >> 20);
    let rows = [
        ("elements of a tensor", million(TENSOR_ELEMENTS as u64)),
        ("dimensions of a tensor", DIMENSIONS.to_string()),
        ("bytes of the arena", million(ARENA_BYTES as u64)),
        (
            "elements that are alive at once, where a dataset calibrates or measures",
            million(LIVE_ELEMENTS as u64),
        ),
        (
            "elements of what a model keeps between runs",
            million(STATE_ELEMENTS as u64),
        ),
        ("operators, calls inlined", NODES_AFTER_INLINING.to_string()),
        ("tensors, calls inlined", TENSORS_AFTER_INLINING.to_string()),
        (
            "operators and tensors of called subgraphs, once for each call",
            INLINED.to_string(),
        ),
        ("subgraphs that call each other", CALL_DEPTH.to_string()),
        (
            "branches and loops that depend on data",
            REGIONS.to_string(),
        ),
        ("rounds of all loops on one sample", ROUNDS.to_string()),
        ("multiply-accumulates of a run", million(RUN_WORK)),
        (
            "elements of constants, those that the file computes included *",
            million(FOLDED_ELEMENTS),
        ),
        ("multiply-accumulates on constants *", million(FOLDED_WORK)),
        (
            "elements of constants, once for each reader *",
            million(READ_ELEMENTS),
        ),
        (
            "rows or columns from a window's first to its last tap",
            WINDOW_SPAN.to_string(),
        ),
        (
            "positions that an operator chooses along one dimension",
            TABLE_ENTRIES.to_string(),
        ),
    ];
    let rows: String = rows
        .iter()
        .map(|(what, most)| format!("| {what} | {most} |\n"))
        .collect();
    format!(
        "## Limits\n\nA file beyond one of these is refused with an error that names the operator or the tensor, before memory\nis taken for \
         it. A million is 2^20 here; * means {PER_BYTE} more for each byte of the file.\n\n\
         | what | at most |\n|---|---|\n{rows}"
    )
}

/// The number of elements of a shape.
pub(crate) fn elements(shape: &[usize]) -> Result<usize> {
    if shape.len() > DIMENSIONS {
        return Err(Error::model(format!(
            "a tensor of {} dimensions; supported are up to {DIMENSIONS}",
            shape.len()
        )));
    }
    // Sizes beside a zero are multiplied, too, elsewhere.
    let product = shape
        .iter()
        .map(|&d| d.max(1))
        .fold(1, usize::saturating_mul);
    if product > TENSOR_ELEMENTS {
        return Err(Error::model(format!(
            "a tensor of shape {} is too large: supported are up to {TENSOR_ELEMENTS} elements",
            crate::error::shape_text(shape)
        )));
    }
    Ok(if shape.contains(&0) { 0 } else { product })
}

/// Checks the length of a table of positions along one dimension.
pub(crate) fn table(entries: usize) -> Result<()> {
    if entries <= TABLE_ENTRIES {
        return Ok(());
    }
    Err(Error::model(format!(
        "it takes {entries} positions along one dimension; supported are up to {TABLE_ENTRIES}"
    )))
}

/// A product of sizes that nobody has checked.
pub(crate) fn product(sizes: impl IntoIterator<Item = usize>) -> usize {
    sizes.into_iter().fold(1, usize::saturating_mul)
}

/// A sum of sizes that nobody has checked.
pub(crate) fn sum(sizes: impl IntoIterator<Item = usize>) -> usize {
    sizes.into_iter().fold(0, usize::saturating_add)
}

/// The work and memory that a file may still ask for while it is read.
pub(crate) struct Budget {
    file_bytes: usize,
    work: u64,
    folded_work: u64,
    folded_elements: u64,
    read_elements: u64,
}

impl Budget {
    /// The budget of a file of `file_bytes` bytes.
    pub(crate) fn new(file_bytes: usize) -> Self {
        Self {
            file_bytes,
            work: 0,
            folded_work: 0,
            folded_elements: 0,
            read_elements: 0,
        }
    }

    /// A small file's limit and something for each byte.
    fn limit(&self, small: u64) -> u64 {
        small.saturating_add((self.file_bytes as u64).saturating_mul(PER_BYTE))
    }

    /// The work of one more operator of a run.
    pub(crate) fn run(&mut self, work: u64) -> Result<()> {
        self.work = self.work.saturating_add(work);
        if self.work <= RUN_WORK {
            return Ok(());
        }
        Err(Error::model(format!(
            "a run takes {} multiply-accumulates up to here, {work} of them in this operator; \
             supported are up to {RUN_WORK}",
            self.work
        )))
    }

    /// The work of one more operator on constants, and the elements that it makes.
    pub(crate) fn fold(&mut self, work: u64, elements: usize) -> Result<()> {
        self.folded_work = self.folded_work.saturating_add(work);
        let limit = self.limit(FOLDED_WORK);
        if self.folded_work > limit {
            return Err(Error::model(format!(
                "what the file computes from constants takes {} steps up to here, {work} of them \
                 in this operator; supported are up to {limit}: store its result in the file",
                self.folded_work
            )));
        }
        self.constant(elements)
    }

    /// Takes the elements of one more constant off the budget.
    pub(crate) fn constant(&mut self, elements: usize) -> Result<()> {
        self.folded_elements = self.folded_elements.saturating_add(elements as u64);
        let limit = self.limit(FOLDED_ELEMENTS);
        if self.folded_elements <= limit {
            return Ok(());
        }
        Err(Error::model(format!(
            "its {elements} elements make {} of all constants, those that the file computes and \
             those of repeated calls included; supported are up to {limit} in a file of this size",
            self.folded_elements
        )))
    }

    /// One more operator reads constants of so many elements.
    pub(crate) fn read(&mut self, elements: usize) -> Result<()> {
        self.read_elements = self.read_elements.saturating_add(elements as u64);
        let limit = self.limit(READ_ELEMENTS);
        if self.read_elements <= limit {
            return Ok(());
        }
        Err(Error::model(format!(
            "operators read {} elements of constants up to here, counted again for each of them; \
             supported are up to {limit} in a file of this size",
            self.read_elements
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked_without_overflow() {
        assert_eq!(elements(&[]).expect("a scalar"), 1);
        assert_eq!(elements(&[2, 0, 3]).expect("none"), 0);
        assert_eq!(elements(&[1 << 14, 1 << 14]).expect("the most"), 1 << 28);
        for shape in [&[usize::MAX, 2, 0][..], &[1 << 28, 2], &[1; DIMENSIONS + 1]] {
            assert!(elements(shape).is_err(), "{shape:?}");
        }
        assert_eq!(product([usize::MAX, 3]), usize::MAX);
    }

    #[test]
    fn budgets_grow_with_the_file() {
        let mut small = Budget::new(100);
        small.constant(FOLDED_ELEMENTS as usize).expect("all");
        assert!(small.constant(1000).is_err());
        let mut large = Budget::new(1 << 27);
        large.constant(1 << 29).expect("eight for each byte");
        assert!(small.run(RUN_WORK).is_ok() && small.run(1).is_err());
    }
}
