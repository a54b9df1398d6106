//! Demonstration (to come).
fn main() {}
