//! The tests of the product.

mod architecture;
mod crash;
mod flows;
mod interop;
mod security;
mod support;
