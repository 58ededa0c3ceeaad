//! Inputs, outputs and states of the program, with the element types that callers see.

use super::builder::Lowering;
use crate::arithmetic::convert::low_i8;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::byte_scale::ByteScale;
use crate::ir::context::Target;
use crate::ir::graph::{Constant, ElementType, ValueId};
use crate::ir::quant_graph::QuantState;
use crate::ops::quantization::quantize::PortKernel;
use crate::ops::shared::lookup_table::TableKernel;

/// The table from a byte to the quantized value of the real number that it stands for; `None`
/// if these are the same numbers.
fn byte_table(bytes: ByteScale, params: QuantParams) -> Option<TableKernel> {
    // An int8 number q stands for the byte q + 128.
    let byte = |q: i32| low_i8(q).cast_unsigned() ^ 0x80;
    let table = TableKernel::new(|q| params.quantize(bytes.real(byte(q))).into());
    let is_identity = table
        .table
        .iter()
        .zip(-128..)
        .all(|(entry, q)| i32::from(*entry) == q);
    (!is_identity).then_some(table)
}

impl Lowering<'_> {
    /// Adds the inputs, each with a conversion where callers pass another type.
    pub(super) fn inputs(&mut self, elements: &[ElementType]) -> Result<()> {
        for (port, element) in self.graph.inputs.iter().zip(elements) {
            self.program.input_params.push(self.scales.find(port.value));
            let bytes = (*element == ElementType::U8 && port.element == ElementType::F32)
                .then_some(port.bytes);
            self.program.input_bytes.push(bytes);
            let id = match element {
                ElementType::F32 => {
                    let id = self.tensor(port.value, ElementType::F32, None);
                    self.f32_tensors.insert(port.value, id);
                    id
                }
                ElementType::U8 | ElementType::U32 | ElementType::Bool => {
                    let target = self.target(port.value)?;
                    let id = self.tensor(port.value, *element, target.params());
                    let held = self.tensor(port.value, target.element(), target.params());
                    match bytes.and_then(|bytes| byte_table(bytes, target.params()?)) {
                        None => {
                            self.push_compiler_step("(input)", id, held, PortKernel::from(*element))
                        }
                        Some(table) => {
                            let shifted = self.tensor(port.value, target.element(), None);
                            self.program.tensors[shifted].value = None;
                            self.push_compiler_step(
                                "(input)",
                                id,
                                shifted,
                                PortKernel::from(*element),
                            );
                            self.push_compiler_step("(bytes)", shifted, held, table);
                        }
                    }
                    self.tensors.insert(port.value, held);
                    id
                }
                _ => {
                    let target = self.target(port.value)?;
                    let id = self.tensor(port.value, *element, target.params());
                    if *element != target.element() {
                        return Err(Error::model(format!(
                            "input {:?} cannot be {}: it is {} in the program",
                            port.name,
                            element.name(),
                            target.element().name()
                        )));
                    }
                    self.tensors.insert(port.value, id);
                    id
                }
            };
            self.program.inputs.push(id);
        }
        Ok(())
    }

    /// Adds the states with their initial contents.
    pub(super) fn states(&mut self) -> Result<()> {
        for state in &self.graph.states {
            let target = self.target(state.value)?;
            let id = self.tensor(state.value, target.element(), target.params());
            if target == Target::F32 {
                self.f32_tensors.insert(state.value, id);
            } else {
                self.tensors.insert(state.value, id);
            }
            let real = self.graph.initial(state)?;
            let initial = match (target, &state.initial) {
                (Target::I8(_) | Target::Bool, Some(Constant::I8(data))) => {
                    Buffer::I8(data.iter().copied().collect())
                }
                (Target::I16(_), Some(Constant::I16(data))) => {
                    Buffer::I16(data.iter().copied().collect())
                }
                _ => self.program.encode_tensor(id, real.iter().copied()),
            };
            self.program.states.push(QuantState {
                name: state.name.clone(),
                value: id,
                next: id,
                initial,
            });
        }
        Ok(())
    }

    /// Says which tensor holds each state at the end of a run; never another state's own
    /// memory.
    pub(super) fn next_states(&mut self) -> Result<()> {
        for i in 0..self.graph.states.len() {
            let (value, next) = (self.graph.states[i].value, self.graph.states[i].next);
            let target = self.target(value)?;
            let mut id = self.tensor_in(next, target == Target::F32)?;
            if next != value && self.program.states.iter().any(|s| s.value == id) {
                let copy = self.tensor(next, target.element(), target.params());
                let all = self.graph.values[next].len();
                self.push_compiler_step(
                    "(state)",
                    id,
                    copy,
                    crate::ops::shared::strided::StridedKernel::copy(all),
                );
                id = copy;
            }
            self.program.states[i].next = id;
        }
        Ok(())
    }

    /// Adds an output in the element type that callers get.
    pub(super) fn output(&mut self, value: ValueId, element: ElementType) -> Result<()> {
        self.program.output_params.push(self.scales.find(value));
        let existing = self.tensors.get(&value).copied();
        // An f32 input that is also an output goes through untouched.
        let raw = self.f32_tensors.get(&value).copied();
        let id = match (existing, raw, element) {
            (_, Some(raw), ElementType::F32) => raw,
            (Some(id), ..) if self.program.tensors[id].element == element => id,
            (_, _, ElementType::F32) => self.tensor_f32(value)?,
            (_, _, ElementType::U8 | ElementType::U32 | ElementType::Bool) => {
                let held = self.tensor_quantized(value)?;
                let params = self.program.tensors[held].params;
                let id = self.tensor(value, element, params);
                self.push_compiler_step("(output)", held, id, PortKernel::to(element));
                id
            }
            _ => self.tensor_quantized(value)?,
        };
        let held = self.program.tensors[id].element;
        if held != element {
            return Err(Error::model(format!(
                "output {:?} cannot be {}: it is {} in the program",
                self.graph.values[value].name,
                element.name(),
                held.name()
            )));
        }
        self.program.outputs.push(id);
        Ok(())
    }
}
