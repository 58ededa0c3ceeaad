//! Disjoint sets of tensors (union-find), for rules that bind tensors together.

use crate::ir::graph::ValueId;

pub(crate) struct DisjointSets {
    parent: Vec<ValueId>,
}

impl DisjointSets {
    /// So many sets, each of one tensor.
    pub(crate) fn new(values: usize) -> Self {
        Self {
            parent: (0..values).collect(),
        }
    }

    /// The tensor that stands for `value`'s set.
    pub(crate) fn find(&self, mut value: ValueId) -> ValueId {
        while self.parent[value] != value {
            value = self.parent[value];
        }
        value
    }

    pub(crate) fn unite(&mut self, a: ValueId, b: ValueId) {
        // Shorter paths: graphs of unrolled loops are long chains.
        let [first, second] = [a, b].map(|v| self.find(v));
        for (value, set) in [(a, first), (b, second)] {
            self.parent[value] = set;
        }
        self.parent[first] = second;
    }
}
