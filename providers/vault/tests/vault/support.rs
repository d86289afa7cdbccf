//! Real servers, which the product's tests use too.

#[path = "../../../../tests/support/openbao.rs"]
pub(crate) mod openbao;
#[path = "../../../../tests/support/ports.rs"]
pub(crate) mod ports;
#[path = "../../../../tests/support/postgres.rs"]
pub(crate) mod postgres;
