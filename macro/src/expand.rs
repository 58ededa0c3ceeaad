//! From arguments to tokens: call the compiler, report what it says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use niello_build::arguments::Arguments;
use niello_compiler::{compile, fallback};
use proc_macro2::TokenStream;
use quote::quote;

use crate::place;

pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let arguments: Arguments = match syn::parse2(tokens) {
        Ok(arguments) => arguments,
        Err(error) => return error.to_compile_error(),
    };
    let item = arguments.item();
    let manifest = place::manifest().unwrap_or_default();
    let request = arguments.request(
        place::file(&manifest, &arguments.model),
        arguments
            .dataset
            .as_ref()
            .map(|d| place::file(&manifest, d)),
        place::cache(&manifest),
    );
    // A panic would be a mistake of ours; even then the user's tokens are shown.
    let result = catch_unwind(AssertUnwindSafe(|| compile(&item, &request)));
    let error = match result {
        Ok(Ok(tokens)) => return tokens,
        Ok(Err(error)) => syn::Error::new(arguments.span(&error.blame), error.message),
        Err(_) => syn::Error::new(
            arguments.model.span(),
            "niello failed on this model; this is a mistake in niello: please report it with the model",
        ),
    };
    let error = error.to_compile_error();
    // With the model's types in place, calls of the function are no further errors.
    let stub = catch_unwind(AssertUnwindSafe(|| fallback(&item, &request))).unwrap_or_default();
    quote!(#error #stub)
}
