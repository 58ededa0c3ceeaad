//! Where files that TensorFlow Lite runs are less tidy than the verifier of the
//! flatbuffers crate asks for: 64-bit numbers in places that are no multiples of eight, and
//! unions that have a type but no table. Readers copy numbers byte by byte and ask for both
//! parts of a union, so neither makes reading unsafe. The generated code is changed to use
//! these: see `schema.fbs`.

use std::borrow::Cow;
use std::marker::PhantomData;

use flatbuffers::{Follow, InvalidFlatbuffer, TableVerifier, Verifiable, Verifier};

type Result<T> = std::result::Result<T, InvalidFlatbuffer>;

/// A number that may begin at any byte, aligned or not.
pub(super) struct Anywhere<T>(PhantomData<T>);

impl<T> Verifiable for Anywhere<T> {
    fn run_verifier(v: &mut Verifier<'_, '_>, position: usize) -> Result<()> {
        v.range_in_buffer(position, size_of::<T>())
    }
}

/// A vector of numbers that may begin at any byte, aligned or not.
pub(super) struct VectorAnywhere<T>(PhantomData<T>);

impl<T> Verifiable for VectorAnywhere<T> {
    fn run_verifier(v: &mut Verifier<'_, '_>, position: usize) -> Result<()> {
        let length = v.get_uoffset(position)? as usize;
        let begin = position.saturating_add(size_of::<u32>());
        v.range_in_buffer(begin, length.saturating_mul(size_of::<T>()))
    }
}

/// Unions that need not have both parts.
pub(super) trait LooseUnion<'buf>: Sized {
    /// The crate's `visit_union` if type and table are there; else readers find no table.
    fn visit_loose_union<K, V>(
        self,
        key_name: impl Into<Cow<'static, str>>,
        key: u16,
        value_name: impl Into<Cow<'static, str>>,
        value: u16,
        required: bool,
        verify: V,
    ) -> Result<Self>
    where
        K: Follow<'buf> + Verifiable,
        V: FnOnce(K::Inner, &mut Verifier<'_, '_>, usize) -> Result<()>;
}

impl<'buf> LooseUnion<'buf> for TableVerifier<'_, '_, 'buf> {
    fn visit_loose_union<K, V>(
        mut self,
        key_name: impl Into<Cow<'static, str>>,
        key: u16,
        value_name: impl Into<Cow<'static, str>>,
        value: u16,
        required: bool,
        verify: V,
    ) -> Result<Self>
    where
        K: Follow<'buf> + Verifiable,
        V: FnOnce(K::Inner, &mut Verifier<'_, '_>, usize) -> Result<()>,
    {
        let (has_key, has_value) = (self.deref(key)?.is_some(), self.deref(value)?.is_some());
        if has_key && has_value {
            return self.visit_union::<K, V>(key_name, key, value_name, value, required, verify);
        }
        if let (true, Some(at)) = (has_key, self.deref(key)?) {
            K::run_verifier(self.verifier(), at)?;
        }
        Ok(self)
    }
}
