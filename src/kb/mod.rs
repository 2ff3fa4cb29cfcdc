//! The knowledge base: articles as files ([`articles`]), the search over them ([`search`]), what wants a look ([`doubts()`]) and pages for
//! readers ([`pages`]).

pub mod articles;
mod doubts;
mod links;
pub mod pages;
pub mod search;
mod steps;
mod typos;
mod words;

pub use articles::{BUILT_IN, Library, Text};
pub use doubts::doubts;
pub use search::Index;
