//! A Cortex-M33 gives the same bytes with its DSP extension and without, and the program has the
//! instructions only where it is said that the core has them. (`firmware.rs` compares these bytes with
//! recorded ones.)
#![forbid(unsafe_code)]

use niello_tests::firmware::{BOARDS, Board, build_with, measure, program, twins};

const OWN: &[&str] = &["digit_pair", "photo_locator"];
const SHARED: &[&str] = &["kws", "vww", "resnet8", "ad", "micro_speech"];

/// The program's checksums of kernels, and of each model its checksum and ticks.
type Sums = (Vec<u32>, Vec<(u64, u64)>);

fn sums(board: &Board, features: &[&str], has_dsp: bool) -> Sums {
    let shared = if cfg!(shared) { SHARED } else { &[] };
    let models = [OWN, shared].concat();
    let names = [&models[..], &["twins"]].concat();
    build_with(board, &names, features).unwrap_or_else(|e| panic!("{e}"));
    let file = std::fs::read(program(board, "twins")).expect("built");
    // A function that is nothing but assembly keeps its name.
    for name in ["armv7em", "pairs_block", "plane_stride_2"] {
        let is_there = file.windows(name.len()).any(|w| w == name.as_bytes());
        assert_eq!(
            is_there, has_dsp,
            "{name} with {:?} {features:?}",
            board.cpu
        );
    }
    let kernels = twins(board).unwrap_or_else(|e| panic!("{e}"));
    let of_model = |name: &&str| {
        let report = measure(board, name).unwrap_or_else(|e| panic!("{e}"));
        (report["checksum"], report["ticks"])
    };
    (kernels, models.iter().map(of_model).collect())
}

#[test]
fn cortex_m33_with_dsp_and_without() {
    let board = BOARDS.iter().find(|board| board.core == "Cortex-M33");
    let board = board.expect("a Cortex-M33");
    if !board.is_usable() {
        return;
    }
    // rustc's name of the target alone; the feature of niello; rustc's name of the core.
    let target = Board {
        cpu: None,
        ..*board
    };
    let plain = sums(&target, &[], false);
    let ways = [sums(&target, &["niello/dsp"], true), sums(board, &[], true)];
    for (kernels, models) in ways {
        assert_eq!(kernels, plain.0);
        for (with, without) in models.iter().zip(&plain.1) {
            assert_eq!(with.0, without.0);
            assert!(
                with.1 < without.1,
                "{} ticks, {} without",
                with.1,
                without.1
            );
        }
    }
}
