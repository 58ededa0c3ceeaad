//! NON_MAX_SUPPRESSION_V4 and V5: the best boxes that overlap little; always in f32.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{Arithmetic, OperatorTraits};
use crate::limits;
use crate::ops::shared::operands::{evaluate_by_kernel, operand};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Boxes that a file may ask for.
const MAX_SELECTED: usize = 1 << 16;

/// NON_MAX_SUPPRESSION_V4, which gives no scores.
pub(crate) struct NonMaxSuppressionV4;

impl NonMaxSuppressionV4 {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<NonMaxSuppression> {
        NonMaxSuppression::new(node, false)
    }
}

/// V5, whose scores may fall by overlaps.
pub(crate) struct NonMaxSuppressionV5;

impl NonMaxSuppressionV5 {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<NonMaxSuppression> {
        NonMaxSuppression::new(node, true)
    }
}

#[derive(Clone)]
pub(crate) struct NonMaxSuppression {
    /// How many boxes it gives at most.
    limit: usize,
    iou_threshold: f32,
    score_threshold: f32,
    /// The parameter of V5's soft suppression; 0 for none.
    sigma: f32,
    gives_scores: bool,
}

impl NonMaxSuppression {
    fn new(node: &ParseContext<'_>, gives_scores: bool) -> Result<Self> {
        let number = |i: usize, what: &str| {
            let real = node.input(i)?.real();
            let first = real.and_then(|v| v.first().copied());
            first.ok_or_else(|| {
                Error::model(format!(
                    "its {what} (input {i}) is computed at run time; only constants are supported"
                ))
            })
        };
        let limit = node.integers(2, "max_output_size")?;
        let limit = limit.first().and_then(|&n| usize::try_from(n).ok());
        let outputs = if gives_scores { 3 } else { 2 };
        Ok(Self {
            limit: limit
                .filter(|n| (1..=MAX_SELECTED).contains(n) && node.outputs == outputs)
                .ok_or_else(|| {
                    Error::model(format!("its max_output_size is not 1 to {MAX_SELECTED}"))
                })?,
            iou_threshold: number(3, "iou_threshold")?,
            score_threshold: number(4, "score_threshold")?,
            sigma: if gives_scores {
                number(5, "soft_nms_sigma")?
            } else {
                0.0
            },
            gives_scores,
        })
    }

    /// The boxes that are chosen, with their scores.
    fn selected(&self, boxes: &[f32], scores: &[f32]) -> Vec<(usize, f32)> {
        let mut queue = Vec::new();
        for (index, &score) in scores.iter().enumerate() {
            if score > self.score_threshold {
                let candidate = Candidate {
                    index,
                    score,
                    begin: 0,
                };
                push(&mut queue, candidate);
            }
        }
        let wanted = queue.len().min(self.limit);
        let mut selected: Vec<(usize, f32)> = Vec::new();
        while selected.len() < wanted && !queue.is_empty() {
            let Some(mut next) = pop(&mut queue) else {
                break;
            };
            let original = next.score;
            let mut excluded = false;
            for &(other, _) in selected[next.begin..].iter().rev() {
                let iou = overlap(
                    ordered(corners(boxes, next.index)),
                    ordered(corners(boxes, other)),
                );
                excluded = iou >= self.iou_threshold;
                if excluded {
                    break;
                }
                if self.sigma > 0.0 {
                    next.score *= (-0.5 / self.sigma * iou * iou).exp();
                }
                if next.score <= self.score_threshold {
                    break;
                }
            }
            next.begin = selected.len();
            if !excluded {
                if next.score == original {
                    selected.push((next.index, next.score));
                }
                if next.score > self.score_threshold {
                    push(&mut queue, next);
                }
            }
        }
        selected
    }
}

struct Candidate {
    index: usize,
    score: f32,
    /// The first selected box that it has not been compared with yet.
    begin: usize,
}

/// Puts a candidate into a binary heap, the best first. Equal scores come in the order
/// in which the reference's standard library has them.
fn push(heap: &mut Vec<Candidate>, candidate: Candidate) {
    heap.push(candidate);
    let mut at = heap.len() - 1;
    while at > 0 && heap[(at - 1) / 2].score < heap[at].score {
        heap.swap(at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

/// Takes the best: the hole sinks to the bottom by the better child, then the last one
/// takes its place and rises.
fn pop(heap: &mut Vec<Candidate>) -> Option<Candidate> {
    let len = heap.len().checked_sub(1)?;
    let mut hole = 0;
    while 2 * hole + 1 < len {
        let mut child = (2 * hole + 2).min(len - 1);
        if child == 2 * hole + 2 && heap[child].score < heap[child - 1].score {
            child -= 1;
        }
        heap.swap(hole, child);
        hole = child;
    }
    // What is at the hole is the first one.
    let first = heap.swap_remove(hole);
    while hole < len && hole > 0 && heap[(hole - 1) / 2].score < heap[hole].score {
        heap.swap(hole, (hole - 1) / 2);
        hole = (hole - 1) / 2;
    }
    Some(first)
}

pub(crate) fn corners(boxes: &[f32], i: usize) -> [f32; 4] {
    [0, 1, 2, 3].map(|k| boxes[4 * i + k])
}

/// Any two corners as the least and the largest.
fn ordered([y1, x1, y2, x2]: [f32; 4]) -> [f32; 4] {
    [y1.min(y2), x1.min(x2), y1.max(y2), x1.max(x2)]
}

/// The area of the intersection of two boxes over that of their union.
pub(crate) fn overlap(a: [f32; 4], b: [f32; 4]) -> f32 {
    let area = |b: [f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    if area(a) <= 0.0 || area(b) <= 0.0 {
        return 0.0;
    }
    let side = |d: usize| (a[d + 2].min(b[d + 2]) - a[d].max(b[d])).max(0.0);
    let intersection = side(0) * side(1);
    intersection / (area(a) + area(b) - intersection)
}

impl Operator for NonMaxSuppression {
    fn name(&self) -> &'static str {
        if self.gives_scores {
            "NON_MAX_SUPPRESSION_V5"
        } else {
            "NON_MAX_SUPPRESSION_V4"
        }
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(2),
            is_joint: true,
            arithmetic: Arithmetic::FloatOnly,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(vec![self.limit])
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        match inputs {
            [[boxes, 4], [scores]] if boxes == scores => {}
            _ => {
                return Err(Error::model(format!(
                    "its operands have shapes {inputs:?}, expected [n, 4] and [n]"
                )));
            }
        }
        let mut shapes = vec![vec![self.limit]; if self.gives_scores { 2 } else { 1 }];
        shapes.push(Vec::new());
        Ok(shapes)
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        let boxes = inputs.first().and_then(|boxes| boxes.first().copied());
        limits::product(boxes.into_iter().chain([self.limit.max(1)])) as u64
    }

    fn evaluate_all(
        &self,
        inputs: &RealOperands<'_>,
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        let kernel = self.kernel(operand(inputs, 1)?.len());
        evaluate_by_kernel(&kernel, inputs, 2, shapes)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower_float(context)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let sources = vec![Source::Operand(0), Source::Operand(1)];
        let kernel = self.kernel(context.input(1)?.value.len());
        Ok(Lowered::new(kernel, sources))
    }
}

impl NonMaxSuppression {
    /// The kernel for so many boxes.
    fn kernel(&self, boxes: usize) -> SuppressionKernel {
        SuppressionKernel {
            operator: self.clone(),
            boxes,
        }
    }
}

struct SuppressionKernel {
    operator: NonMaxSuppression,
    boxes: usize,
}

impl Kernel for SuppressionKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let operator = &self.operator;
        let selected = operator.selected(inputs[0].f32(), inputs[1].f32());
        let mut indices = vec![0; operator.limit];
        let mut scores = vec![0.0; operator.limit];
        for (place, &(index, score)) in selected.iter().enumerate() {
            (indices[place], scores[place]) = (index as i32, score);
        }
        let mut results = vec![Buffer::I32(indices)];
        if operator.gives_scores {
            results.push(Buffer::F32(scores));
        }
        results.push(Buffer::I32(vec![selected.len() as i32]));
        results
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        let numbers = (ElementType::I32, self.boxes);
        vec![(ElementType::F32, self.boxes), numbers, numbers]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let operator = &self.operator;
        let [iou, score, sigma] = [
            operator.iou_threshold,
            operator.score_threshold,
            operator.sigma,
        ]
        .map(literals::float);
        Emitted {
            parameters_type: quote!(NonMaxSuppression),
            parameters: quote!(rt::NonMaxSuppression {
                iou_threshold: #iou,
                score_threshold: #score,
                sigma: #sigma,
            }),
            function: KernelId::new(if operator.gives_scores {
                "non_max_suppression"
            } else {
                "non_max_suppression_v4"
            }),
        }
    }
}
