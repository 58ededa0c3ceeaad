//! The options after the path, each with the tokens to blame for it.

use niello_compiler::{Activations, Comparison, Method, Metric, Requirement, WarningKind};
use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{LitBool, LitInt, LitStr, Result, Token, bracketed, parenthesized};

use super::{Arguments, number};

/// The names of all options, for suggestions.
const NAMES: &[&str] = &[
    "dataset",
    "samples",
    "samples_follow",
    "calibration",
    "activations",
    "tensors",
    "weights",
    "equalization",
    "bias_correction",
    "weight_rounding",
    "signature",
    "shapes",
    "images",
    "require",
    "labels",
    "selftest",
    "allow",
    "inputs",
    "arena_limit",
    "crate",
];

/// Parses one option, `name = value` or `name(..)`, into `out`.
pub(super) fn parse(input: ParseStream<'_>, out: &mut Arguments) -> Result<()> {
    let key = input.call(Ident::parse_any)?;
    let name = key.to_string();
    if let Some((known, _)) = out.keys.iter().find(|(known, _)| *known == name) {
        return Err(syn::Error::new(
            key.span(),
            format!("the option `{known}` is given twice"),
        ));
    }
    let Some(known) = NAMES.iter().find(|n| **n == name) else {
        return Err(unknown("option", &key, NAMES));
    };
    out.keys.push((*known, key.span()));
    let options = &mut out.options;
    match name.as_str() {
        "dataset" => out.dataset = Some(assigned(input)?),
        "labels" => out.labels = Some(assigned(input)?),
        "allow" => options.allow.extend(listed(input, warning)?),
        "selftest" => options.selftest = Some(assigned::<LitInt>(input)?.base10_parse()?),
        "samples" => options.samples = Some(assigned::<LitInt>(input)?.base10_parse()?),
        "samples_follow" => options.samples_follow = assigned::<LitBool>(input)?.value,
        "calibration" => {
            input.parse::<Token![=]>()?;
            options.calibration = method(input, false)?;
        }
        "activations" => {
            let choice: Ident = assigned(input)?;
            options.activations = match choice.to_string().as_str() {
                "int8" => Activations::Int8,
                "int16" => Activations::Int16,
                _ => return Err(unknown("type", &choice, &["int8", "int16"])),
            };
        }
        "tensors" => {
            for (name, method) in listed(input, |input| {
                let name: LitStr = input.parse()?;
                input.parse::<Token![:]>()?;
                Ok((name, method(input, true)?))
            })? {
                out.tensor_spans.push(name.span());
                options.tensors.push((name.value(), method));
            }
        }
        "weights" => {
            let choice: Ident = assigned(input)?;
            options.per_channel = match choice.to_string().as_str() {
                "per_channel" => true,
                "per_tensor" => false,
                _ => return Err(unknown("choice", &choice, &["per_channel", "per_tensor"])),
            };
        }
        "inputs" => {
            let choice: Ident = assigned(input)?;
            options.inputs_in_arena = match choice.to_string().as_str() {
                "arena" => true,
                "arguments" => false,
                _ => return Err(unknown("choice", &choice, &["arguments", "arena"])),
            };
        }
        "arena_limit" => {
            input.parse::<Token![=]>()?;
            options.arena_limit = Some(number::bytes(input)?);
        }
        "equalization" => options.equalize = assigned::<LitBool>(input)?.value,
        "bias_correction" => options.bias_correction = assigned::<LitBool>(input)?.value,
        "weight_rounding" => {
            options.weight_rounding = assigned::<LitBool>(input)?.value;
        }
        "signature" => options.signature = Some(assigned::<LitStr>(input)?.value()),
        "shapes" => options.shapes = listed(input, shape)?,
        "images" => images(input, out)?,
        "require" => {
            for (requirement, span) in listed(input, requirement)? {
                out.require_spans.push(span);
                options.require.push(requirement);
            }
        }
        _ => {
            let path: syn::Path = assigned(input)?;
            check_crate(&path)?;
            out.krate = quote::quote!(#path);
        }
    }
    Ok(())
}

/// The runtime's path is that of a module: without arguments and `Self`, and an ordinary
/// name follows a leading `::`.
fn check_crate(path: &syn::Path) -> syn::Result<()> {
    let is_keyword = |segment: &syn::PathSegment| {
        ["Self", "self", "super", "crate"].contains(&segment.ident.to_string().as_str())
    };
    let mut segments = path.segments.iter().enumerate();
    let wrong = segments.find(|(i, s)| {
        let misplaced = *i == 0 && path.leading_colon.is_some() && is_keyword(s);
        !s.arguments.is_none() || s.ident == "Self" || misplaced
    });
    match wrong {
        Some((_, segment)) => Err(syn::Error::new_spanned(
            segment,
            "expected the path of the crate niello, such as `::niello`",
        )),
        None => Ok(()),
    }
}

/// Parses the name of a warning.
fn warning(input: ParseStream<'_>) -> Result<WarningKind> {
    let name: Ident = input.parse()?;
    let found = WarningKind::ALL.into_iter().find(|w| name == w.name());
    found.ok_or_else(|| unknown("warning", &name, &WarningKind::ALL.map(WarningKind::name)))
}

fn assigned<T: syn::parse::Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn listed<T>(input: ParseStream<'_>, one: fn(ParseStream<'_>) -> Result<T>) -> Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    let list = Punctuated::<T, Token![,]>::parse_terminated_with(&content, one)?;
    Ok(list.into_iter().collect())
}

/// Parses a name with its shape: `"name": [1, 96, 96, 3]`.
fn shape(input: ParseStream<'_>) -> Result<(String, Vec<usize>)> {
    let name: LitStr = input.parse()?;
    input.parse::<Token![:]>()?;
    let content;
    bracketed!(content in input);
    let dims = Punctuated::<LitInt, Token![,]>::parse_terminated(&content)?;
    let dim = |d: &LitInt| match d.base10_parse::<u32>()? {
        0 => Err(syn::Error::new(d.span(), "a dimension is 1 or more")),
        n => Ok(n as usize),
    };
    Ok((name.value(), dims.iter().map(dim).collect::<Result<_>>()?))
}

fn method(input: ParseStream<'_>, single: bool) -> Result<Method> {
    let name: Ident = input.parse()?;
    let known: &[&str] = if single {
        &[
            "minmax",
            "percentile",
            "mse",
            "entropy",
            "range",
            "symmetric",
            "float",
            "int16",
        ]
    } else {
        &["minmax", "percentile", "mse", "entropy"]
    };
    let text = name.to_string();
    if !known.contains(&text.as_str()) {
        return Err(unknown("calibration method", &name, known));
    }
    let arguments = |n: usize, usage: &str| -> Result<Vec<f64>> {
        if !input.peek(syn::token::Paren) {
            return Err(syn::Error::new(name.span(), format!("write `{usage}`")));
        }
        let list = listed(input, number::parse)?;
        if list.len() != n {
            return Err(syn::Error::new(name.span(), format!("write `{usage}`")));
        }
        Ok(list)
    };
    Ok(match text.as_str() {
        "minmax" => Method::MinMax,
        "mse" => Method::Mse,
        "entropy" => Method::Entropy,
        "symmetric" => Method::Symmetric,
        "float" => Method::Float,
        "int16" => Method::Int16,
        "percentile" => {
            let percent = arguments(1, "percentile(99.99)")?[0];
            if !(percent > 50.0 && percent <= 100.0) {
                return Err(syn::Error::new(
                    name.span(),
                    "a percentile lies above 50 and up to 100",
                ));
            }
            Method::Percentile(percent)
        }
        _ => {
            let ends = arguments(2, "range(-1.0, 1.0)")?;
            if ends[0] >= ends[1] {
                return Err(syn::Error::new(
                    name.span(),
                    "a range's first end is below its second",
                ));
            }
            Method::Range(ends[0] as f32, ends[1] as f32)
        }
    })
}

fn images(input: ParseStream<'_>, out: &mut Arguments) -> Result<()> {
    let content;
    parenthesized!(content in input);
    while !content.is_empty() {
        let key: Ident = content.parse()?;
        content.parse::<Token![=]>()?;
        match key.to_string().as_str() {
            "resize" => out.options.images.resize = content.parse::<LitBool>()?.value,
            "scale" => out.options.images.scale = Some(number::parse(&content)? as f32),
            "offset" => out.options.images.offset = Some(number::parse(&content)? as f32),
            _ => {
                return Err(unknown(
                    "image option",
                    &key,
                    &["resize", "scale", "offset"],
                ));
            }
        }
        if content.parse::<Option<Token![,]>>()?.is_none() && !content.is_empty() {
            return Err(content.error("expected `,`"));
        }
    }
    Ok(())
}

fn requirement(input: ParseStream<'_>) -> Result<(Requirement, Span)> {
    let (output, span) = if input.peek(LitStr) {
        let name: LitStr = input.parse()?;
        (name.value(), name.span())
    } else {
        let name = input.call(Ident::parse_any)?;
        (name.unraw().to_string(), name.span())
    };
    input.parse::<Token![:]>()?;
    let name: Ident = input.parse()?;
    let Some(metric) = Metric::ALL.into_iter().find(|m| name == m.name()) else {
        return Err(unknown("metric", &name, &Metric::ALL.map(Metric::name)));
    };
    let comparison = if input.peek(Token![>=]) {
        input.parse::<Token![>=]>()?;
        Comparison::AtLeast
    } else if input.peek(Token![<=]) {
        input.parse::<Token![<=]>()?;
        Comparison::AtMost
    } else {
        return Err(input.error("expected `>=` or `<=`"));
    };
    if comparison != metric.comparison() {
        let sign = match metric.comparison() {
            Comparison::AtMost => "<=",
            _ => ">=",
        };
        return Err(syn::Error::new(
            name.span(),
            format!("`{name}` is bounded with `{sign}`"),
        ));
    }
    let bound = number::parse(input)?;
    Ok((
        Requirement {
            output,
            metric,
            comparison,
            bound,
        },
        span,
    ))
}

/// The error about a word that is not known, with the most similar known one:
/// "unknown option `smaples`; did you mean `samples`?"
pub(super) fn unknown(what: &str, found: &Ident, known: &[&str]) -> syn::Error {
    let name = found.to_string();
    let close = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(k, &name), k))
        .min()
        .filter(|(distance, k)| *distance <= 1 + k.len() / 3);
    let hint = match close {
        Some((_, k)) => format!("did you mean `{k}`?"),
        None => format!("known: {}", known.join(", ")),
    };
    syn::Error::new(found.span(), format!("unknown {what} `{name}`; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_has_the_path_of_a_module() {
        let is_taken = |text| check_crate(&syn::parse_str(text).expect("a path")).is_ok();
        assert!(["::niello", "crate::rt", "self::super::x", "a"].map(is_taken) == [true; 4]);
        assert!(["::Self", "Self", "::crate::x", "a::b<u8>"].map(is_taken) == [false; 4]);
    }
}
