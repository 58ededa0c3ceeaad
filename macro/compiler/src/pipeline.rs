//! The flow from a model file to tokens, one line a stage.

use proc_macro2::TokenStream;

use crate::emit::{self, Detail, Item, Variant, Variants};
use crate::error::{Blame, Error, Result};
use crate::ir::quant_graph::QuantGraph;
use crate::limits;
use crate::options::Request;
use crate::outline;
use crate::plan;
use crate::session::{QuantizedModel, Session, read_model};
use crate::warning::Warning;

/// Compiles a model to a function and its module.
pub fn compile(item: &Item, request: &Request) -> Result<TokenStream> {
    compile_with_warnings(item, request).map(|(tokens, _)| tokens)
}

/// As [`compile`], also with what the user should know, and has not switched off.
pub fn compile_with_warnings(
    item: &Item,
    request: &Request,
) -> Result<(TokenStream, Vec<Warning>)> {
    let model = read_model(&request.model)?;
    let session = Session::new(&model, &request.options, request.dataset.as_deref())?;
    let QuantizedModel {
        program,
        mut files,
        warnings,
        ..
    } = session.quantize_as_required(&model, request)?;
    let interface = session.interface(request.options.inputs_in_arena)?;
    let selftest = session.selftest(&model, request, &program, &files)?;
    let limit = request.options.arena_limit;
    let (scalar, vector) = program.clone().for_targets();
    let variants = Variants {
        scalar: variant(&interface, &scalar, limit)?,
        vector: vector
            .map(|program| variant(&interface, &program, None))
            .transpose()?,
    };
    files.insert(0, request.model.clone());
    let emit = |detail| {
        emit::emit(
            item,
            &interface,
            &program,
            &variants,
            selftest.as_ref(),
            &detail,
        )
    };
    outline::store(item, request, || emit(Detail::Outline));
    Ok((emit(Detail::Whole { files: &files }), warnings))
}

/// Plans and emits the program for one kind of target. `limit` is about small
/// cores: others take more memory to be faster.
fn variant(
    interface: &emit::Interface<'_>,
    program: &QuantGraph,
    limit: Option<usize>,
) -> Result<Variant> {
    let plan = plan::plan(program, interface.inputs_in_arena);
    if plan.bytes > limits::ARENA_BYTES {
        return Err(Error::model(format!(
            "the arena needs {} bytes; supported are up to {}; {}",
            plan.bytes,
            limits::ARENA_BYTES,
            plan::peak(program, &plan)
        )));
    }
    if let Some(limit) = limit.filter(|l| plan.bytes > *l) {
        return Err(Error::new(
            Blame::Option("arena_limit"),
            format!(
                "the arena needs {} bytes, {} more than its limit; {}",
                plan.bytes,
                plan.bytes - limit,
                plan::peak(program, &plan)
            ),
        ));
    }
    emit::variant(interface, program, &plan)
}
