//! NON_MAX_SUPPRESSION_V4 and V5, in f32.

use crate::arithmetic::fixed_point::exp_of_negative;

/// Parameters of the kernel [`non_max_suppression`].
#[derive(Clone, Copy, Debug)]
pub struct NonMaxSuppression {
    /// Boxes that overlap this much or more exclude each other.
    pub iou_threshold: f32,
    /// Scores have to be above it.
    pub score_threshold: f32,
    /// How much overlapping boxes lower each other's scores; 0 for not at all.
    pub sigma: f32,
}

/// Intersection over union of two boxes (y, x, y, x).
#[inline(always)]
pub(super) fn overlap(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let area = |b: &[f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let (area_a, area_b) = (area(a), area(b));
    if area_a <= 0.0 || area_b <= 0.0 {
        return 0.0;
    }
    let height = a[2].min(b[2]) - a[0].max(b[0]);
    let width = a[3].min(b[3]) - a[1].max(b[1]);
    let intersection = height.max(0.0) * width.max(0.0);
    intersection / (area_a + area_b - intersection)
}

pub(super) fn corners(boxes: &[f32], i: usize) -> [f32; 4] {
    match boxes.get(4 * i..4 * i + 4) {
        Some(&[a, b, c, d]) => [a, b, c, d],
        _ => [0.0; 4],
    }
}

/// Any two corners as the least and the largest.
fn ordered([y1, x1, y2, x2]: [f32; 4]) -> [f32; 4] {
    [y1.min(y2), x1.min(x2), y1.max(y2), x1.max(x2)]
}

/// A binary heap of boxes, the best first; of equal scores, as the reference's standard
/// library has them.
struct Heap<'a> {
    boxes: &'a mut [i32],
    len: usize,
}

impl Heap<'_> {
    fn score(&self, place: usize, scores: &[f32]) -> f32 {
        let index = self.boxes.get(place).map_or(usize::MAX, |&i| i as usize);
        scores.get(index).copied().unwrap_or(f32::NEG_INFINITY)
    }

    fn put(&mut self, place: usize, index: i32) {
        if let Some(slot) = self.boxes.get_mut(place) {
            *slot = index;
        }
    }

    fn copy(&mut self, to: usize, from: usize) {
        let index = self.boxes.get(from).copied().unwrap_or(0);
        self.put(to, index);
    }

    /// Moves a hole up to where `index` belongs.
    fn rise(&mut self, mut hole: usize, index: i32, scores: &[f32]) {
        let own = scores.get(index as usize).copied().unwrap_or(0.0);
        while hole > 0 && self.score((hole - 1) / 2, scores) < own {
            self.copy(hole, (hole - 1) / 2);
            hole = (hole - 1) / 2;
        }
        self.put(hole, index);
    }

    fn push(&mut self, index: i32, scores: &[f32]) {
        self.len = (self.len + 1).min(self.boxes.len());
        self.rise(self.len.saturating_sub(1), index, scores);
    }

    fn pop(&mut self, scores: &[f32]) -> Option<usize> {
        let first = *self.boxes.first().filter(|_| self.len > 0)?;
        self.len -= 1;
        let last = self.boxes.get(self.len).copied().unwrap_or(0);
        // The hole sinks to the bottom by the better child, then the last one rises.
        let mut hole = 0;
        while 2 * hole + 2 < self.len {
            let mut child = 2 * hole + 2;
            if self.score(child, scores) < self.score(child - 1, scores) {
                child -= 1;
            }
            self.copy(hole, child);
            hole = child;
        }
        if 2 * hole + 2 == self.len {
            self.copy(hole, 2 * hole + 1);
            hole = 2 * hole + 1;
        }
        if self.len > 0 {
            self.rise(hole, last, scores);
        }
        Some(first as usize)
    }
}

/// The boxes that are left, by falling score, their scores and how many there are; unused
/// outputs are 0. `current`, `begin` and `heap` hold a number for each box.
#[allow(
    clippy::too_many_arguments,
    reason = "emitted code passes every operand and output on its own"
)]
pub fn non_max_suppression(
    p: &NonMaxSuppression,
    boxes: &[f32],
    scores: &[f32],
    selected: &mut [i32],
    selected_scores: &mut [f32],
    count: &mut [i32],
    current: &mut [f32],
    begin: &mut [i32],
    heap: &mut [i32],
) {
    selected.fill(0);
    selected_scores.fill(0.0);
    begin.fill(0);
    for (current, &score) in current.iter_mut().zip(scores) {
        *current = score;
    }
    let mut heap = Heap {
        boxes: heap,
        len: 0,
    };
    for (i, &score) in scores.iter().enumerate() {
        if score > p.score_threshold {
            heap.push(i as i32, current);
        }
    }
    let wanted = heap.len.min(selected.len());
    let mut kept = 0;
    while kept < wanted {
        let Some(i) = heap.pop(current) else { break };
        let candidate = ordered(corners(boxes, i));
        let original = current.get(i).copied().unwrap_or(0.0);
        let (mut score, mut excluded) = (original, false);
        let from = begin.get(i).map_or(0, |&b| b as usize);
        for &other in selected.get(from..kept).unwrap_or(&[]).iter().rev() {
            let iou = overlap(&candidate, &ordered(corners(boxes, other as usize)));
            if iou >= p.iou_threshold {
                excluded = true;
                break;
            }
            if p.sigma > 0.0 {
                score *= exp_of_negative(-0.5 / p.sigma * iou * iou);
            }
            if score <= p.score_threshold {
                break;
            }
        }
        if let (Some(begin), Some(current)) = (begin.get_mut(i), current.get_mut(i)) {
            (*begin, *current) = (kept as i32, score);
        }
        if excluded {
            continue;
        }
        if score == original {
            if let Some(place) = selected.get_mut(kept) {
                *place = i as i32;
            }
            if let Some(place) = selected_scores.get_mut(kept) {
                *place = score;
            }
            kept += 1;
        }
        if score > p.score_threshold {
            heap.push(i as i32, current);
        }
    }
    count.fill(kept as i32);
}

/// Selects boxes as [`non_max_suppression`] does, without writing their scores.
#[allow(
    clippy::too_many_arguments,
    reason = "emitted code passes every operand and output on its own"
)]
pub fn non_max_suppression_v4(
    p: &NonMaxSuppression,
    boxes: &[f32],
    scores: &[f32],
    selected: &mut [i32],
    count: &mut [i32],
    current: &mut [f32],
    begin: &mut [i32],
    heap: &mut [i32],
) {
    non_max_suppression(
        p,
        boxes,
        scores,
        selected,
        &mut [],
        count,
        current,
        begin,
        heap,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOXES: [f32; 12] = [0.0, 0.0, 1.0, 1.0, 0.0, 0.1, 1.0, 1.1, 2.0, 2.0, 3.0, 3.0];

    #[test]
    fn overlapping_boxes_exclude_each_other() {
        let mut p = NonMaxSuppression {
            iou_threshold: 0.5,
            score_threshold: 0.1,
            sigma: 0.0,
        };
        let (mut selected, mut scores, mut count) = ([9; 3], [9.0; 3], [9]);
        let (mut current, mut begin, mut heap) = ([0.0; 3], [0; 3], [0; 3]);
        let given = [0.8, 0.9, 0.7];
        non_max_suppression(
            &p,
            &BOXES,
            &given,
            &mut selected,
            &mut scores,
            &mut count,
            &mut current,
            &mut begin,
            &mut heap,
        );
        assert_eq!((selected, count), ([1, 2, 0], [2]));
        assert_eq!(scores, [0.9, 0.7, 0.0]);
        // Scores fall instead: 0.8 by exp(-0.5 * 0.669).
        (p.iou_threshold, p.sigma) = (0.95, 1.0);
        non_max_suppression(
            &p,
            &BOXES,
            &given,
            &mut selected,
            &mut scores,
            &mut count,
            &mut current,
            &mut begin,
            &mut heap,
        );
        assert_eq!((selected, count), ([1, 2, 0], [3]));
        assert!((scores[2] - 0.572_5).abs() < 1e-3, "{scores:?}");
    }
}
