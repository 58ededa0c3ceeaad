//! PNG files that are whole, with chunks that say something else, and JPEG files.

use std::io::Write;

use flate2::Crc;

use crate::random::Random;

fn chunk(bytes: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    bytes.extend((content.len() as u32).to_be_bytes());
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(content);
    bytes.extend(kind);
    bytes.extend(content);
    bytes.extend(crc.sum().to_be_bytes());
}

const JPEGS: &[&[u8]] = &[
    include_bytes!("../../../../macro/compiler/src/dataset/colour.jpg"),
    include_bytes!("../../../../macro/compiler/src/dataset/gray.jpg"),
];

/// The content decides, not the name.
pub(super) fn generate(random: &mut Random) -> Vec<u8> {
    if random.one_in(3) {
        return random.pick(JPEGS).to_vec();
    }
    png(random)
}

fn png(random: &mut Random) -> Vec<u8> {
    const SIDES: &[u32] = &[0, 1, 2, 8, 8, 8, 8, 300, 20_000, 65_535, 1 << 24, u32::MAX];
    let (width, height) = (*random.pick(SIDES), *random.pick(SIDES));
    let mut head = width.to_be_bytes().to_vec();
    head.extend(height.to_be_bytes());
    let depth = *random.pick(&[8_u8, 8, 8, 16, 1, 4, 3]);
    let color = *random.pick(&[2_u8, 2, 2, 0, 3, 4, 6, 1]);
    head.extend([depth, color, 0, 0, u8::from(random.one_in(4))]);
    let rows = usize::try_from(height.min(300)).unwrap_or(0);
    let row = usize::try_from(width.min(300)).unwrap_or(0) * 3 + 1;
    let data: Vec<u8> = (0..rows * row)
        .map(|i| if i % row == 0 { 0 } else { random.bits() as u8 })
        .collect();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let packed = encoder.write_all(&data).and_then(|()| encoder.finish());
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut bytes, b"IHDR", &head);
    chunk(&mut bytes, b"IDAT", &packed.unwrap_or_default());
    chunk(&mut bytes, b"IEND", &[]);
    bytes
}
