#![allow(unsafe_code)]
use std::time::{Duration, Instant};
fn main() {
    let n: u64 = 5_000_000;
    for threads in [1u64, 2, 100, 1000] {
        let handles: Vec<_> = (0..threads).map(|_| green_threads::spawn(move || for _ in 0..n / threads { green_threads::yield_now() })).collect();
        let start = Instant::now();
        green_threads::join_all(&handles, None);
        println!("{threads}: {:.2} ns a yield", start.elapsed().as_nanos() as f64 / n as f64);
    }
    let start = Instant::now();
    let count = 100_000;
    let cpu = || { let t = unsafe { let mut t: libc::timespec = std::mem::zeroed(); libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut t); t }; t.tv_sec as f64 * 1e6 + t.tv_nsec as f64 / 1e3 };
    let rss = || { let s = std::fs::read_to_string("/proc/self/statm").unwrap(); s.split(' ').nth(1).unwrap().parse::<f64>().unwrap() * 4.0 };
    let (c0, r0) = (cpu(), rss());
    let handles: Vec<_> = (0..count).map(|_| green_threads::spawn(|| green_threads::sleep(Duration::from_secs(1)))).collect();
    let c1 = cpu();
    green_threads::yield_now();
    let c2 = cpu();
    let r1 = rss();
    green_threads::join_all(&handles, None);
    drop(handles);
    let c3 = cpu();
    println!("{:.2} µs each (spawn {:.2}, start {:.2}, end {:.2}), {:.2} KiB each, {:?}", (c3 - c0) / count as f64, (c1 - c0) / count as f64, (c2-c1)/count as f64, (c3-c2)/count as f64, (r1 - r0) / count as f64, start.elapsed());
}
