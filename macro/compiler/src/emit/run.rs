//! The body of a run: one kernel call per step.

use std::ops::Range;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Constants;
use super::interface::flat;
use super::literals::usize_literal;
use super::names::Port;
use crate::graph::ElementType;
use crate::ops::Buffer;
use crate::plan::{ArenaPlan, Location, Sharing};
use crate::quantize::{QuantGraph, Step, TensorId};

struct Body<'a> {
    program: &'a QuantGraph,
    plan: &'a ArenaPlan,
    inputs: &'a [Port],
    outputs: &'a [Port],
}

/// The code of each step, with the operator's name; what is to be done at the end
/// belongs to the last one.
pub(super) fn steps(
    program: &QuantGraph,
    plan: &ArenaPlan,
    inputs: &[Port],
    outputs: &[Port],
    constants: &mut Constants,
) -> Vec<(String, TokenStream)> {
    let body = Body {
        program,
        plan,
        inputs,
        outputs,
    };
    let mut steps: Vec<(String, TokenStream)> = Vec::new();
    for (position, &number) in plan.order.iter().enumerate() {
        // Operands that lie where the output wants them are joined already.
        if plan.sharing[position] != Sharing::Joined {
            let step = &program.steps[number];
            steps.push((
                step.operator.to_owned(),
                body.call(position, step, constants),
            ));
        }
    }
    let end = body.end(constants);
    if !end.is_empty() {
        match steps.last_mut() {
            Some((_, last)) => *last = quote!(#last #end),
            None => steps.push(("end".to_owned(), end)),
        }
    }
    steps
}

impl Body<'_> {
    /// Outputs that lie elsewhere are copied; states are written when nothing reads
    /// their old content any more.
    fn end(&self, constants: &mut Constants) -> TokenStream {
        let mut end = TokenStream::new();
        for (i, &id) in self.program.outputs.iter().enumerate() {
            let port = self.outputs.iter().find(|p| p.index == i);
            if let (Some(port), true) = (port, self.plan.locations[id] != Location::Output(i)) {
                let ident = &port.ident;
                let to = flat(quote!(output.#ident), &port.shape, true);
                end.extend(self.copied(id, to, constants));
            }
        }
        for (i, state) in self.program.states.iter().enumerate() {
            if state.next != state.value {
                let field = super::state::field(self.program, i);
                end.extend(self.copied(state.next, quote!(&mut state.#field), constants));
            }
        }
        end
    }

    /// Copies a tensor to where callers find it.
    fn copied(&self, id: TensorId, to: TokenStream, constants: &mut Constants) -> TokenStream {
        if let Location::Arena { offset } = self.plan.locations[id] {
            let tensor = &self.program.tensors[id];
            let slot = slot(offset, tensor.bytes());
            let from = typed(tensor.element, &super::ident("next"), false);
            return quote!({
                let [next] = rt::slots(arena, [#slot]);
                rt::copy(#from, #to);
            });
        }
        let from = self.place(id, constants);
        from.map_or(TokenStream::new(), |from| quote!(rt::copy(#from, #to);))
    }

    /// A tensor that lies outside of the arena, as a slice to read.
    fn place(&self, id: TensorId, constants: &mut Constants) -> Option<TokenStream> {
        match self.plan.locations[id] {
            Location::Input(i) => {
                let ident = &self.inputs.iter().find(|p| p.index == i)?.ident;
                Some(quote!(#ident.as_slice()))
            }
            Location::Output(i) => {
                let port = self.outputs.iter().find(|p| p.index == i)?;
                let ident = &port.ident;
                Some(flat(quote!(output.#ident), &port.shape, false))
            }
            Location::Constant => Some(match self.program.tensors[id].constant.as_ref()? {
                Buffer::I8(data) => constants.int8s("OPERAND", data),
                Buffer::I16(data) => constants.int16s("OPERAND", data),
                Buffer::I32(data) => constants.words("OPERAND", data),
                Buffer::F32(data) => constants.floats("OPERAND", data),
            }),
            Location::State(i) => {
                let field = super::state::field(self.program, i);
                Some(quote!(&state.#field))
            }
            Location::Arena { .. } | Location::Unused => None,
        }
    }

    /// A name for a tensor of the arena: the last two parts of its own.
    fn variable(&self, id: TensorId, taken: &[Ident]) -> Ident {
        let name = self.program.tensors[id]
            .name
            .split(';')
            .next()
            .unwrap_or("");
        let parts: Vec<&str> = name.rsplit('/').take(2).collect();
        let mut name = super::names::snake(&parts.into_iter().rev().collect::<Vec<_>>().join("_"));
        let used = |name: &str| {
            taken.iter().any(|t| t == name)
                || self.inputs.iter().any(|p| p.ident == name)
                || super::names::is_reserved(name)
        };
        while used(&name) {
            name.push('_');
        }
        super::ident(&name)
    }

    fn output_place(&self, id: TensorId) -> Option<TokenStream> {
        let Location::Output(i) = self.plan.locations[id] else {
            return None;
        };
        let port = self.outputs.iter().find(|p| p.index == i)?;
        let ident = &port.ident;
        Some(flat(quote!(output.#ident), &port.shape, true))
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

    fn call(&self, position: usize, step: &Step, constants: &mut Constants) -> TokenStream {
        let tensor = &self.program.tensors[step.output()];
        let operator: String = step
            .operator
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == ' ')
            .collect();
        let operator = operator.replace(' ', "_").to_uppercase();
        constants.prefix = format!("{operator}_{position}");
        let emitted = step.kernel.emit(constants);
        let index = if step.index == usize::MAX {
            String::new()
        } else {
            format!("#{} ", step.index)
        };
        let mut docs = format!("{index}{} -> `{}`", step.operator, tensor.name);
        if let Some([kept, all]) = step.channels.filter(|[kept, all]| kept < all) {
            docs += &format!(", {kept} of {all} channels: nothing depends on the others");
        }
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
        let shared = (sharing == Sharing::Overlapping)
            .then(|| self.shared(step))
            .flatten();
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
                    let known = ids.iter().position(|id| *id == input).unwrap_or(0);
                    let name = &names[known];
                    arguments.push(typed(self.program.tensors[input].element, name, false));
                }
                _ => arguments.push(self.place(input, constants).unwrap_or_default()),
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
                    typed(tensor.element, &name, true)
                }
                _ => self.output_place(output).unwrap_or_else(|| quote!(&mut [])),
            });
        }
        if step.kernel.gathers_inputs() {
            arguments = vec![quote!([#(#arguments),*])];
        }
        let in_place = in_place.and_then(|i| step.kernel.in_place(i));
        let call = match (in_place, shared) {
            (_, Some(shared)) => {
                let function = format_ident!("{}", shared.function);
                let input = slot(shared.input.start, shared.input.len());
                quote!(rt::#function(#parameters, #(#results,)* #input);)
            }
            (Some(function), _) => {
                let function = format_ident!("{function}");
                quote!(rt::#function(#parameters, #(#results),* #(, #arguments)*);)
            }
            _ => {
                let function = format_ident!("{}", emitted.function);
                quote!(rt::#function(#parameters, #(#arguments,)* #(#results),*);)
            }
        };
        if slots.is_empty() {
            return call;
        }
        quote!({
            let [#(#names),*] = rt::slots(arena, [#(#slots),*]);
            #call
        })
    }
}

/// See [`crate::ops::Overlap`].
struct Shared {
    /// Of the arena.
    memory: Range<usize>,
    /// Of that memory.
    input: Range<usize>,
    function: &'static str,
}

/// A slot of the arena as the slice that kernels take.
fn typed(element: ElementType, name: &Ident, mutable: bool) -> TokenStream {
    match (element.held(), mutable) {
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
