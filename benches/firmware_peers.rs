//! What TensorFlow Lite Micro with CMSIS-NN takes on each core: figures measured once, with the
//! programs that `docs/performance.md` describes, on the inputs of the firmware. Its output bytes
//! are the firmware's.

/// A peer on one core.
pub(crate) struct Peers {
    /// The core, as the boards name it.
    pub(crate) core: &'static str,
    /// The peer, for the table's title.
    pub(crate) name: &'static str,
    /// What each model takes.
    pub(crate) models: &'static [Peer],
}

/// One inference of a peer.
pub(crate) struct Peer {
    pub(crate) model: &'static str,
    pub(crate) instructions: u32,
    /// Bytes of the arena in use.
    arena: u32,
    /// Bytes of the stack.
    stack: u32,
    /// Bytes of flash with the `.tflite` file, if they were counted.
    pub(crate) flash: Option<u32>,
}

impl Peer {
    /// Bytes of the arena and of the stack.
    pub(crate) fn ram(&self) -> u32 {
        self.arena + self.stack
    }
}

const fn peer(
    model: &'static str,
    instructions: u32,
    arena: u32,
    stack: u32,
    flash: Option<u32>,
) -> Peer {
    Peer {
        model,
        instructions,
        arena,
        stack,
        flash,
    }
}

/// Bytes of constants in the `.tflite` files, where they were counted.
pub(crate) const CONSTANTS: [(&str, u32); 4] = [
    ("kws", 24_376),
    ("vww", 219_072),
    ("resnet8", 78_752),
    ("ad", 270_880),
];

/// All peers; the first one's models are the models of the table.
pub(crate) const PEERS: &[Peers] = &[
    Peers {
        core: "Cortex-M4F",
        name: "TensorFlow Lite Micro with CMSIS-NN (DSP)",
        models: &[
            peer("kws", 7_847_240, 22_820, 1_068, Some(167_208)),
            peer("vww", 24_720_360, 100_708, 1_068, Some(446_560)),
            peer("resnet8", 29_874_080, 54_996, 1_068, Some(211_768)),
            peer("ad", 582_280, 2_580, 748, Some(390_248)),
            peer("micro_speech", 1_494_920, 6_836, 1_236, Some(132_072)),
            peer("hello_world", 3_500, 772, 828, Some(112_404)),
            // With int16 activations. CMSIS-NN has no FULLY_CONNECTED of int16 with a scale for
            // each channel: that layer was run by the reference kernel.
            peer("kws_i16", 15_923_320, 41_236, 1_100, None),
            peer("resnet8_i16", 33_706_880, 106_292, 1_100, None),
        ],
    },
    Peers {
        core: "Cortex-M3",
        name: "TensorFlow Lite Micro with CMSIS-NN (plain C)",
        models: &[
            peer("kws", 10_547_240, 22_820, 1_044, Some(151_448)),
            peer("vww", 32_083_440, 100_708, 1_044, Some(430_800)),
            peer("resnet8", 41_758_200, 54_980, 1_044, Some(196_008)),
            peer("ad", 955_920, 2_580, 768, Some(374_488)),
            peer("micro_speech", 1_511_360, 6_836, 1_268, Some(116_312)),
        ],
    },
    Peers {
        core: "Cortex-M0+",
        name: "TensorFlow Lite Micro with CMSIS-NN (plain C)",
        models: &[
            peer("kws", 29_011_240, 22_820, 1_076, Some(168_064)),
            peer("vww", 86_878_920, 100_708, 1_076, Some(447_416)),
            peer("resnet8", 97_571_160, 54_980, 1_012, Some(212_624)),
            peer("ad", 1_763_080, 2_580, 804, Some(391_104)),
            peer("micro_speech", 2_573_720, 6_836, 1_372, Some(132_928)),
        ],
    },
    Peers {
        core: "Cortex-M33",
        name: "TensorFlow Lite Micro with CMSIS-NN (DSP)",
        models: &[
            peer("kws", 7_803_050, 22_820, 1_076, Some(167_800)),
            peer("vww", 24_542_050, 100_708, 1_076, Some(447_152)),
            peer("resnet8", 29_931_200, 54_996, 1_076, Some(212_360)),
            peer("ad", 582_500, 2_580, 768, Some(390_840)),
            peer("micro_speech", 1_481_900, 6_836, 1_236, Some(132_664)),
        ],
    },
    Peers {
        core: "Cortex-M55",
        name: "TensorFlow Lite Micro with CMSIS-NN (MVE)",
        models: &[
            peer("kws", 1_788_031, 27_300, 1_316, Some(161_960)),
            peer("vww", 6_433_969, 100_756, 1_316, Some(441_312)),
            peer("resnet8", 4_811_562, 54_996, 1_248, Some(206_520)),
            peer("ad", 285_469, 5_172, 920, Some(385_000)),
            peer("micro_speech", 847_375, 7_796, 1_648, Some(126_824)),
        ],
    },
    Peers {
        core: "RV32IMAC",
        name: "TensorFlow Lite Micro with CMSIS-NN (plain C)",
        models: &[
            peer("kws", 16_245_164, 22_828, 1_060, Some(166_348)),
            peer("vww", 48_605_154, 100_716, 1_060, Some(445_700)),
            peer("resnet8", 65_291_368, 55_004, 1_060, Some(210_908)),
            peer("ad", 1_477_750, 2_684, 452, Some(389_388)),
            peer("micro_speech", 1_695_445, 6_844, 1_236, Some(131_212)),
        ],
    },
];
