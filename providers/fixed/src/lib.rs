//! A credential that an operator stored: opened from the vault, never minted.
