//! The arguments of `include_model!`, with the span of everything that an error may blame.
//!
//! ```text
//! pub fn name(input: f32) -> { output: f32 } = "model.tflite", dataset = "samples.npz", ..
//! ```

mod number;
mod options;

use std::path::PathBuf;

use niello_compiler::{Blame, ElementType, Item, Options, PortChoice, Request};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, LitStr, Result, Token, Visibility, braced, parenthesized};

/// The parsed arguments of one `include_model!`; parse them by `syn`.
pub struct Arguments {
    /// Documentation and other attributes of the function.
    pub attributes: Vec<Attribute>,
    /// The function's and the module's visibility.
    pub visibility: Visibility,
    /// The function's and the module's name.
    pub name: Ident,
    /// The path of the model as it is written.
    pub model: LitStr,
    /// The path of the dataset as it is written.
    pub dataset: Option<LitStr>,
    /// The path of the labels' file as it is written.
    pub labels: Option<LitStr>,
    /// Everything else that the user chose.
    pub options: Options,
    /// The path of the runtime crate.
    pub krate: TokenStream,
    /// The span of each option's keyword.
    keys: Vec<(&'static str, Span)>,
    tensor_spans: Vec<Span>,
    require_spans: Vec<Span>,
    inputs: Option<PortList>,
    outputs: Option<PortList>,
}

/// Options with some exchanged: what `text` names, in the macro's syntax, and all else as in
/// `base`. Clauses of `tensors` and `require` are added; the path of `labels` is taken as it is
/// written. Also gives the dataset, if the
/// text names one.
pub fn exchange(base: &Options, text: &str) -> Result<(Options, Option<LitStr>)> {
    let parse = |input: ParseStream<'_>| {
        let mut out: Arguments = syn::parse_str("fn model = \"\"")?;
        out.options = base.clone();
        while !input.is_empty() {
            options::parse(input, &mut out)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if let Some(labels) = &out.labels {
            out.options.labels = Some(labels.value().into());
        }
        Ok((out.options, out.dataset))
    };
    syn::parse::Parser::parse_str(parse, text)
}

/// The spans of a list of inputs or outputs that the user has written out.
struct PortList {
    whole: Span,
    spans: Vec<Span>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![fn]>()?;
        let name = input.parse()?;
        let mut options = Options::default();
        let (mut inputs, mut outputs) = (None, None);
        if input.peek(syn::token::Paren) {
            let content;
            let token = parenthesized!(content in input);
            let (list, choices) = ports(&content, token.span.join())?;
            (inputs, options.inputs) = (Some(list), Some(choices));
        }
        if input.parse::<Option<Token![->]>>()?.is_some() {
            let content;
            let token = braced!(content in input);
            let (list, choices) = ports(&content, token.span.join())?;
            (outputs, options.outputs) = (Some(list), Some(choices));
        }
        input.parse::<Token![=]>()?;
        let model = input.parse()?;
        let mut out = Arguments {
            attributes,
            visibility,
            name,
            model,
            dataset: None,
            labels: None,
            options,
            krate: quote!(::niello),
            keys: Vec::new(),
            tensor_spans: Vec::new(),
            require_spans: Vec::new(),
            inputs,
            outputs,
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            options::parse(input, &mut out)?;
        }
        Ok(out)
    }
}

fn ports(content: ParseStream<'_>, whole: Span) -> Result<(PortList, Vec<PortChoice>)> {
    let list = Punctuated::<(PortChoice, Span), Token![,]>::parse_terminated_with(content, port)?;
    let (choices, spans) = list.into_iter().unzip();
    Ok((PortList { whole, spans }, choices))
}

/// Parses `name`, `name: f32` or `"model's name" as name: f32`.
fn port(input: ParseStream<'_>) -> Result<(PortChoice, Span)> {
    let mut choice = PortChoice::default();
    let span = if input.peek(LitStr) {
        let name: LitStr = input.parse()?;
        choice.name = name.value();
        name.span()
    } else {
        let name = input.call(Ident::parse_any)?;
        choice.name = name.unraw().to_string();
        name.span()
    };
    if input.parse::<Option<Token![as]>>()?.is_some() {
        let name: Ident = input.parse()?;
        choice.rename = Some(name.unraw().to_string());
    }
    if input.parse::<Option<Token![:]>>()?.is_some() {
        let element: Ident = input.parse()?;
        choice.element = Some(match element.to_string().as_str() {
            "f32" => ElementType::F32,
            "i8" => ElementType::I8,
            "u8" => ElementType::U8,
            "i16" => ElementType::I16,
            "i32" => ElementType::I32,
            "u32" => ElementType::U32,
            "bool" => ElementType::Bool,
            _ => {
                let message = format!(
                    "element type `{element}` is not supported; write `f32`, `i8`, `u8`, `i16`, `i32`, `u32` or `bool`"
                );
                return Err(syn::Error::new(element.span(), message));
            }
        });
    }
    Ok((choice, span))
}

impl Arguments {
    /// What the compiler is told about the function.
    pub fn item(&self) -> Item {
        let attributes = &self.attributes;
        Item {
            attributes: quote!(#(#attributes)*),
            visibility: self.visibility.to_token_stream(),
            name: self.name.clone(),
            krate: self.krate.clone(),
        }
    }

    /// What the compiler is told about the model; `path` finds the file that a literal names.
    pub fn request(&self, path: impl Fn(&LitStr) -> PathBuf, cache: Option<PathBuf>) -> Request {
        Request {
            model: path(&self.model),
            dataset: self.dataset.as_ref().map(&path),
            options: Options {
                labels: self.labels.as_ref().map(&path),
                ..self.options.clone()
            },
            cache,
        }
    }

    /// The span of the tokens that an error of the compiler is about.
    pub fn span(&self, blame: &Blame) -> Span {
        let listed = |list: &Option<PortList>, i: usize| {
            list.as_ref()
                .map(|l| l.spans.get(i).copied().unwrap_or(l.whole))
        };
        match blame {
            Blame::Dataset => self.dataset.as_ref().map(LitStr::span),
            Blame::Option(name) => self
                .keys
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, span)| *span),
            Blame::Input(i) => listed(&self.inputs, *i),
            Blame::Output(i) => listed(&self.outputs, *i),
            Blame::Tensor(i) => self.tensor_spans.get(*i).copied(),
            Blame::Require(i) => self.require_spans.get(*i).copied(),
            // The model, and what later versions may add.
            _ => None,
        }
        .unwrap_or_else(|| self.model.span())
    }
}
