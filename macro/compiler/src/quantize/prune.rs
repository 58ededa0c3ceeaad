//! Channels that do nothing are taken out: those whose value is the same whatever the
//! input is, and those that nothing depends on. Outputs stay as they are, byte for byte.
//!
//! Training with RELU and weight decay leaves many of them behind: a channel's weights
//! have become zero, or so small that they are zero in int8. What values channels can have
//! is found by interval arithmetic (Moore, "Interval Analysis", 1966) over the int8 program;
//! constants move into the biases of the operators that read them.

use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::graph::ElementType;
use crate::ir::kernel::Channelwise;
use crate::ir::quant_graph::{QuantGraph, Step, TensorId};

/// Channels at most of a tensor about which nothing is known that it is looked at for.
const MOST_CHANNELS: usize = 1 << 16;

impl QuantGraph {
    /// The programs without the channels that do nothing: for targets without wide SIMD
    /// registers, and for targets with them.
    pub(crate) fn prune_channels(self) -> [Self; 2] {
        let analysis = Analysis::new(&self);
        let [mcu, simd] = [false, true].map(|vectorized| analysis.channels(vectorized));
        [self.clone().keep_channels(&mcu), self.keep_channels(&simd)]
    }

    /// The program with these channels of each tensor, by tensor; `None` keeps all of them.
    fn keep_channels(mut self, channels: &[Option<Channels>]) -> Self {
        for step in &mut self.steps {
            let (Some(input), Some(output)) = (&channels[step.inputs[0]], &channels[step.output()])
            else {
                continue;
            };
            let differ = input.differ() || output.differ();
            if let Some(kernel) = step.kernel.channelwise().filter(|_| differ) {
                step.kernel = kernel.with(input, output).into();
                step.channels = Some([output.order.len(), output.all()]);
            }
        }
        for (tensor, channels) in self.tensors.iter_mut().zip(channels) {
            if let Some(channels) = channels {
                tensor.len = channels.of(tensor.len);
            }
        }
        self
    }
}

/// What is known about the channels of all tensors of a program.
struct Analysis<'a> {
    steps: Vec<ChannelStep<'a>>,
    /// For each tensor, the values that its channels can have; `None` if its channels are
    /// unknown.
    ranges: Vec<Option<Vec<IntRange>>>,
    /// For each tensor, the one that stands for all tensors that must keep the same channels.
    group: Vec<TensorId>,
    /// For each tensor, whether all its channels must stay.
    fixed: Vec<bool>,
}

/// A step that knows channels.
struct ChannelStep<'a> {
    kernel: &'a dyn Channelwise,
    input: TensorId,
    output: TensorId,
}

impl<'a> Analysis<'a> {
    /// Analyses the steps of a program in order.
    fn new(program: &'a QuantGraph) -> Self {
        let tensors = program.tensors.len();
        let mut analysis = Self {
            steps: Vec::new(),
            ranges: vec![None; tensors],
            group: (0..tensors).collect(),
            fixed: vec![true; tensors],
        };
        for step in &program.steps {
            if !analysis.add(program, step) {
                for &input in &step.inputs {
                    analysis.fixed[input] = true;
                }
            }
        }
        let next = program.states.iter().map(|s| s.next);
        for id in program.outputs.iter().copied().chain(next) {
            analysis.fixed[id] = true;
        }
        analysis
    }

    /// Goes on behind a step; false if it does not know the channels of its operands.
    fn add(&mut self, program: &'a QuantGraph, step: &'a Step) -> bool {
        let Some(kernel) = step.kernel.channelwise() else {
            return false;
        };
        let is_int8 = |id: &TensorId| program.tensors[*id].element == ElementType::I8;
        if step.results != 1 || !step.inputs.iter().all(is_int8) {
            return false;
        }
        let (input, output) = (step.inputs[0], step.output());
        let known: Option<Vec<&[IntRange]>> = step
            .inputs
            .iter()
            .map(|&id| self.ranges[id].as_deref())
            .collect();
        let (ranges, is_known) = match known.and_then(|known| kernel.ranges(&known)) {
            Some(ranges) => (Some(ranges), true),
            None => {
                let depth = kernel.depth().filter(|depth| *depth <= MOST_CHANNELS);
                let any = depth.map(|depth| vec![IntRange::FULL; depth]);
                let ranges = any.as_deref().and_then(|any| kernel.ranges(&[any]));
                self.ranges[input] = self.ranges[input].take().or(any);
                (ranges, false)
            }
        };
        let Some(ranges) = ranges else {
            return false;
        };
        let mixes = kernel.needs(&[], &[]).is_some();
        if is_known && !mixes {
            for &operand in &step.inputs {
                self.join(operand, output);
            }
        }
        self.ranges[output] = Some(ranges);
        self.fixed[output] = !is_int8(&output) || (!is_known && !mixes);
        self.steps.push(ChannelStep {
            kernel,
            input,
            output,
        });
        is_known
    }

    /// Two tensors have the same channels.
    fn join(&mut self, a: TensorId, b: TensorId) {
        let (a, b) = (self.group[a], self.group[b]);
        for group in self.group.iter_mut().filter(|g| **g == a) {
            *group = b;
        }
    }

    /// Decides which channels of every tensor are kept, and in which order.
    fn channels(&self, vectorized: bool) -> Vec<Option<Channels>> {
        let mut kept: Vec<Vec<bool>> = Vec::new();
        for (id, ranges) in self.ranges.iter().enumerate() {
            let is_fixed = self.members(id).any(|t| self.fixed[t]);
            kept.push(vec![is_fixed; ranges.as_ref().map_or(0, Vec::len)]);
        }
        loop {
            while self.spread(&mut kept) {}
            if !self.fill(&mut kept, vectorized) {
                break;
            }
        }
        let mut orders: Vec<Vec<usize>> = kept.iter().map(|kept| chosen(kept)).collect();
        for step in self.steps.iter().rev() {
            let order = step.kernel.better_order(&orders[step.output], vectorized);
            let members = self.members(step.output);
            if let Some(order) = order.filter(|_| !members.clone().any(|t| self.fixed[t])) {
                members.for_each(|t| orders[t].clone_from(&order));
            }
        }
        let all = self.ranges.iter().cloned().zip(orders);
        all.map(|(ranges, order)| {
            let ranges = ranges?;
            Some(Channels { ranges, order })
        })
        .collect()
    }

    /// The tensors with the same channels.
    fn members(&self, id: TensorId) -> impl Iterator<Item = TensorId> + Clone + '_ {
        (0..self.group.len()).filter(move |t| self.group[*t] == self.group[id])
    }

    /// Keeps what kept channels depend on; false if that is nothing more.
    fn spread(&self, kept: &mut [Vec<bool>]) -> bool {
        let mut changes = false;
        for step in self.steps.iter().rev() {
            let Some(input) = &self.ranges[step.input] else {
                continue;
            };
            if !kept[step.input].contains(&false) {
                continue;
            }
            if let Some(needs) = step.kernel.needs(input, &kept[step.output]) {
                changes |= self.keep(kept, step.input, &needs);
            }
        }
        changes
    }

    /// Keeps these channels of a tensor's group; false if they were kept already.
    fn keep(&self, kept: &mut [Vec<bool>], id: TensorId, more: &[bool]) -> bool {
        let mut changes = false;
        for member in self.members(id) {
            for (kept, more) in kept[member].iter_mut().zip(more) {
                changes |= *more && !*kept;
                *kept |= more;
            }
        }
        changes
    }

    /// Fills the channels up to whole units of what kernels take at once, constant ones
    /// first; false if nothing was to fill.
    fn fill(&self, kept: &mut [Vec<bool>], vectorized: bool) -> bool {
        let mut changes = false;
        for step in &self.steps {
            let Some(ranges) = &self.ranges[step.output] else {
                continue;
            };
            let mut more = kept[step.output].clone();
            let count = more.iter().filter(|k| **k).count();
            let unit = step.kernel.unit(vectorized);
            let missing = count.max(1).next_multiple_of(unit).min(more.len()) - count;
            let mut order: Vec<usize> = (0..more.len()).filter(|c| !more[*c]).collect();
            order.sort_by_key(|c| ranges[*c].constant().is_none());
            for &channel in order.iter().take(missing) {
                more[channel] = true;
            }
            changes |= self.keep(kept, step.output, &more);
        }
        changes
    }
}

/// The positions of what is true.
fn chosen(kept: &[bool]) -> Vec<usize> {
    (0..kept.len()).filter(|&c| kept[c]).collect()
}
