//! Timing, comparison tables and traces shared by every room of the workshop.
