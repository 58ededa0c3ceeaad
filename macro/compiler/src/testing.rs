//! What the workspace's tests and benchmarks call: the preparation of single kernels' inputs,
//! and the program after each pass. It is not part of the crate's interface.

use std::path::Path;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::emit::Item;
use crate::error::Result;
use crate::ir::quant_graph::QuantGraph;
pub use crate::ops::elementwise::mul::linear_product;
pub use crate::ops::packing::packed16::{pairs, rows_of_weights, widened};
pub use crate::ops::packing::saturating_pairs::saturating_pairs;
pub use crate::ops::packing::weights6::narrowed;
pub use crate::ops::packing::winograd_f4x3::transformed;
pub use crate::ops::shared::addition::AdditionNumbers;
use crate::options::{Options, Request};
use crate::quantize::listing::listing;
use crate::quantize::passes::{MCU, Pass, SHARED, SIMD};
use crate::session::{Session, read_model};
pub use niello_numeric::simd_models::f32_requant::truncation;
pub use niello_numeric::simd_models::requant_panel::requant_panel_numbers;

/// What a call of the macro for a private function of this name asks for.
#[must_use]
pub fn item(name: &str) -> Item {
    Item {
        attributes: TokenStream::new(),
        visibility: TokenStream::new(),
        name: format_ident!("{name}"),
        krate: quote!(::niello),
    }
}

/// The int8 program of a model after each pass, in order: the pass's name ("lower",
/// "fold_padding", "mcu: prune_channels", ...) and a listing of the program.
pub fn passes(model: &Path, dataset: Option<&Path>) -> Result<Vec<(String, String)>> {
    let request = Request {
        model: model.to_owned(),
        dataset: dataset.map(Path::to_owned),
        options: Options::default(),
        cache: None,
    };
    let bytes = read_model(model)?;
    let session = Session::new(&bytes, &request.options, dataset)?;
    let mut program = session.quantize_as_required(&bytes, &request)?.program;
    let mut listings = vec![("lower".to_owned(), listing(&program))];
    program = run(&mut listings, "", SHARED, program);
    let targets = ["mcu: ", "simd: "].into_iter().zip([MCU, SIMD]);
    for ((target, passes), program) in targets.zip(program.prune_channels()) {
        listings.push((format!("{target}prune_channels"), listing(&program)));
        run(&mut listings, target, passes, program);
    }
    Ok(listings)
}

/// Runs passes and lists the program after each.
fn run(
    listings: &mut Vec<(String, String)>,
    target: &str,
    passes: &[Pass],
    mut program: QuantGraph,
) -> QuantGraph {
    for pass in passes {
        program = (pass.run)(program);
        listings.push((format!("{target}{}", pass.name), listing(&program)));
    }
    program
}
