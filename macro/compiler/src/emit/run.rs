//! The body of a run: one kernel call per step.

use std::ops::Range;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::interface::flat;
use super::names::RustPort;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::control::RegionId;
use crate::ir::graph::ElementType;
use crate::ir::kernel::KernelId;
use crate::ir::quant_graph::{QuantGraph, Step, TensorId};
use crate::plan::{ArenaPlan, Location, Sharing};
use crate::tokens::constants::Constants;
use crate::tokens::literals::{ident, usize_literal};

struct Body<'a> {
    program: &'a QuantGraph,
    plan: &'a ArenaPlan,
    inputs: &'a [RustPort],
    outputs: &'a [RustPort],
}

/// One operator of a run.
pub(super) struct Call {
    /// The operator's name.
    pub name: String,
    /// The operator, its number in the file and its first output.
    pub docs: String,
    /// The call of its kernel.
    pub code: TokenStream,
}

impl Call {
    /// The operator's name and docs, with nothing to do.
    pub(super) fn without_code(&self) -> Self {
        Self {
            name: self.name.clone(),
            docs: self.docs.clone(),
            code: TokenStream::new(),
        }
    }
}

/// The call of each operator; what is to be done at the end belongs to the last one.
pub(super) fn steps(
    program: &QuantGraph,
    plan: &ArenaPlan,
    inputs: &[RustPort],
    outputs: &[RustPort],
    constants: &mut Constants,
) -> Result<Vec<Call>> {
    let body = Body {
        program,
        plan,
        inputs,
        outputs,
    };
    let regions: Vec<RegionId> = plan
        .order
        .iter()
        .map(|&number| program.steps[number].region)
        .collect();
    let loops = program.regions.loops(&regions);
    let mut steps: Vec<Call> = Vec::new();
    // By position, the number of the step that runs there or next.
    let mut numbers = Vec::new();
    for (position, &number) in plan.order.iter().enumerate() {
        numbers.push(steps.len());
        // Operands that lie where the output wants them are joined already.
        if plan.sharing[position] != Sharing::Joined {
            let step = &program.steps[number];
            let mut call = body.call(position, step, constants)?;
            if let Some(ended) = loops.iter().find(|l| l.last == position) {
                let first = usize_literal(numbers[ended.first]);
                call.extend(quote!(return #first;));
            }
            steps.push(Call {
                name: step.label(),
                docs: body.docs(step),
                code: body.guarded(step.region, call, constants)?,
            });
        }
    }
    let end = body.end(constants)?;
    if !end.is_empty() {
        match steps.last_mut() {
            Some(Call { code, .. }) => code.extend(end),
            None => steps.push(Call {
                name: "end".to_owned(),
                docs: "Outputs that no operator computes.".to_owned(),
                code: end,
            }),
        }
    }
    Ok(steps)
}

impl Body<'_> {
    /// Code of a branch or loop, under its conditions.
    fn guarded(
        &self,
        region: RegionId,
        call: TokenStream,
        constants: &mut Constants,
    ) -> Result<TokenStream> {
        let mut code = call;
        for (id, when) in self.program.regions.conditions(region).into_iter().rev() {
            let holds = match self.plan.locations[id] {
                Location::Arena { offset } => {
                    let slot = slot(offset, 1);
                    quote!({
                        let [condition] = rt::slots(arena, [#slot]);
                        rt::holds(condition)
                    })
                }
                _ => {
                    let place = self.location(id, constants)?;
                    quote!(rt::holds(#place))
                }
            };
            let holds = if when { holds } else { quote!(!#holds) };
            code = quote!(if #holds { #code });
        }
        Ok(code)
    }

    /// Outputs that lie elsewhere are copied; states are written when nothing reads
    /// their old content any more.
    fn end(&self, constants: &mut Constants) -> Result<TokenStream> {
        let mut end = TokenStream::new();
        for (i, &id) in self.program.outputs.iter().enumerate() {
            let port = self.outputs.iter().find(|p| p.index == i);
            if let (Some(port), true) = (port, self.plan.locations[id] != Location::Output(i)) {
                let ident = &port.ident;
                let to = flat(quote!(output.#ident), &port.shape, true);
                end.extend(self.copy_out(id, to, constants)?);
            }
        }
        for (i, state) in self.program.states.iter().enumerate() {
            if state.next != state.value {
                let field = super::state::field(self.program, i);
                end.extend(self.copy_out(state.next, quote!(&mut state.#field), constants)?);
            }
        }
        Ok(end)
    }

    /// Copies a tensor to where callers find it.
    fn copy_out(
        &self,
        id: TensorId,
        to: TokenStream,
        constants: &mut Constants,
    ) -> Result<TokenStream> {
        if let Location::Arena { offset } = self.plan.locations[id] {
            let tensor = &self.program.tensors[id];
            let slot = slot(offset, tensor.bytes());
            let from = as_slice_expr(tensor.element, &ident("next"), false);
            return Ok(quote!({
                let [next] = rt::slots(arena, [#slot]);
                rt::copy(#from, #to);
            }));
        }
        let from = self.location(id, constants)?;
        Ok(quote!(rt::copy(#from, #to);))
    }

    /// A tensor that lies outside of the arena, as a slice to read.
    fn location(&self, id: TensorId, constants: &mut Constants) -> Result<TokenStream> {
        Ok(match self.plan.locations[id] {
            Location::Input(i) => {
                let ident = &self.port(self.inputs, i, id)?.ident;
                quote!(#ident.as_slice())
            }
            Location::Output(i) => {
                let port = self.port(self.outputs, i, id)?;
                let ident = &port.ident;
                flat(quote!(output.#ident), &port.shape, false)
            }
            Location::Constant => match &self.program.tensors[id].constant {
                Some(Buffer::I8(data)) => constants.int8s("OPERAND", data),
                Some(Buffer::I16(data)) => constants.int16s("OPERAND", data),
                Some(Buffer::I32(data)) => constants.words("OPERAND", data),
                Some(Buffer::F32(data)) => constants.floats("OPERAND", data),
                None => return Err(self.nowhere(id)),
            },
            Location::State(i) => {
                let field = super::state::field(self.program, i);
                quote!(&state.#field)
            }
            Location::Arena { .. } | Location::Unused => return Err(self.nowhere(id)),
        })
    }

    /// The port through which a tensor goes in or out.
    fn port<'b>(&self, ports: &'b [RustPort], index: usize, id: TensorId) -> Result<&'b RustPort> {
        let port = ports.iter().find(|p| p.index == index);
        port.ok_or_else(|| self.nowhere(id))
    }

    /// A tensor that a step or the caller wants is nowhere in memory.
    #[track_caller]
    fn nowhere(&self, id: TensorId) -> Error {
        let (name, place) = (&self.program.tensors[id].name, self.plan.locations[id]);
        Error::internal(format!("tensor {name:?} has no memory ({place:?})"))
    }

    /// A name for a tensor of the arena: the last two parts of its own.
    fn variable(&self, id: TensorId, taken: &[Ident]) -> Ident {
        let name = self.program.tensors[id]
            .name
            .split(';')
            .next()
            .unwrap_or("");
        let parts: Vec<&str> = name.rsplit('/').take(2).collect();
        let mut name =
            super::identifiers::snake(&parts.into_iter().rev().collect::<Vec<_>>().join("_"));
        let used = |name: &str| {
            taken.iter().any(|t| t == name)
                || self.inputs.iter().any(|p| p.ident == name)
                || super::identifiers::is_reserved(name)
        };
        while used(&name) {
            name.push('_');
        }
        ident(&name)
    }

    /// A tensor that lies outside of the arena, as a slice to write.
    fn output_place(&self, id: TensorId) -> Result<TokenStream> {
        let Location::Output(i) = self.plan.locations[id] else {
            return Err(self.nowhere(id));
        };
        let port = self.port(self.outputs, i, id)?;
        let ident = &port.ident;
        Ok(flat(quote!(output.#ident), &port.shape, true))
    }

    /// The memory that a step's output and operand 0 share.
    fn shared(&self, step: &Step) -> Option<Shared> {
        let range = |id: TensorId| match self.plan.locations[id] {
            Location::Arena { offset } => Some(offset..offset + self.program.tensors[id].bytes()),
            _ => None,
        };
        let (input, output) = (range(*step.inputs.first()?)?, range(step.output())?);
        Some(Shared {
            memory: output.start..output.end.max(input.end),
            input: input.start - output.start..input.end - output.start,
            function: step.kernel.overlap()?.function,
        })
    }

    /// An operator with its number in the file, its first output and its channels.
    fn docs(&self, step: &Step) -> String {
        let index = step
            .index
            .map_or(String::new(), |index| format!("#{index} "));
        let tensor = &self.program.tensors[step.output()];
        let mut docs = format!("{index}{} -> `{}`", step.label(), tensor.name);
        if let Some([kept, all]) = step.channels.filter(|[kept, all]| kept < all) {
            docs += &format!(", {kept} of {all} channels: nothing depends on the others");
        }
        docs
    }

    /// The call of a step's kernel, with the memory that it reads and writes.
    fn call(&self, position: usize, step: &Step, constants: &mut Constants) -> Result<TokenStream> {
        let operator: String = step
            .label()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == ' ')
            .collect();
        let operator = operator.replace(' ', "_").to_uppercase();
        constants.prefix = format!("{operator}_{position}");
        let docs = self.docs(step);
        constants.owner.clone_from(&docs);
        let emitted = step.kernel.emit(constants);
        let parameters = constants.parameters(&docs, emitted.parameters_type, emitted.parameters);
        let sharing = self.plan.sharing[position];
        let in_place = match sharing {
            Sharing::InPlace(operand) => Some(operand),
            _ => None,
        };
        // What lies in the arena is borrowed in one go, disjointly.
        let mut slots = Vec::new();
        let mut names: Vec<Ident> = Vec::new();
        let mut ids = Vec::new();
        let mut arguments = Vec::new();
        let shared = match sharing {
            Sharing::Overlapping => {
                let apart = || self.nowhere(step.output());
                Some(self.shared(step).ok_or_else(apart)?)
            }
            _ => None,
        };
        for (i, &input) in step.inputs.iter().enumerate() {
            if in_place == Some(i) || (shared.is_some() && i == 0) {
                continue;
            }
            match self.plan.locations[input] {
                Location::Arena { offset } => {
                    let earlier = step.inputs[..i]
                        .iter()
                        .position(|other| *other == input)
                        .filter(|other| in_place != Some(*other));
                    if earlier.is_none() {
                        slots.push(slot(offset, self.program.tensors[input].bytes()));
                        names.push(self.variable(input, &names));
                        ids.push(input);
                    }
                    let known = ids.iter().position(|id| *id == input);
                    let name = &names[known.ok_or_else(|| self.nowhere(input))?];
                    arguments.push(as_slice_expr(
                        self.program.tensors[input].element,
                        name,
                        false,
                    ));
                }
                _ => arguments.push(self.location(input, constants)?),
            }
        }
        let mut results = Vec::new();
        for &output in &step.outputs {
            results.push(match self.plan.locations[output] {
                Location::Arena { offset } => {
                    let tensor = &self.program.tensors[output];
                    let name = self.variable(output, &names);
                    slots.push(match &shared {
                        Some(shared) if output == step.output() => {
                            slot(shared.memory.start, shared.memory.len())
                        }
                        _ => slot(offset, tensor.bytes()),
                    });
                    names.push(name.clone());
                    as_slice_expr(tensor.element, &name, true)
                }
                _ => self.output_place(output)?,
            });
        }
        if emitted.function.gathers_inputs {
            arguments = vec![quote!([#(#arguments),*])];
        }
        let in_place = match in_place {
            Some(i) => {
                let none = || Error::internal(format!("{} has no in-place kernel", step.label()));
                Some(step.kernel.in_place(i).ok_or_else(none)?)
            }
            None => None,
        };
        let call = match (in_place, shared) {
            (_, Some(shared)) => {
                let function = format_ident!("{}", shared.function);
                let input = slot(shared.input.start, shared.input.len());
                quote!(rt::#function(#parameters, #(#results,)* #input);)
            }
            (Some(function), _) => {
                let function = format_ident!("{}", function);
                quote!(rt::#function(#parameters, #(#results),* #(, #arguments)*);)
            }
            _ => {
                let function = format_ident!("{}", emitted.function);
                quote!(rt::#function(#parameters, #(#arguments,)* #(#results),*);)
            }
        };
        if slots.is_empty() {
            return Ok(call);
        }
        Ok(quote!({
            let [#(#names),*] = rt::slots(arena, [#(#slots),*]);
            #call
        }))
    }
}

/// Memory that an operand and the output share: see [`crate::ir::kernel::Overlap`].
struct Shared {
    /// The shared memory, as bytes of the arena.
    memory: Range<usize>,
    /// The operand, as bytes of the shared memory.
    input: Range<usize>,
    function: KernelId,
}

/// A slot of the arena as the slice that kernels take.
fn as_slice_expr(element: ElementType, name: &Ident, mutable: bool) -> TokenStream {
    match (element.storage_type(), mutable) {
        (ElementType::I8 | ElementType::U8 | ElementType::Bool, true) => quote!(#name),
        (ElementType::I8 | ElementType::U8 | ElementType::Bool, false) => quote!(&*#name),
        (ElementType::I16, true) => quote!(rt::cast_mut::<i16>(#name)),
        (ElementType::I32 | ElementType::U32, true) => quote!(rt::cast_mut::<i32>(#name)),
        (ElementType::F32, true) => quote!(rt::cast_mut::<f32>(#name)),
        (ElementType::I16, false) => quote!(&*rt::cast_mut::<i16>(#name)),
        (ElementType::I32 | ElementType::U32, false) => quote!(&*rt::cast_mut::<i32>(#name)),
        (ElementType::F32, false) => quote!(&*rt::cast_mut::<f32>(#name)),
    }
}

fn slot(offset: usize, len: usize) -> TokenStream {
    let (start, end) = (usize_literal(offset), usize_literal(offset + len));
    quote!(#start..#end)
}
