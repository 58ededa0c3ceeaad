//! Arguments of the macro, as text.

use proc_macro2::TokenStream;

use super::timed;
use crate::check;
use crate::expand::expand;

/// What stands between the braces of `include_model!`.
pub fn arguments(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    // Rust reads tokens before a macro does.
    let Ok(tokens) = text.parse::<TokenStream>() else {
        return false;
    };
    let expansion = timed("the expansion", || expand(tokens));
    let text = expansion.to_string();
    assert!(
        !text.contains("this is a mistake in niello"),
        "the compiler panicked"
    );
    check::expansion(&expansion);
    !text.contains("compile_error")
}

/// What a call expands to.
///
/// # Panics
/// If the text is not made of tokens.
pub fn expansion(call: &str) -> TokenStream {
    expand(call.parse().expect("tokens"))
}
