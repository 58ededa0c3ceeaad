//! The runtimes that exported files are for.

/// The runtime in which an exported file gives the emitted code's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runtime {
    /// TensorFlow Lite Micro. A file with an operator that it lacks is for LiteRT, though.
    #[default]
    TfliteMicro,
    /// LiteRT's reference kernels. FULLY_CONNECTED becomes CONV_2D, because LiteRT rounds it in
    /// another way; TensorFlow Lite Micro gives the same bytes.
    LiteRt,
}
