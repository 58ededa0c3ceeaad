//! A Cortex-M33 gives the same bytes with its DSP extension and without, a Cortex-M55 with Helium, too,
//! and the program has the instructions only where it is said that the core has them. (`firmware.rs`
//! compares these bytes with recorded ones.)
#![forbid(unsafe_code)]

use niello_tests::firmware::{BOARDS, Board, build_with, measure, program, twins};

const OWN: &[&str] = &["digit_pair", "photo_locator"];
const SHARED: &[&str] = &["kws", "vww", "resnet8", "ad", "micro_speech"];

const DSP: [&str; 2] = ["armv7em", "pairs_block"];
const HELIUM: [&str; 2] = ["armv7em", "helium_fours"];

/// The program's checksums of kernels, and of each model its checksum and ticks.
type Sums = (Vec<u32>, Vec<(u64, u64)>);

/// The program's functions are `kernels`, of those that only one kind of core has.
fn sums(board: &Board, features: &[&str], kernels: &[&str]) -> Sums {
    let shared = if cfg!(shared) { SHARED } else { &[] };
    let models = [OWN, shared].concat();
    let names = [&models[..], &["twins"]].concat();
    build_with(board, &names, features).unwrap_or_else(|e| panic!("{e}"));
    let file = std::fs::read(program(board, "twins")).expect("built");
    // A function that is nothing but assembly keeps its name, with that of its module.
    for name in ["armv7em", "pairs_block", "helium_fours"] {
        let is_there = file.windows(name.len()).any(|w| w == name.as_bytes());
        assert_eq!(
            is_there,
            kernels.contains(&name),
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

/// The sums of a core's program with rustc's name of the target alone, with niello's feature, and with
/// rustc's name of the core. The bytes are the same. The second takes fewer ticks than the first, and
/// the third fewer than the second if the core has Helium.
fn compare(core: &str, has_helium: bool) {
    let board = BOARDS.iter().find(|board| board.core == core);
    let board = board.expect("a board with this core");
    if !board.is_usable() {
        return;
    }
    let target = Board {
        cpu: None,
        ..*board
    };
    let ways = [
        sums(&target, &[], &[]),
        sums(&target, &["niello/dsp"], &DSP),
        sums(board, &[], if has_helium { &HELIUM } else { &DSP }),
    ];
    for (number, pair) in ways.windows(2).enumerate() {
        let [slow, fast] = pair else { continue };
        assert_eq!(slow.0, fast.0, "kernels on {core}");
        for (slow, fast) in slow.1.iter().zip(&fast.1) {
            assert_eq!(slow.0, fast.0, "a model on {core}");
            let is_fine = fast.1 < slow.1 || number == 1 && !has_helium;
            assert!(is_fine, "{} ticks, {} before", fast.1, slow.1);
        }
    }
}

#[test]
fn cortex_m33_with_dsp_and_without() {
    compare("Cortex-M33", false);
}

#[test]
fn cortex_m55_with_helium_and_dsp_and_without() {
    compare("Cortex-M55", true);
}
