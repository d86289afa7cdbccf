//! The tests of the product.

mod architecture;
mod crash;
mod demo;
mod examples;
mod flows;
mod interop;
mod leaks;
mod minted;
mod security;
mod support;
mod terraform;
