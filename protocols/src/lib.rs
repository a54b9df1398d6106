//! The rules that the workshop's servers and clients share, however they are written: the chat's
//! rules and messages, the conversation test that every chat server must pass, and (feature `http`)
//! messages of HTTP/1.
//!
//! This crate does not wait for anything and has no non-blocking sockets: `reactor`,
//! `green-threads` and `scheduler` do that.

pub mod chat;
pub mod conversation;
#[cfg(feature = "http")]
pub mod http;
