//! Two generators take turns: each runs until it gives a value, then the other runs. That is
//! concurrency without threads. It is cooperative: a generator gives up the CPU only when it
//! yields.

fn countdown(name: &'static str, from: u32) -> impl Iterator<Item = ()> {
    let mut left = from;
    std::iter::from_fn(move || {
        if left == 0 {
            println!("{name} is done");
            return None;
        }
        println!("{name}: {left}");
        left -= 1;
        Some(()) // Python: a bare `yield`
    })
}

fn main() {
    let mut tea = countdown("tea", 3).fuse(); // After its end: always None.
    let mut egg = countdown("egg", 2).fuse();
    loop {
        let tea_goes_on = tea.next().is_some();
        let egg_goes_on = egg.next().is_some();
        if !tea_goes_on && !egg_goes_on {
            break;
        }
    }
}
