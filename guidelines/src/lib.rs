#![doc = include_str!("../README.md")]

// Figures: how they are taken, and when two of them differ.
pub mod book;
pub mod figure;
pub mod sample;

// The machine, and processes of our own.
pub mod child;
pub mod jobs;
pub mod machine;
pub mod memory;
pub mod wait;

// What is measured.
pub mod cluster;
pub mod costs;
pub mod crossover;
pub mod measure;
pub mod python;
pub mod your_work;

// What follows.
pub mod choose;
pub mod compare;
pub mod decisions;
pub mod report;
pub mod view;
