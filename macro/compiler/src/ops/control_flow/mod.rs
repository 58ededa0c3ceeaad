//! What IF and WHILE become where data decides.

pub(crate) mod control;
