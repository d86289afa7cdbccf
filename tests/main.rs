//! The tests of the product.

mod interop;
mod support;
