//! The real numbers that bytes of callers mean.

use crate::calibrate::Method;
use crate::emit::RustPort;
use crate::error::{Blame, Error, Result};
use crate::ir::byte_scale::ByteScale;
use crate::ir::graph;
use crate::ir::graph::Graph;
use crate::options::Options;
use crate::rewrite::scales_bytes::scales_bytes;

/// Finds the real numbers that bytes mean; true for inputs where the user or the model says it.
pub(crate) fn find(graph: &mut Graph, options: &Options) -> Vec<bool> {
    let of = |port: &graph::Port| {
        let range = options
            .tensors
            .iter()
            .find_map(|(name, method)| match method {
                Method::Range(min, max) if port.is_called(name) => Some(ByteScale {
                    scale: (max - min) / 255.0,
                    offset: *min,
                }),
                _ => None,
            });
        let own = || scales_bytes(graph, port.value).then_some(ByteScale::PLAIN);
        options.images.declared().or(range).or_else(own)
    };
    let known: Vec<Option<ByteScale>> = graph.inputs.iter().map(of).collect();
    for (port, known) in graph.inputs.iter_mut().zip(&known) {
        port.bytes = known.unwrap_or(ByteScale::UNIT);
    }
    known.iter().map(Option::is_some).collect()
}

/// Bytes for real numbers need a meaning, which only a folder of images has by itself.
pub(crate) fn check(inputs: &[RustPort], known: &[bool]) -> Result<()> {
    let unknown = |port: &RustPort| port.bytes.is_some() && !known[port.index];
    let Some(position) = inputs.iter().position(unknown) else {
        return Ok(());
    };
    let RustPort { name, ident, .. } = &inputs[position];
    Err(Error::new(
        Blame::Input(position),
        format!(
            "what does a byte of the input {name:?} stand for? The model takes real numbers:\n  \
             for `byte * scale + offset`, such as a pixel, add e.g. `images(scale = 1/255, offset = 0)`\n  \
             for a step of the quantized input, write `{ident}: i8`, whose `SCALE` and `ZERO_POINT` are constants"
        ),
    ))
}
