//! The custom operator TFLite_Detection_PostProcess, in f32.

use crate::arithmetic::fixed_point::exp;
use crate::kernels::non_max_suppression::{corners, overlap};

/// The largest score of those that still count, the first of equal ones.
fn best(scores: &[f32], counts: impl Fn(usize) -> bool) -> Option<(usize, f32)> {
    let mut best: Option<(usize, f32)> = None;
    for (i, &score) in scores.iter().enumerate() {
        if counts(i) && best.is_none_or(|(_, most)| score > most) {
            best = Some((i, score));
        }
    }
    best
}

/// Parameters of the kernel [`detection_post_process`].
#[derive(Clone, Copy, Debug)]
pub struct DetectionPostProcess {
    /// Numbers of one box; the first four are its place.
    pub box_step: usize,
    /// Number of classes of a box.
    pub classes: usize,
    /// Scores of one box: one more, the first, if there is a background.
    pub scores: usize,
    /// Number of boxes in the output.
    pub max_detections: usize,
    /// Number of classes for each box in the output.
    pub classes_per_detection: usize,
    /// Boxes of each class; 0 if each box counts once, with its best class.
    pub detections_per_class: usize,
    /// Scores have to reach it.
    pub score_threshold: f32,
    /// Boxes that overlap more exclude each other.
    pub iou_threshold: f32,
    /// Divisors of y, x, height and width.
    pub scales: [f32; 4],
}

impl DetectionPostProcess {
    /// The corners of a box that is encoded relative to its anchor.
    fn decode(&self, encoded: &[f32], anchor: [f32; 4]) -> [f32; 4] {
        let [y, x, h, w] = match encoded {
            &[y, x, h, w, ..] => [y, x, h, w],
            _ => [0.0; 4],
        };
        let [scale_y, scale_x, scale_h, scale_w] = self.scales;
        let [anchor_y, anchor_x, anchor_h, anchor_w] = anchor;
        let center_y = y / scale_y * anchor_h + anchor_y;
        let center_x = x / scale_x * anchor_w + anchor_x;
        let half_h = 0.5 * exp(h / scale_h) * anchor_h;
        let half_w = 0.5 * exp(w / scale_w) * anchor_w;
        [
            center_y - half_h,
            center_x - half_w,
            center_y + half_h,
            center_x + half_w,
        ]
    }

    /// Calls `f` with the boxes of one class that are left, by falling score.
    fn select(
        &self,
        decoded: &[f32],
        scores: &[f32],
        active: &mut [i8],
        limit: usize,
        mut f: impl FnMut(usize, f32),
    ) {
        let mut left = 0;
        for (active, &score) in active.iter_mut().zip(scores) {
            *active = i8::from(score >= self.score_threshold);
            left += usize::from(*active == 1);
        }
        for _ in 0..left.min(limit) {
            let counts = |i: usize| active.get(i) == Some(&1);
            let Some((i, score)) = best(scores, counts) else {
                return;
            };
            f(i, score);
            let chosen = corners(decoded, i);
            if let Some(active) = active.get_mut(i) {
                *active = 0;
            }
            for (j, active) in active.iter_mut().enumerate() {
                if *active == 1 && overlap(&chosen, &corners(decoded, j)) > self.iou_threshold {
                    *active = 0;
                }
            }
        }
    }
}

/// Working memory of the kernel.
struct Work<'a> {
    decoded: &'a mut [f32],
    scores: &'a mut [f32],
    active: &'a mut [i8],
    /// Box and class of each detection.
    places: &'a mut [i32],
}

/// Boxes, classes, scores and their number; unused outputs are 0.
#[allow(
    clippy::too_many_arguments,
    reason = "emitted code passes every operand and output on its own"
)]
pub fn detection_post_process(
    p: &DetectionPostProcess,
    encoded: &[f32],
    scores: &[f32],
    anchors: &[f32],
    boxes: &mut [f32],
    classes: &mut [f32],
    detected: &mut [f32],
    count: &mut [f32],
    decoded: &mut [f32],
    of_class: &mut [f32],
    active: &mut [i8],
    places: &mut [i32],
) {
    boxes.fill(0.0);
    classes.fill(0.0);
    detected.fill(0.0);
    let all = encoded.chunks_exact(p.box_step.max(1));
    for (i, (place, encoded)) in decoded.chunks_exact_mut(4).zip(all).enumerate() {
        place.copy_from_slice(&p.decode(encoded, corners(anchors, i)));
    }
    let work = Work {
        decoded,
        scores: of_class,
        active,
        places,
    };
    let detections = if p.detections_per_class == 0 {
        fast(p, scores, work, boxes, classes, detected)
    } else {
        regular(p, scores, work, boxes, classes, detected)
    };
    count.fill(detections as f32);
}

/// The scores of one box, without that of the background.
fn row<'a>(p: &DetectionPostProcess, scores: &'a [f32], i: usize) -> &'a [f32] {
    let end = (i + 1) * p.scores;
    scores
        .get(end.saturating_sub(p.classes)..end)
        .unwrap_or(&[])
}

/// Every box counts with its best class.
fn fast(
    p: &DetectionPostProcess,
    scores: &[f32],
    work: Work<'_>,
    boxes: &mut [f32],
    classes: &mut [f32],
    detected: &mut [f32],
) -> usize {
    for (i, most) in work.scores.iter_mut().enumerate() {
        *most = best(row(p, scores, i), |_| true).map_or(0.0, |(_, score)| score);
    }
    let mut detections = 0;
    let per_box = p.classes_per_detection.max(1);
    let decoded = &*work.decoded;
    let limit = p.max_detections;
    p.select(decoded, work.scores, work.active, limit, |i, _| {
        let mut last: Option<(usize, f32)> = None;
        for k in 0..per_box.min(p.classes) {
            // The next one: a lower score, or the same of a later class.
            let row = row(p, scores, i);
            let follows = |class: usize| {
                let score = row.get(class).copied().unwrap_or(0.0);
                last.is_none_or(|(at, most)| score < most || (score == most && class > at))
            };
            last = best(row, follows);
            let at = detections * per_box + k;
            let place = boxes.get_mut(4 * at..4 * at + 4);
            if let (Some(place), Some((class, score))) = (place, last) {
                place.copy_from_slice(&corners(decoded, i));
                if let (Some(c), Some(s)) = (classes.get_mut(at), detected.get_mut(at)) {
                    (*c, *s) = (class as f32, score);
                }
            }
        }
        detections += 1;
    });
    detections
}

/// Every class on its own; then the best of all.
fn regular(
    p: &DetectionPostProcess,
    scores: &[f32],
    work: Work<'_>,
    boxes: &mut [f32],
    classes: &mut [f32],
    detected: &mut [f32],
) -> usize {
    let mut detections = 0;
    let decoded = &*work.decoded;
    for class in 0..p.classes {
        for (i, score) in work.scores.iter_mut().enumerate() {
            *score = row(p, scores, i).get(class).copied().unwrap_or(0.0);
        }
        let (limit, places) = (p.detections_per_class, &mut *work.places);
        p.select(decoded, work.scores, work.active, limit, |i, score| {
            // Behind all that are not smaller.
            let earlier = detected.get(..detections).unwrap_or(&[]);
            let at = earlier.iter().take_while(|&&other| other >= score).count();
            let most = p.max_detections.min(detected.len()).min(places.len());
            if at >= most {
                return;
            }
            detections = (detections + 1).min(most);
            if let (Some(s), Some(b)) = (
                detected.get_mut(at..detections),
                places.get_mut(at..detections),
            ) {
                s.rotate_right(1);
                b.rotate_right(1);
                if let (Some(s), Some(b)) = (s.first_mut(), b.first_mut()) {
                    (*s, *b) = (score, (i * p.classes + class) as i32);
                }
            }
        });
    }
    let places = work.places.iter().take(detections);
    for ((&place, class), corner) in places.zip(classes).zip(boxes.chunks_exact_mut(4)) {
        let place = place as usize;
        *class = (place % p.classes.max(1)) as f32;
        corner.copy_from_slice(&corners(decoded, place / p.classes.max(1)));
    }
    detections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detections_are_the_best_of_their_classes() {
        let p = DetectionPostProcess {
            box_step: 4,
            classes: 2,
            scores: 3,
            max_detections: 3,
            classes_per_detection: 1,
            detections_per_class: 0,
            score_threshold: 0.2,
            iou_threshold: 0.5,
            scales: [1.0; 4],
        };
        // Boxes that are their anchors: centers and sizes.
        let anchors = [0.5, 0.5, 1.0, 1.0, 0.5, 0.6, 1.0, 1.0, 2.5, 2.5, 1.0, 1.0];
        let scores = [0.0, 0.3, 0.8, 0.0, 0.9, 0.1, 0.0, 0.1, 0.15];
        let run = |p: &DetectionPostProcess| {
            let (mut boxes, mut classes, mut detections, mut count) =
                ([9.0; 12], [9.0; 3], [9.0; 3], [9.0]);
            let (mut decoded, mut one, mut active, mut places) =
                ([0.0; 12], [0.0; 3], [0; 3], [0; 3]);
            detection_post_process(
                p,
                &[0.0; 12],
                &scores,
                &anchors,
                &mut boxes,
                &mut classes,
                &mut detections,
                &mut count,
                &mut decoded,
                &mut one,
                &mut active,
                &mut places,
            );
            assert!((boxes[1] - 0.1_f32).abs() < 1e-6);
            (classes, detections, count)
        };
        assert_eq!(run(&p), ([0.0; 3], [0.9, 0.0, 0.0], [1.0]));
        let regular = DetectionPostProcess {
            detections_per_class: 3,
            ..p
        };
        assert_eq!(run(&regular), ([0.0, 1.0, 0.0], [0.9, 0.8, 0.0], [2.0]));
    }
}
