//! What a dataset may not pass: headers are not believed, so a small file cannot
//! take the memory or the time of a large one. The compiler holds a file and, for
//! each element, four bytes.

/// The largest size of one file, in bytes.
pub(super) const FILE_BYTES: u64 = u32::MAX as u64;

/// Bytes of a `.npy` header; NumPy itself reads no longer ones.
pub(super) const HEADER_BYTES: usize = 10_000;

/// Dimensions of an array; NumPy makes no more.
pub(super) const DIMENSIONS: usize = 64;

/// The largest number of arrays of a `.npz`.
pub(super) const MEMBERS: usize = 4096;

/// Elements of all arrays of a file, if it is small.
pub(super) const SMALL_FILE_ELEMENTS: u64 = 1 << 26;

/// Elements of all arrays for each byte of a larger file, which may be compressed.
pub(super) const ELEMENTS_PER_BYTE: u64 = 32;

/// The largest number of pixels of one image.
#[cfg(feature = "images")]
pub(super) const PIXELS: usize = 1 << 26;

/// Bytes that are read or unpacked at a time.
pub(super) const CHUNK_BYTES: usize = 1 << 16;

/// Characters of a file's content in a message.
const QUOTED: usize = 60;

/// Elements that the arrays of a file may have together.
pub(super) fn elements(file_bytes: usize) -> u64 {
    SMALL_FILE_ELEMENTS.max((file_bytes as u64).saturating_mul(ELEMENTS_PER_BYTE))
}

/// Takes an array's elements off what may be read of its file yet.
pub(super) fn spend(elements: &mut u64, shape: &[usize], len: Option<usize>) -> Result<(), String> {
    let wanted = len.map_or(u64::MAX, |n| n as u64);
    *elements = elements.checked_sub(wanted).ok_or_else(|| {
        format!("its shape {shape:?} has more elements than a file of this size may hold")
    })?;
    Ok(())
}

/// The beginning of a file's text in quotes, for a message.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{:?}..", &text[..end]),
        None => format!("{text:?}"),
    }
}
