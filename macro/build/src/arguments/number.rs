//! Numbers as users write them: `3`, `-0.5`, `1/255`.

use syn::parse::ParseStream;
use syn::{Lit, LitInt, Result, Token};

/// Parses a number with a sign, or a quotient of two; the value is never infinite.
pub(super) fn parse(input: ParseStream<'_>) -> Result<f64> {
    let start = input.span();
    let mut value = signed(input)?;
    if input.parse::<Option<Token![/]>>()?.is_some() {
        value /= signed(input)?;
    }
    if value.is_finite() {
        Ok(value)
    } else {
        Err(syn::Error::new(start, "this is not a finite number"))
    }
}

/// Parses a number of bytes: `65536` or `64 * 1024`.
pub(super) fn bytes(input: ParseStream<'_>) -> Result<usize> {
    let mut product: usize = input.parse::<LitInt>()?.base10_parse()?;
    while input.parse::<Option<Token![*]>>()?.is_some() {
        let factor: LitInt = input.parse()?;
        product = product
            .checked_mul(factor.base10_parse()?)
            .ok_or_else(|| syn::Error::new(factor.span(), "this is more than any memory"))?;
    }
    Ok(product)
}

fn signed(input: ParseStream<'_>) -> Result<f64> {
    let negative = input.parse::<Option<Token![-]>>()?.is_some();
    let value = match input.parse::<Lit>()? {
        Lit::Int(n) => n.base10_parse::<f64>()?,
        Lit::Float(x) => x.base10_parse::<f64>()?,
        other => return Err(syn::Error::new(other.span(), "expected a number")),
    };
    Ok(if negative { -value } else { value })
}
