//! From arguments to tokens: call the compiler, report what it says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use niello_compiler::{Item, Request, compile, fallback};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::input::Input;
use crate::place;

pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let input: Input = match syn::parse2(tokens) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let attributes = &input.attributes;
    let item = Item {
        attributes: quote!(#(#attributes)*),
        visibility: input.visibility.to_token_stream(),
        name: input.name.clone(),
        krate: input.krate.clone(),
    };
    let manifest = place::manifest().unwrap_or_default();
    let request = Request {
        model: place::file(&manifest, &input.model),
        dataset: input
            .dataset
            .as_ref()
            .map(|path| place::file(&manifest, path)),
        options: input.options.clone(),
        cache: place::cache(&manifest),
    };
    // A panic would be a mistake of ours; even then the user's tokens are shown.
    let result = catch_unwind(AssertUnwindSafe(|| compile(&item, &request)));
    let error = match result {
        Ok(Ok(tokens)) => return tokens,
        Ok(Err(error)) => syn::Error::new(input.span(&error.blame), error.message),
        Err(_) => syn::Error::new(
            input.model.span(),
            "niello failed on this model; this is a mistake in niello: please report it with the model",
        ),
    };
    let error = error.to_compile_error();
    // With the model's types in place, calls of the function are no further errors.
    let stub = catch_unwind(AssertUnwindSafe(|| fallback(&item, &request))).unwrap_or_default();
    quote!(#error #stub)
}
