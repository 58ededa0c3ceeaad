//! Rust names for a model's inputs and outputs.

use heck::ToUpperCamelCase;
use proc_macro2::Ident;

use super::identifiers::{RESERVED_TYPES, distinct, port_ident, snake, unfit, unique};
use crate::error::{Blame, Error, Result};
use crate::ir::byte_scale::ByteScale;
use crate::ir::graph;
use crate::ir::graph::ElementType;
use crate::tokens::literals::ident;

/// An input or output as the emitted code has it.
#[derive(Clone, Debug)]
pub(crate) struct RustPort {
    /// Its position in the graph's list.
    pub index: usize,
    /// The name that the model gives it.
    pub name: String,
    /// The parameter's or field's name.
    pub ident: Ident,
    /// The argument type's name (inputs only).
    pub type_name: Ident,
    /// The shape, without a leading batch dimension of 1.
    pub shape: Vec<usize>,
    pub element: ElementType,
    /// The real numbers that callers' bytes stand for, if the file has real numbers.
    pub bytes: Option<ByteScale>,
}

impl RustPort {
    /// The parameter's or field's name, without the `r#` of a keyword.
    pub(crate) fn plain_name(&self) -> String {
        self.ident.to_string().trim_start_matches("r#").to_owned()
    }
}

/// An entry of a written-out parameter list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PortChoice {
    /// The model's name, or the Rust name that would be made from it.
    pub name: String,
    /// The Rust name, if the user wants another one.
    pub rename: Option<String>,
    /// The element type; by default the file's.
    pub element: Option<ElementType>,
}

/// One of the two lists: inputs or outputs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Side {
    Inputs,
    Outputs,
}

/// Matches the graph's ports with the user's list, if there is one.
pub(crate) fn resolve(
    side: Side,
    ports: &[graph::Port],
    choices: Option<&[PortChoice]>,
) -> Result<Vec<RustPort>> {
    let defaults = unique(
        ports.iter().map(|p| snake(&p.name)).collect(),
        side == Side::Inputs,
    );
    let Some(choices) = choices else {
        return Ok(finish(
            side,
            ports,
            (0..ports.len()).collect(),
            defaults,
            |_| None,
        ));
    };
    let (what, blame): (_, fn(usize) -> Blame) = match side {
        Side::Inputs => ("input", Blame::Input),
        Side::Outputs => ("output", Blame::Output),
    };
    let available = || {
        let list: Vec<String> = ports
            .iter()
            .zip(&defaults)
            .map(|(p, ident)| {
                let shape = p.without_batch();
                let renamed = if *ident == p.name {
                    String::new()
                } else {
                    format!(" ({:?})", p.name)
                };
                format!(
                    "{ident}{renamed}: {} {}",
                    p.element.name(),
                    crate::error::shape_text(shape)
                )
            })
            .collect();
        format!("the model's {what}s are:\n  {}", list.join("\n  "))
    };
    let mut indices = Vec::new();
    let mut idents = Vec::new();
    for (i, choice) in choices.iter().enumerate() {
        let index = ports
            .iter()
            .position(|p| p.name == choice.name)
            .or_else(|| defaults.iter().position(|d| *d == choice.name))
            .or_else(|| ports.iter().position(|p| p.is_called(&choice.name)))
            .ok_or_else(|| {
                Error::new(
                    blame(i),
                    format!("the model has no {what} {:?}; {}", choice.name, available()),
                )
            })?;
        if indices.contains(&index) {
            return Err(Error::new(
                blame(i),
                format!("the {what} {:?} is listed twice", choice.name),
            ));
        }
        if let Some(element) = choice.element
            && !allowed(ports[index].element).contains(&element)
        {
            let list: Vec<&str> = allowed(ports[index].element)
                .iter()
                .map(|e| e.name())
                .collect();
            return Err(Error::new(
                blame(i),
                format!(
                    "the {what} {:?} cannot be {}; write {}",
                    choice.name,
                    element.name(),
                    list.join(" or ")
                ),
            ));
        }
        indices.push(index);
        let name = choice
            .rename
            .clone()
            .unwrap_or_else(|| defaults[index].clone());
        if let Some(reason) = unfit(&name, side == Side::Inputs) {
            return Err(Error::new(
                blame(i),
                format!("`{name}` {reason}; choose another"),
            ));
        }
        // Outputs have constants in capitals.
        let same = |other: &&String| match side {
            Side::Inputs => **other == name,
            Side::Outputs => other.to_uppercase() == name.to_uppercase(),
        };
        if let Some(other) = idents.iter().find(same) {
            let message = if *other == name {
                format!("two {what}s are called `{name}`")
            } else {
                format!("the {what}s `{other}` and `{name}` have the same name in capitals")
            };
            return Err(Error::new(blame(i), message));
        }
        idents.push(name);
    }
    if let Some(missing) = (0..ports.len()).find(|i| !indices.contains(i)) {
        return Err(Error::new(
            blame(usize::MAX),
            format!(
                "the {what} `{}` is not listed; {}",
                defaults[missing],
                available()
            ),
        ));
    }
    Ok(finish(side, ports, indices, idents, |i| choices[i].element))
}

/// The element types that callers may choose for one of the file's.
fn allowed(file: ElementType) -> &'static [ElementType] {
    match file {
        ElementType::F32 => &[
            ElementType::F32,
            ElementType::I8,
            ElementType::U8,
            ElementType::I16,
        ],
        ElementType::I8 | ElementType::U8 => &[ElementType::F32, ElementType::I8, ElementType::U8],
        ElementType::I16 => &[ElementType::F32, ElementType::I16],
        ElementType::I32 => &[ElementType::I32],
        ElementType::U32 => &[ElementType::U32],
        ElementType::Bool => &[ElementType::Bool],
    }
}

fn finish(
    side: Side,
    ports: &[graph::Port],
    indices: Vec<usize>,
    idents: Vec<String>,
    element: impl Fn(usize) -> Option<ElementType>,
) -> Vec<RustPort> {
    let types = idents.iter().map(|i| {
        let camel = i.to_upper_camel_case();
        // A digit cannot begin a name, and a script without upper case would give the same name
        // as the parameter.
        let camel = if !camel.starts_with(char::is_uppercase) {
            format!("T{camel}")
        } else {
            camel
        };
        if side == Side::Inputs && RESERVED_TYPES.contains(&camel.as_str()) {
            format!("{camel}Input")
        } else {
            camel
        }
    });
    let types = distinct(types.collect());
    indices
        .into_iter()
        .zip(idents)
        .zip(types)
        .enumerate()
        .map(|(position, ((index, name), type_name))| {
            let port = &ports[index];
            let element = element(position).unwrap_or(port.element);
            RustPort {
                index,
                name: port.name.clone(),
                ident: port_ident(&name),
                type_name: ident(&type_name),
                shape: port.without_batch().to_vec(),
                element,
                bytes: (side == Side::Inputs
                    && element == ElementType::U8
                    && port.element == ElementType::F32)
                    .then_some(port.bytes),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str) -> graph::Port {
        graph::Port {
            name: name.into(),
            tensor: name.into(),
            value: 0,
            shape: vec![1, 2],
            element: ElementType::F32,
            bytes: crate::ir::byte_scale::ByteScale::UNIT,
        }
    }

    fn idents(names: &[&str]) -> Vec<String> {
        let ports: Vec<_> = names.iter().map(|n| port(n)).collect();
        let resolved = resolve(Side::Inputs, &ports, None).expect("defaults always work");
        resolved
            .iter()
            .map(|p| format!("{}: {}", p.ident, p.type_name))
            .collect()
    }

    #[test]
    fn names_become_distinct_identifiers() {
        assert_eq!(
            idents(&[
                "x",
                "X",
                "type",
                "model/conv:2",
                "7up",
                "",
                "output",
                "größe",
                "s_t_e_p_s",
                "b_y_t_e_s",
                "none",
                "clone",
            ]),
            [
                "x: X",
                "x_2: X2",
                "type_: Type",
                "model_conv_2: ModelConv2",
                "_7up: T7up",
                "tensor: Tensor",
                "output_: OutputInput",
                "gr_e: GrE",
                "s_t_e_p_s: STEPSInput",
                "b_y_t_e_s: BYTESInput",
                "none: NoneInput",
                "clone_: Clone",
            ]
        );
    }

    #[test]
    fn a_written_list_is_checked_and_fixes_the_order() {
        let ports = [port("hint"), port("image:0")];
        let choice = |name: &str| PortChoice {
            name: name.into(),
            ..Default::default()
        };
        let list = [choice("image_0"), choice("hint")];
        let resolved = resolve(Side::Inputs, &ports, Some(&list)).expect("both are listed");
        assert_eq!(resolved.iter().map(|p| p.index).collect::<Vec<_>>(), [1, 0]);
        let error = resolve(Side::Inputs, &ports, Some(&list[..1])).expect_err("hint is missing");
        assert!(
            error.message.contains("`hint` is not listed") && error.message.contains("f32 [2]"),
            "{error}"
        );
        let renamed = PortChoice {
            rename: Some("output".into()),
            ..choice("hint")
        };
        let list = [choice("image_0"), renamed];
        let error = resolve(Side::Inputs, &ports, Some(&list)).expect_err("a reserved name");
        assert!(error.message.contains("`output`"), "{error}");
        for name in ["CONV_2D_0", "clone", "_", "self", "", "7", "a b"] {
            let renamed = PortChoice {
                rename: Some(name.into()),
                ..choice("hint")
            };
            let list = [choice("image_0"), renamed];
            resolve(Side::Inputs, &ports, Some(&list)).expect_err(name);
        }
        let renamed = PortChoice {
            rename: Some("type".into()),
            ..choice("hint")
        };
        let list = [choice("serving_default_image:0"), renamed];
        let resolved = resolve(Side::Inputs, &ports, Some(&list)).expect("a keyword is a name");
        assert_eq!(resolved[1].ident.to_string(), "r#type");
        assert_eq!(resolved[1].type_name.to_string(), "Type");
        // No upper case, no letter.
        for (name, ty) in [
            ("größe", "Größe"),
            ("日本", "T日本"),
            ("_٣", "T٣"),
            ("__", "T"),
        ] {
            let renamed = PortChoice {
                rename: Some(name.into()),
                ..choice("hint")
            };
            let list = [choice("image_0"), renamed];
            let resolved = resolve(Side::Inputs, &ports, Some(&list)).expect(name);
            assert_eq!(resolved[1].type_name.to_string(), ty);
        }
        let [small, large] = ["x", "X"].map(|name| Some(name.to_owned()));
        let list = [("hint", small), ("image_0", large)].map(|(name, rename)| PortChoice {
            rename,
            ..choice(name)
        });
        let error = resolve(Side::Outputs, &ports, Some(&list)).expect_err("X_SCALE twice");
        assert!(error.message.contains("capitals"), "{error}");
        let error = resolve(Side::Inputs, &ports, Some(&[choice("imgae")])).expect_err("a typo");
        assert_eq!(error.blame, Blame::Input(0));
    }
}
