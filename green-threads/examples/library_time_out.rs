//! A time-out ends the wait of a green thread, and its destructors run.
//! Run it: `cargo run --release -p green-threads --example time_out`

use std::time::Duration;

use green_threads::{sleep, timeout};

struct Guest;

impl Drop for Guest {
    fn drop(&mut self) {
        println!("the guest leaves");
    }
}

fn main() {
    let dinner = timeout(Duration::from_millis(100), || {
        let _guest = Guest;
        sleep(Duration::from_secs(3600));
    });
    match dinner {
        Ok(()) => println!("dinner was served"),
        Err(late) => println!("no dinner: {late}"),
    }
}
