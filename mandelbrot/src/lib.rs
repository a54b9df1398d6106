#![doc = include_str!("../README.md")]

pub mod async_tiles;
pub mod counts;
pub mod kernels;
pub mod mariani_silver;
pub mod omp;
pub mod paint;
pub mod palette;
pub mod par_iter;
pub mod par_pixels;
pub mod plan;
pub mod png_file;
pub mod processes;
pub mod regions;
pub mod serial;
mod shared;
pub mod shared_memory;
pub mod threads;
pub mod tile;
pub mod view;

pub use counts::Counts;
pub use kernels::Kernel;
pub use plan::Plan;
pub use tile::Tile;
pub use view::View;
