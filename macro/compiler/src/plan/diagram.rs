//! The arena over time, as text: people look rather than read.

use std::fmt::Write as _;

use crate::ir::quant_graph::{QuantGraph, TensorId};
use crate::plan::{ArenaPlan, Lifetime, Location, Sharing};

/// Characters of a line's bar.
const WIDTH: usize = 64;

/// The tensors that live in the arena while a step runs, by offset.
fn alive(program: &QuantGraph, plan: &ArenaPlan, position: usize) -> Vec<(TensorId, usize, usize)> {
    let all = plan.locations.iter().zip(&plan.lifetimes).enumerate();
    let mut alive: Vec<_> = all
        .filter_map(|(id, (location, lifetime))| match location {
            Location::Arena { offset } if lifetime.contains(position) => {
                Some((id, *offset, program.tensors[id].bytes()))
            }
            _ => None,
        })
        .collect();
    alive.sort_by_key(|&(id, offset, _)| (offset, id));
    alive
}

/// Bytes that any of these tensors uses.
fn used(alive: &[(TensorId, usize, usize)]) -> usize {
    let (mut bytes, mut end) = (0, 0);
    for &(_, offset, size) in alive {
        bytes += (offset + size).saturating_sub(end.max(offset));
        end = end.max(offset + size);
    }
    bytes
}

/// Bytes that are in use at a position of the order.
#[cfg(feature = "analysis")]
pub(crate) fn used_at(program: &QuantGraph, plan: &ArenaPlan, position: usize) -> usize {
    used(&alive(program, plan, position))
}

/// The text for the operator at a position of the order.
fn operator(program: &QuantGraph, plan: &ArenaPlan, position: usize) -> String {
    let step = &program.steps[plan.order[position]];
    match step.index {
        None => step.label(),
        Some(index) => format!("#{index} {}", step.label()),
    }
}

/// The step at which most of the arena is in use and what lives there, for errors.
pub(crate) fn peak(program: &QuantGraph, plan: &ArenaPlan) -> String {
    let positions = (0..plan.order.len()).rev();
    let Some(position) = positions.max_by_key(|&p| used(&alive(program, plan, p))) else {
        return String::new();
    };
    let tensors = alive(program, plan, position);
    let mut text = format!(
        "most, {} bytes, is in use at operator {}:",
        used(&tensors),
        operator(program, plan, position)
    );
    for (id, offset, bytes) in tensors {
        let name = name(program, id);
        let _ = write!(text, "\n  {bytes} bytes at {offset}: {name}");
    }
    text
}

/// The text for a tensor's name.
fn name(program: &QuantGraph, id: TensorId) -> String {
    let tensor = &program.tensors[id];
    let name = if tensor.name.is_empty() {
        "scratch memory"
    } else {
        tensor.name.split(';').next().unwrap_or("")
    };
    name.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A letter per tensor, again from the first one after the last.
fn letter(number: usize) -> char {
    let letters = ('a'..='z').chain('A'..='Z');
    letters.cycle().nth(number % 52).unwrap_or('?')
}

/// A line per step: which tensor lives where while it runs.
pub(crate) fn picture(program: &QuantGraph, plan: &ArenaPlan) -> String {
    let per_character = plan.bytes.div_ceil(WIDTH).max(1);
    let mut text = format!(
        "{} bytes, {per_character} a character; `.` is free\n",
        plan.bytes
    );
    let mut letters: Vec<Option<char>> = vec![None; program.tensors.len()];
    let mut count = 0;
    for position in 0..plan.order.len() {
        let tensors = alive(program, plan, position);
        let mut bar = vec!['.'; plan.bytes.div_ceil(per_character)];
        let mut legend = String::new();
        // Younger tensors over older ones.
        let mut by_age = tensors.clone();
        by_age.sort_by_key(|&(id, ..)| plan.lifetimes[id].first_use);
        for (id, offset, bytes) in by_age {
            let new = letters[id].is_none();
            let letter = *letters[id].get_or_insert_with(|| {
                count += 1;
                letter(count - 1)
            });
            if new {
                let Lifetime { last_use, .. } = plan.lifetimes[id];
                let name = name(program, id);
                let _ = write!(
                    legend,
                    "\n      {letter} {bytes} bytes at {offset}, until {last_use}: {name}"
                );
            }
            let begin = offset / per_character;
            let end = (offset + bytes).div_ceil(per_character);
            for c in bar.iter_mut().take(end).skip(begin) {
                *c = letter;
            }
        }
        let shares = match plan.sharing[position] {
            Sharing::Apart => "",
            Sharing::InPlace(_) => ", in place",
            Sharing::Overlapping => ", overlapping its input",
            Sharing::Joined => ", its operands lie side by side",
        };
        let bar: String = bar.into_iter().collect();
        let (operator, used) = (operator(program, plan, position), used(&tensors));
        let _ = writeln!(
            text,
            "{position:>4}  |{bar}| {used:>7}  {operator}{shares}{legend}"
        );
    }
    text
}
