//! From arguments to tokens: call the compiler, report what it says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use niello_build::arguments::Arguments;
use niello_compiler::{Item, compile_with_warnings, outline};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::LitStr;
use syn::ext::IdentExt;

use crate::{place, warn};

pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let arguments: Arguments = match syn::parse2(tokens) {
        Ok(arguments) => arguments,
        Err(error) => return error.to_compile_error(),
    };
    let item = arguments.item();
    let manifest = place::manifest().unwrap_or_default();
    let path = |literal: &LitStr| place::file(&manifest, literal);
    let request = arguments.request(path, place::cache(&manifest));
    // An editor shows types and signatures; what is wrong, `cargo check` tells it.
    if place::is_editor()
        && let Ok(Ok(tokens)) = catch_unwind(AssertUnwindSafe(|| outline(&item, &request)))
    {
        return tokens;
    }
    // A panic would be a mistake of ours; even then the user's tokens are shown.
    let result = catch_unwind(AssertUnwindSafe(|| compile_with_warnings(&item, &request)));
    let error = match result {
        Ok(Ok((tokens, warnings))) => {
            let warnings = warn::items(&arguments, &warnings);
            return quote!(#tokens #warnings);
        }
        Ok(Err(error)) => syn::Error::new(arguments.span(&error.blame), error.message),
        Err(_) => syn::Error::new(
            arguments.model.span(),
            "niello failed on this model; this is a mistake in niello: please report it with the model",
        ),
    };
    stand_in(&item, &error)
}

/// The error, and a name for the function and its module that makes no further errors.
///
/// The compiler says nothing about a name that is imported from a module in which a macro failed:
/// the macro could have defined it. So calls of the function and uses of its types are accepted
/// with any arguments and fields.
fn stand_in(item: &Item, error: &syn::Error) -> TokenStream {
    let Item {
        visibility, name, ..
    } = item;
    let failed = format_ident!("__niello_failed_{}", name.unraw());
    let error = error.to_compile_error();
    quote! {
        #[doc(hidden)]
        mod #failed { #error }
        #[doc(hidden)]
        #visibility use #failed::#name;
    }
}
