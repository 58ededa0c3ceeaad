//! Operators that do not run exactly once: the branches of IF and the loops of WHILE.
//!
//! A program stays one list in order of execution, in which every tensor is written in one
//! place. What is different about an operator of a branch or a loop is its region: regions
//! lie in each other, say under which condition they run, and are contiguous in the list. A
//! loop begins anew when its last operator has run; what is computed there for the next round
//! becomes the loop's variables then.
//!
//! The float graph and the quantized program have the same regions: numbers of tensors are
//! those of values there and of tensors here.

use crate::limits::ROUNDS;

/// The number of a region; [`WHOLE`] is the program itself.
pub(crate) type RegionId = usize;

/// The region of what runs exactly once.
pub(crate) const WHOLE: RegionId = 0;

/// A part of a program.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// The region that it lies in.
    pub parent: RegionId,
    pub kind: Kind,
    /// The operator that it is a part of, for messages.
    pub place: String,
}

/// The condition under which a region runs.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// If this tensor is true, or false.
    Branch { condition: usize, when: bool },
    /// Again and again: it begins with the condition, and its last operators lie in a branch
    /// of that, the body.
    Loop { variables: Vec<Variable> },
}

/// What a loop hands from one round to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Its content during a round.
    pub value: usize,
    /// The tensor that the last operators of the body write, in the same memory.
    pub next: usize,
}

/// All regions of a program but [`WHOLE`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Regions(Vec<Region>);

/// Where a loop lies in a list of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent<'a> {
    pub first: usize,
    pub last: usize,
    pub variables: &'a [Variable],
}

impl Regions {
    pub(crate) fn add(&mut self, region: Region) -> RegionId {
        self.0.push(region);
        self.0.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, id: RegionId) -> Option<&Region> {
        id.checked_sub(1).and_then(|i| self.0.get(i))
    }

    pub(crate) fn get_mut(&mut self, id: RegionId) -> Option<&mut Region> {
        id.checked_sub(1).and_then(|i| self.0.get_mut(i))
    }

    /// The region and all that it lies in, but for [`WHOLE`]; the innermost first.
    pub(crate) fn around(&self, id: RegionId) -> impl Iterator<Item = (RegionId, &Region)> {
        let with_id = |id: RegionId| self.get(id).map(|region| (id, region));
        std::iter::successors(with_id(id), move |(_, region)| with_id(region.parent))
    }

    /// True if `inner` is `outer` or lies in it.
    pub(crate) fn contains(&self, outer: RegionId, inner: RegionId) -> bool {
        outer == WHOLE || self.around(inner).any(|(id, _)| id == outer)
    }

    /// What must hold for operators of a region to run, the outermost condition first.
    pub(crate) fn conditions(&self, id: RegionId) -> Vec<(usize, bool)> {
        let own = self.around(id).filter_map(|(_, region)| match region.kind {
            Kind::Branch { condition, when } => Some((condition, when)),
            Kind::Loop { .. } => None,
        });
        let mut conditions: Vec<_> = own.collect();
        conditions.reverse();
        conditions
    }

    /// The variables of all loops.
    pub(crate) fn variables(&self) -> impl Iterator<Item = Variable> {
        self.0
            .iter()
            .flat_map(|region| match &region.kind {
                Kind::Loop { variables } => variables.as_slice(),
                Kind::Branch { .. } => &[],
            })
            .copied()
    }

    /// The variables of the loop for whose next round a tensor is written.
    pub(crate) fn handed_on(&self, next: usize) -> Option<&[Variable]> {
        self.0.iter().find_map(|region| match &region.kind {
            Kind::Loop { variables } if variables.iter().any(|v| v.next == next) => {
                Some(variables.as_slice())
            }
            _ => None,
        })
    }

    /// The conditions of all branches.
    pub(crate) fn tested(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|region| match region.kind {
            Kind::Branch { condition, .. } => Some(condition),
            Kind::Loop { .. } => None,
        })
    }

    /// The loops of a list of operators, given by their regions.
    pub(crate) fn loops(&self, operators: &[RegionId]) -> Vec<Extent<'_>> {
        let mut found: Vec<Option<Extent<'_>>> = vec![None; self.0.len()];
        for (position, &operator) in operators.iter().enumerate() {
            for (id, region) in self.around(operator) {
                if let Kind::Loop { variables } = &region.kind {
                    let extent = found[id - 1].get_or_insert(Extent {
                        first: position,
                        last: position,
                        variables,
                    });
                    extent.last = position;
                }
            }
        }
        found.into_iter().flatten().collect()
    }

    /// A copy in which every tensor is exchanged; `None` if there is none for one of them.
    pub(crate) fn map(&self, tensor: impl Fn(usize) -> Option<usize>) -> Option<Self> {
        let mut regions = self.clone();
        for region in &mut regions.0 {
            match &mut region.kind {
                Kind::Branch { condition, .. } => *condition = tensor(*condition)?,
                Kind::Loop { variables } => {
                    for variable in variables {
                        variable.value = tensor(variable.value)?;
                        variable.next = tensor(variable.next)?;
                    }
                }
            }
        }
        Some(regions)
    }

    /// Reads `to` wherever a condition was `from`.
    pub(crate) fn replace(&mut self, from: usize, to: usize) {
        for region in &mut self.0 {
            if let Kind::Branch { condition, .. } = &mut region.kind
                && *condition == from
            {
                *condition = to;
            }
        }
    }
}

/// What an interpreter does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// Runs the operator at this position.
    Run(usize),
    /// Leaves it out: its outputs are never chosen.
    Skip(usize),
    /// Begins a loop anew, with these contents of its variables.
    Again(&'a [Variable]),
}

/// Walks through a list of operators as a run of the program does.
pub(crate) struct Cursor<'a> {
    /// The conditions of each step, by its position.
    conditions: Vec<Vec<(usize, bool)>>,
    loops: Vec<Extent<'a>>,
    next: usize,
    /// The operator that has run last, if it ends a loop.
    end: Option<Extent<'a>>,
    rounds: usize,
}

impl<'a> Cursor<'a> {
    /// `operators` are the regions of a program's operators, in order of execution.
    pub(crate) fn new(regions: &'a Regions, operators: &[RegionId]) -> Self {
        let is_plain = regions.is_empty();
        let conditions = |&id: &RegionId| {
            if is_plain {
                Vec::new()
            } else {
                regions.conditions(id)
            }
        };
        Self {
            conditions: operators.iter().map(conditions).collect(),
            loops: regions.loops(operators),
            next: 0,
            end: None,
            rounds: 0,
        }
    }

    /// The next event before the operator at `limit` is reached for good: loops in front of
    /// it have ended.
    pub(crate) fn next(
        &mut self,
        limit: usize,
        is_true: impl Fn(usize) -> bool,
    ) -> Option<Event<'a>> {
        if let Some(extent) = self.end.take() {
            if self.rounds < ROUNDS {
                self.rounds += 1;
                self.next = extent.first;
                return Some(Event::Again(extent.variables));
            }
            // It goes on behind the loop, to end at all.
            self.rounds += 1;
        }
        let position = self.next;
        if position >= limit {
            return None;
        }
        let conditions = self.conditions.get(position)?;
        self.next += 1;
        if conditions.iter().all(|&(id, when)| is_true(id) == when) {
            self.end = self.loops.iter().find(|l| l.last == position).copied();
            return Some(Event::Run(position));
        }
        Some(Event::Skip(position))
    }

    /// True if a loop did not end by itself.
    pub(crate) fn is_endless(&self) -> bool {
        self.rounds > ROUNDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tensor 9 chooses; tensor 8 says whether the loop goes on.
    fn regions() -> Regions {
        let mut regions = Regions::default();
        let region = |parent, kind| Region {
            parent,
            kind,
            place: String::new(),
        };
        let branch = |condition, when| Kind::Branch { condition, when };
        assert_eq!(regions.add(region(WHOLE, branch(9, true))), 1);
        assert_eq!(regions.add(region(WHOLE, branch(9, false))), 2);
        let variables = vec![Variable { value: 3, next: 4 }];
        assert_eq!(regions.add(region(2, Kind::Loop { variables })), 3);
        assert_eq!(regions.add(region(3, branch(8, true))), 4);
        regions
    }

    #[test]
    fn branches_are_left_out_and_loops_repeated() {
        let regions = regions();
        let operators = [0, 1, 2, 3, 4, 4, 2, 0];
        let run = |choice: bool, rounds: usize| {
            let mut cursor = Cursor::new(&regions, &operators);
            let (mut ran, mut again) = (Vec::new(), 0);
            while let Some(event) = cursor.next(usize::MAX, |id| match id {
                9 => choice,
                _ => again < rounds,
            }) {
                match event {
                    Event::Run(position) => ran.push(position),
                    Event::Again(variables) => {
                        assert_eq!(variables, [Variable { value: 3, next: 4 }]);
                        again += 1;
                    }
                    Event::Skip(_) => {}
                }
            }
            (ran, cursor.is_endless())
        };
        assert_eq!(run(true, 5), (vec![0, 1, 7], false));
        assert_eq!(run(false, 0), (vec![0, 2, 3, 6, 7], false));
        assert_eq!(run(false, 2).0, [0, 2, 3, 4, 5, 3, 4, 5, 3, 6, 7]);
        assert!(run(false, usize::MAX).1);
    }

    #[test]
    fn regions_lie_in_each_other() {
        let regions = regions();
        assert!(regions.contains(2, 4) && !regions.contains(1, 4) && regions.contains(WHOLE, 1));
        assert_eq!(regions.conditions(4), [(9, false), (8, true)]);
        let loops = regions.loops(&[0, 1, 2, 3, 4, 4, 2, 0]);
        assert_eq!((loops[0].first, loops[0].last), (3, 5));
        assert!(regions.map(|t| (t != 8).then_some(t)).is_none());
    }
}
