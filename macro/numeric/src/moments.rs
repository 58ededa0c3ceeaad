//! First and second moments of the inputs of sums, over rows of samples.

use ndarray::ArrayView2;

/// The moments of a layer's inputs: rows of groups of inputs.
#[derive(Debug)]
pub struct InputMoments {
    groups: usize,
    depth: usize,
    /// How many rows they are of.
    pub rows: usize,
    /// The sums of the inputs of a row.
    sums: Vec<f64>,
    /// For each group, the sums of the products of its inputs with each other.
    products: Vec<f64>,
}

impl InputMoments {
    /// Moments of no rows, for rows of so many groups of `depth` inputs.
    pub fn new(groups: usize, depth: usize) -> Self {
        Self {
            groups,
            depth,
            rows: 0,
            sums: vec![0.0; groups * depth],
            products: vec![0.0; groups * depth * depth],
        }
    }

    /// Adds rows of inputs, one behind the other.
    pub fn add(&mut self, rows: &[f32]) {
        let (width, depth) = (self.sums.len(), self.depth);
        if width == 0 {
            return;
        }
        for row in rows.chunks_exact(width) {
            for (sum, x) in self.sums.iter_mut().zip(row) {
                *sum += f64::from(*x);
            }
        }
        self.rows += rows.len() / width;
        if self.groups == 1 {
            let Ok(matrix) = ArrayView2::from_shape((rows.len() / width, width), rows) else {
                return;
            };
            let products = matrix.t().dot(&matrix);
            for (sum, x) in self.products.iter_mut().zip(products.iter()) {
                *sum += f64::from(*x);
            }
            return;
        }
        for row in rows.chunks_exact(width) {
            let groups = row.chunks_exact(depth);
            let matrices = self.products.chunks_exact_mut(depth * depth);
            for (x, matrix) in groups.zip(matrices) {
                for (sums, &a) in matrix.chunks_exact_mut(depth).zip(x) {
                    for (sum, &b) in sums.iter_mut().zip(x) {
                        *sum += f64::from(a * b);
                    }
                }
            }
        }
    }

    /// The second moments of a group's inputs, row by row, less those of their means but for a
    /// share of `mean`.
    pub fn second(&self, group: usize, mean: f64) -> Vec<f64> {
        let (depth, rows) = (self.depth, self.rows.max(1) as f64);
        let sums = &self.sums[group * depth..][..depth];
        let products = &self.products[group * depth * depth..][..depth * depth];
        let mut second = Vec::with_capacity(depth * depth);
        for (products, a) in products.chunks_exact(depth).zip(sums) {
            for (product, b) in products.iter().zip(sums) {
                second.push(product / rows - (1.0 - mean) * (a / rows) * (b / rows));
            }
        }
        second
    }
}
