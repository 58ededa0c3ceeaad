//! Representative datasets: the first byte says of which kind, the rest is a file.

use super::arrays::{npy_of, npz};
use crate::random::Random;
use crate::targets::Kind;

const DESCR: &[&str] = &[
    "<f4", ">f4", "<f8", "<f2", "<i4", "|i1", "|u1", "<i8", "|b1", "<c8", "|O", "<u8", "f4", "",
];
const SHAPES: &[&str] = &[
    "()",
    "(4,)",
    "(4, 12)",
    "(4, 1, 12)",
    "(0, 12)",
    "(4, 0)",
    "(1099511627776, 12)",
    "(18446744073709551615, 18446744073709551615)",
    "(4, 1099511627776)",
    "(99999999999999999999999, 12)",
    "(4, 12, )",
    "(4L, 12L)",
    "(-4, 12)",
    "(4294967296, 12)",
    "(400000000, 12)",
    "(3, 12)",
    "(5, 12)",
];

/// The header of a `.npy` array, mostly a right one.
fn header(random: &mut Random) -> String {
    let descr = if random.one_in(6) {
        random.pick(DESCR)
    } else {
        "<f4"
    };
    let order = if random.one_in(8) {
        random.pick(&["True", "Maybe"])
    } else {
        "False"
    };
    let shape = if random.one_in(4) {
        random.pick(SHAPES)
    } else {
        "(4, 12)"
    };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while !(text.len() + 11).is_multiple_of(64) {
        text.push(' ');
    }
    if random.one_in(30) {
        text = text.repeat(1 + random.below(200));
    }
    if random.one_in(8) {
        let mut bytes = text.into_bytes();
        random.damage(&mut bytes);
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    text + "\n"
}

/// Numbers of samples, mostly ordinary ones.
fn numbers(random: &mut Random, count: usize) -> Vec<u8> {
    let strange = random.one_in(8);
    let mut data = Vec::new();
    for _ in 0..count {
        let plain = random.below(200) as f32 * 0.01 - 1.0;
        let x = if strange && random.one_in(8) {
            random.float(plain)
        } else {
            plain
        };
        data.extend(x.to_le_bytes());
    }
    data
}

fn array(random: &mut Random) -> Vec<u8> {
    let count = if random.one_in(8) {
        random.below(100)
    } else {
        48
    };
    let data = numbers(random, count);
    npy_of(&header(random), &data)
}

fn archive(random: &mut Random, keys: &[&str]) -> Vec<u8> {
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    for key in keys {
        members.push((format!("{key}.npy"), array(random)));
    }
    match random.below(16) {
        0 => members.push(random.pick(&members.clone()).clone()),
        1 => members.push(("label:y.npy".to_owned(), array(random))),
        2 => {
            members.pop();
        }
        // Much of what packs well.
        3 => {
            let zeros = vec![0; 1 << (10 + random.below(16))];
            let rows = random.pick(SHAPES);
            let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {rows}, }}\n");
            members[0].1 = npy_of(&header, &zeros);
        }
        _ => {}
    }
    npz(&members, random.one_in(2))
}

fn table(random: &mut Random) -> Vec<u8> {
    const CELLS: &[&str] = &[
        "",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1e-400",
        "x",
        "\"",
        "\"a,b\"",
        " 1 ",
        "0x1f",
        "1_000",
        "\u{fffd}",
        "1e38",
        "-0",
        "99999999999999999999",
    ];
    let columns = if random.one_in(6) {
        random.below(30)
    } else {
        12
    };
    let named = random.one_in(2);
    let head: Vec<String> = (0..columns)
        .map(|i| {
            let prefix = if named { "x" } else { "column" };
            match random.below(200) {
                0 => String::new(),
                1 => "label:y".to_owned(),
                2 => format!("{prefix}_99999999999999999999"),
                3 => format!("{prefix}_0"),
                _ => format!("{prefix}_{i}"),
            }
        })
        .collect();
    let mut text = head.join(",") + "\n";
    for _ in 0..1 + random.below(6) {
        let count = if random.one_in(10) {
            random.below(20)
        } else {
            columns
        };
        let row: Vec<String> = (0..count)
            .map(|_| {
                if random.one_in(100) {
                    (*random.pick(CELLS)).to_owned()
                } else {
                    format!("{}", random.below(200) as f32 * 0.01 - 1.0)
                }
            })
            .collect();
        text += &(row.join(",") + random.pick::<&str>(&["\n", "\n", "\n", "\r\n", "\n\n"]));
    }
    text.into_bytes()
}

fn sound(random: &mut Random) -> Vec<u8> {
    let bits = *random.pick(&[8_u16, 16, 24, 32, 16, 16]);
    let format = if bits == 32 && random.one_in(2) {
        3_u16
    } else {
        1
    };
    let count = if random.one_in(6) {
        random.below(40)
    } else {
        12
    };
    let block = bits / 8;
    let data: Vec<u8> = (0..count * usize::from(block))
        .map(|_| random.bits() as u8)
        .collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0");
    bytes.extend(format.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(8000_u32.to_le_bytes());
    bytes.extend((8000 * u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

pub(super) fn generate(random: &mut Random) -> (String, Vec<u8>) {
    let kind = *random.pick(Kind::ALL);
    let mut bytes = match kind {
        Kind::Array | Kind::Folder => array(random),
        Kind::Archive => archive(random, &["x"]),
        Kind::Archives => archive(random, &["b", "x"]),
        Kind::Table => table(random),
        Kind::Sound => sound(random),
        Kind::Image => super::images::generate(random),
    };
    if random.one_in(2) {
        random.damage(&mut bytes);
    }
    bytes.insert(0, kind as u8);
    (format!("{kind:?}"), bytes)
}
