//! What the servers and clients of the workshop agree on, whatever they are written with: the chat's
//! rules and words, the conversation test that every chat server must pass, and (feature `http`)
//! messages of HTTP/1.
//!
//! Nothing here knows sockets that do not block, or how anybody waits: `reactor`, `green-threads` and
//! `scheduler` bring that.

pub mod chat;
pub mod conversation;
#[cfg(feature = "http")]
pub mod http;
