//! The report as one page: no other files, no network, light and dark, readable when printed.

mod charts;
mod page;
mod tables;

pub(crate) use page::page;
