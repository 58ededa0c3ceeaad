//! What this crate is made of: results of another version are not taken over from a cache.

/// A hash of all source files.
pub const FINGERPRINT: u64 = hash(&[
    include_bytes!("addition.rs"),
    include_bytes!("arithmetic/convert.rs"),
    include_bytes!("arithmetic/fixed_point.rs"),
    include_bytes!("arithmetic/float.rs"),
    include_bytes!("arithmetic/float16.rs"),
    include_bytes!("arithmetic/quant_params.rs"),
    include_bytes!("arithmetic/sigmoid_lut_i16.rs"),
    include_bytes!("channels.rs"),
    include_bytes!("elementwise.rs"),
    include_bytes!("feedback.rs"),
    include_bytes!("float_sums.rs"),
    include_bytes!("histogram/bins.rs"),
    include_bytes!("histogram/divergence.rs"),
    include_bytes!("histogram/mod.rs"),
    include_bytes!("integers.rs"),
    include_bytes!("linear.rs"),
    include_bytes!("matmul.rs"),
    include_bytes!("moments.rs"),
    include_bytes!("outputs.rs"),
    include_bytes!("positions.rs"),
    include_bytes!("products.rs"),
    include_bytes!("quantized.rs"),
    include_bytes!("random.rs"),
    include_bytes!("simd_models/f32_requant.rs"),
    include_bytes!("simd_models/mean.rs"),
    include_bytes!("simd_models/reference.rs"),
    include_bytes!("simd_models/requant_panel.rs"),
    include_bytes!("simd_models/requantization.rs"),
    include_bytes!("simd_models/thresholds.rs"),
    include_bytes!("window.rs"),
]);

/// FNV-1a of all bytes, and of the ends of files.
const fn hash(files: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut file = 0;
    while file < files.len() {
        let mut byte = 0;
        while byte < files[file].len() {
            hash = (hash ^ files[file][byte] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            byte += 1;
        }
        hash = (hash ^ 0x100).wrapping_mul(0x0000_0100_0000_01b3);
        file += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_file_that_computes_is_hashed() {
        let own = include_str!("fingerprint.rs");
        let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut count = 0;
        while let Some(folder) = open.pop() {
            for entry in folder.read_dir().expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).expect("a text");
                let name = path.file_name().expect("a name").to_string_lossy();
                // Lists of modules compute nothing, and a table of constants is the reference's.
                let computes = text.contains("fn ") && name != "fingerprint.rs";
                count += usize::from(computes);
                let is_listed = own.lines().any(|line| {
                    line.contains("include_bytes!") && line.contains(&format!("{name}\""))
                });
                assert!(is_listed || !computes, "{} is not hashed", path.display());
            }
        }
        assert!(count > 10, "only {count} files were found");
    }
}
