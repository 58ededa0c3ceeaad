//! What the constants of a kernel are, for the docs of the emitted statics.

/// What a constant holds, by the last part of its name, and how it is laid out for kernels with
/// these parameters.
pub(super) fn describe(parameters_type: &str, hint: &str) -> String {
    let what = match hint {
        "FILTER" => "weights",
        "TRANSFORMED" => "weights for Winograd's F(4x4, 3x3)",
        "WIDE" => "weights in 16 bits",
        "ROWS" if is_matrix(parameters_type) => "weights by input",
        "NARROW" => "weights in 6 bits",
        "BIAS" => "biases",
        "MULTIPLIER" => "multipliers",
        "SHIFT" => "shifts of the multipliers",
        "SCALE" => "scales",
        "TABLE" => "table",
        "OPERAND" => "operand",
        _ => return hint.to_lowercase().replace('_', " "),
    };
    match layout(parameters_type, hint) {
        Some(layout) => format!("{what}, {layout}"),
        None => what.to_owned(),
    }
}

/// True for matrix products and convolutions with weights for wide registers.
fn is_matrix(parameters_type: &str) -> bool {
    ["Packed16", "Packed16Conv2d", "ZeroSkipRow", "Weights6Row"]
        .iter()
        .any(|name| has(parameters_type, name))
}

/// True if a type's tokens have this identifier, alone or as a type argument.
fn has(parameters_type: &str, name: &str) -> bool {
    parameters_type
        .split(|c: char| c != '_' && !c.is_alphanumeric())
        .any(|word| word == name)
}

/// The order of a constant's elements, from the outermost dimension to the innermost.
fn layout(parameters_type: &str, hint: &str) -> Option<&'static str> {
    let has = |name| has(parameters_type, name);
    Some(match hint {
        "FILTER" if is_matrix(parameters_type) => {
            "[strip of 64, 32 or 16 output channels][4 inputs][channel of the strip][input of the 4]"
        }
        "FILTER" if has("Packed16Depthwise") => {
            "[block of 16 channels][4 taps][channel of the block][tap of the 4]"
        }
        "FILTER" if has("Packed2") || has("Packed2Conv2d") => {
            "[pair of output channels][4 inputs][channel of the pair][input of the 4]"
        }
        "FILTER" if has("Planar") || has("PlanarI16") => "[channel][row][column]",
        "FILTER" if has("Conv2dI16") => {
            "[block of 16 output channels][2 inputs][channel of the block][input of the 2]"
        }
        "FILTER" if has("DepthwiseI16") => "[row][column][channel]",
        "FILTER" if has("Conv2d") => "[output channel][row][column][input channel]",
        "FILTER" if has("DepthwiseConv2d") => "[row][column][channel]",
        "FILTER" if has("FullyConnected") => "[output][input]",
        "TRANSFORMED" => {
            "[block of 16 output channels][column of points][2 input channels][row of points]\
             [channel of the block][input channel of the 2] in 16 bits"
        }
        "WIDE" => "[block of 16 output channels][2 inputs][channel of the block][input of the 2]",
        "ROWS" if is_matrix(parameters_type) => {
            "[strips of 64 output channels that are read together][input][channel of the strips]"
        }
        "BIAS" if is_matrix(parameters_type) || has("Packed16Depthwise") => {
            "[block of 16 channels][channel], with zero points and the inputs' XOR of 128 folded in"
        }
        "MULTIPLIER" if is_matrix(parameters_type) || has("Packed16Depthwise") => {
            "one panel for each block of 16 channels, or one for all that are equal"
        }
        "MULTIPLIER" | "SHIFT" | "BIAS" => "one for each output channel, or one for all",
        "TABLE" if has("Table") => "the output of each input from -128 to 127",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_described() {
        let conv = describe(
            "Conv2d < 'static , rt :: RequantizeFast < 'static > >",
            "FILTER",
        );
        assert_eq!(
            conv,
            "weights, [output channel][row][column][input channel]"
        );
        let added = describe("FusedAdd < rt :: Packed16 < 'static > >", "FILTER");
        assert!(added.starts_with("weights, [strip of 64"), "{added}");
        assert_eq!(describe("ResizeBilinear < 'static >", "ROWS"), "rows");
    }
}
