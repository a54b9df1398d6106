//! async-fetch beside the world: real servers, real data, and curl's verdict. README.md says what
//! each part is, what it needs, and what was found.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chaos;
mod curl_cases;
mod curl_data;
mod httpbin;
mod limits;
mod random;
mod relay;
mod servers;
mod support;
