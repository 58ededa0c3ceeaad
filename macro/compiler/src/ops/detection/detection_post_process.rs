//! TFLite_Detection_PostProcess: boxes relative to anchors become detections; always in
//! f32.

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
use crate::ops::detection::non_max_suppression::{corners, overlap};
use crate::ops::shared::operands::{evaluate_by_kernel, operand};
use crate::tflite::Attributes;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Detections that a file may ask for.
const MAX_DETECTIONS: usize = 1 << 16;

/// The operator TFLite_Detection_PostProcess: boxes relative to anchors become detections; always
/// in f32.
#[derive(Clone)]
pub(crate) struct DetectionPostProcess {
    max_detections: usize,
    classes_per_detection: usize,
    /// `None` if each box counts once, with its best class.
    detections_per_class: Option<usize>,
    score_threshold: f32,
    iou_threshold: f32,
    classes: usize,
    /// The factors of y, x, height and width in encoded boxes.
    scales: [f32; 4],
}

impl DetectionPostProcess {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let bytes = node.operator.custom_options().map(|o| o.bytes());
        let attributes = bytes
            .and_then(Attributes::new)
            .ok_or_else(|| Error::model("its custom options are not a flexbuffer map"))?;
        let number = |key: &str| {
            let found = attributes.number(key);
            found.ok_or_else(|| Error::model(format!("it has no attribute {key:?}")))
        };
        let count = |key: &str| {
            let n = number(key)?;
            let fits = n >= 1.0 && n <= MAX_DETECTIONS as f64;
            fits.then_some(n as usize).ok_or_else(|| {
                Error::model(format!(
                    "its attribute {key:?} is {n}, expected 1 to {MAX_DETECTIONS}"
                ))
            })
        };
        let regular = attributes
            .number("use_regular_nms")
            .is_some_and(|x| x != 0.0);
        let per_class = match attributes.number("detections_per_class") {
            None => 100,
            Some(_) if !regular => 100,
            Some(_) => count("detections_per_class")?,
        };
        let mut scales = [0.0; 4];
        for (scale, key) in scales
            .iter_mut()
            .zip(["y_scale", "x_scale", "h_scale", "w_scale"])
        {
            *scale = number(key)? as f32;
        }
        if node.outputs != 4 {
            return Err(Error::model("it has not 4 outputs"));
        }
        let (max_detections, classes_per_detection) = (
            count("max_detections")?,
            count("max_classes_per_detection")?,
        );
        if max_detections * classes_per_detection > MAX_DETECTIONS {
            return Err(Error::model(format!(
                "it gives {max_detections} times {classes_per_detection} detections; supported \
                 are {MAX_DETECTIONS}"
            )));
        }
        Ok(Self {
            max_detections,
            classes_per_detection,
            detections_per_class: regular.then_some(per_class),
            score_threshold: number("nms_score_threshold")? as f32,
            iou_threshold: number("nms_iou_threshold")? as f32,
            classes: count("num_classes")?,
            scales,
        })
    }

    /// Boxes, numbers of one box, scores of one box.
    fn sizes(&self, inputs: &[&[usize]]) -> Result<[usize; 3]> {
        match *inputs {
            [&[1, boxes, step], &[1, scored, scores], &[anchors, 4]]
                if boxes == scored
                    && boxes == anchors
                    && step >= 4
                    && (self.classes == scores || self.classes + 1 == scores) =>
            {
                Ok([boxes, step, scores])
            }
            _ => Err(Error::model(format!(
                "its operands have shapes {inputs:?}, expected [1, n, 4], [1, n, {}] and [n, 4]",
                self.classes
            ))),
        }
    }

    fn rows(&self) -> usize {
        self.max_detections * self.classes_per_detection
    }
}

impl Operator for DetectionPostProcess {
    fn name(&self) -> &'static str {
        "TFLite_Detection_PostProcess"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            is_joint: true,
            arithmetic: Arithmetic::FloatOnly,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(vec![1, self.rows(), 4])
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        self.sizes(inputs)?;
        let rows = self.rows();
        Ok(vec![
            vec![1, rows, 4],
            vec![1, rows],
            vec![1, rows],
            vec![1],
        ])
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        let kept = self.detections_per_class.unwrap_or(self.max_detections);
        self.sizes(inputs).map_or(0, |[boxes, _, scores]| {
            limits::product([boxes, scores, kept]) as u64
        })
    }

    fn evaluate_all(
        &self,
        inputs: &RealOperands<'_>,
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        let dims = |i: usize| Ok::<_, Error>(operand(inputs, i)?.shape());
        let kernel = self.kernel(&[dims(0)?, dims(1)?, dims(2)?])?;
        evaluate_by_kernel(&kernel, inputs, 3, shapes)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower_float(context)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let shape = |i: usize| Ok::<_, Error>(context.input(i)?.value.shape.as_slice());
        let kernel = self.kernel(&[shape(0)?, shape(1)?, shape(2)?])?;
        let sources = (0..3).map(Source::Operand).collect();
        Ok(Lowered::new(kernel, sources))
    }
}

impl DetectionPostProcess {
    fn kernel(&self, inputs: &[&[usize]]) -> Result<DetectionKernel> {
        let [boxes, step, scores] = self.sizes(inputs)?;
        Ok(DetectionKernel {
            operator: self.clone(),
            boxes,
            step,
            scores,
        })
    }
}

struct DetectionKernel {
    operator: DetectionPostProcess,
    boxes: usize,
    /// How many numbers one box has.
    step: usize,
    /// Scores of one box; that of the background comes first.
    scores: usize,
}

impl DetectionKernel {
    fn decoded(&self, encoded: &[f32], anchors: &[f32]) -> Vec<f32> {
        let decode = |i: usize| {
            let place = [0, 1, 2, 3].map(|k| f64::from(encoded[i * self.step + k]));
            let anchor = corners(anchors, i).map(f64::from);
            let scales = self.operator.scales.map(f64::from);
            let center = |d: usize| (place[d] / scales[d] * anchor[d + 2] + anchor[d]) as f32;
            let half =
                |d: usize| (0.5 * (place[d + 2] / scales[d + 2]).exp() * anchor[d + 2]) as f32;
            let (y, x, h, w) = (center(0), center(1), half(0), half(1));
            [y - h, x - w, y + h, x + w]
        };
        (0..self.boxes).flat_map(decode).collect()
    }

    /// The scores of one box, without that of the background.
    fn row<'a>(&self, scores: &'a [f32], i: usize) -> &'a [f32] {
        &scores[(i + 1) * self.scores - self.operator.classes..(i + 1) * self.scores]
    }

    /// The boxes of one class that are left, by falling score.
    fn select(&self, decoded: &[f32], scores: &[f32], limit: usize) -> Vec<usize> {
        let reaches = |&i: &usize| scores[i] >= self.operator.score_threshold;
        let mut order: Vec<usize> = (0..scores.len()).filter(reaches).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut selected: Vec<usize> = Vec::new();
        for i in order {
            let iou = |&j: &usize| overlap(corners(decoded, i), corners(decoded, j));
            if selected.len() == limit {
                break;
            }
            if selected
                .iter()
                .all(|j| iou(j) <= self.operator.iou_threshold)
            {
                selected.push(i);
            }
        }
        selected
    }

    /// Row of the output, box, class and score of every detection, and how many there are.
    fn detections(
        &self,
        decoded: &[f32],
        scores: &[f32],
    ) -> (Vec<(usize, usize, usize, f32)>, usize) {
        let operator = &self.operator;
        let falling = |list: &mut Vec<(usize, usize, f32)>| {
            list.sort_by(|a, b| b.2.total_cmp(&a.2));
        };
        let mut found: Vec<(usize, usize, f32)> = Vec::new();
        if let Some(limit) = operator.detections_per_class {
            for class in 0..operator.classes {
                let one: Vec<f32> = (0..self.boxes)
                    .map(|i| self.row(scores, i)[class])
                    .collect();
                let selected = self.select(decoded, &one, limit);
                found.extend(selected.into_iter().map(|i| (i, class, one[i])));
                falling(&mut found);
                found.truncate(operator.max_detections);
            }
            let count = found.len();
            let rows = found.into_iter().enumerate();
            return (
                rows.map(|(row, (i, class, score))| (row, i, class, score))
                    .collect(),
                count,
            );
        }
        let largest = |i: usize| self.row(scores, i).iter().copied().fold(f32::MIN, f32::max);
        let best: Vec<f32> = (0..self.boxes).map(largest).collect();
        let selected = self.select(decoded, &best, operator.max_detections);
        let mut rows = Vec::new();
        for (at, &i) in selected.iter().enumerate() {
            let numbered = self.row(scores, i).iter().enumerate();
            let mut classes: Vec<_> = numbered.map(|(class, &score)| (i, class, score)).collect();
            falling(&mut classes);
            let kept = classes.into_iter().take(operator.classes_per_detection);
            let first = at * operator.classes_per_detection;
            rows.extend(
                kept.enumerate()
                    .map(|(k, (i, class, score))| (first + k, i, class, score)),
            );
        }
        (rows, selected.len())
    }
}

impl Kernel for DetectionKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let decoded = self.decoded(inputs[0].f32(), inputs[2].f32());
        let (detections, count) = self.detections(&decoded, inputs[1].f32());
        let rows = self.operator.rows();
        let (mut boxes, mut classes, mut scores) =
            (vec![0.0; 4 * rows], vec![0.0; rows], vec![0.0; rows]);
        for (row, i, class, score) in detections {
            boxes[4 * row..][..4].copy_from_slice(&corners(&decoded, i));
            (classes[row], scores[row]) = (class as f32, score);
        }
        [boxes, classes, scores, vec![count as f32]]
            .map(Buffer::F32)
            .into()
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        vec![
            (ElementType::F32, 4 * self.boxes),
            (ElementType::F32, self.boxes),
            (ElementType::I8, self.boxes),
            (ElementType::I32, self.operator.max_detections),
        ]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let operator = &self.operator;
        let sizes = literals::fields(&[
            ("box_step", self.step),
            ("classes", operator.classes),
            ("scores", self.scores),
            ("max_detections", operator.max_detections),
            ("classes_per_detection", operator.classes_per_detection),
            (
                "detections_per_class",
                operator.detections_per_class.unwrap_or(0),
            ),
        ]);
        let (score, iou) = (
            literals::float(operator.score_threshold),
            literals::float(operator.iou_threshold),
        );
        let scales = operator.scales.map(literals::float);
        Emitted {
            parameters_type: quote!(DetectionPostProcess),
            parameters: quote!(rt::DetectionPostProcess {
                #sizes
                score_threshold: #score,
                iou_threshold: #iou,
                scales: [#(#scales),*],
            }),
            function: KernelId::new("detection_post_process"),
        }
    }
}
