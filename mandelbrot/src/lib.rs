#![doc = include_str!("../README.md")]

pub mod async_tiles;
pub mod counts;
pub mod error;
pub mod kernels;
pub mod mariani_silver;
pub mod omp;
pub mod paint;
pub mod palette;
pub mod par_iter;
pub mod par_pixels;
pub mod plan;
pub mod png_file;
pub mod regions;
pub mod serial;
pub mod threads;
pub mod tile;
pub mod view;

pub use counts::Counts;
pub use error::Error;
pub use kernels::Kernel;
pub use plan::Plan;
pub use tile::Tile;
pub use view::View;
