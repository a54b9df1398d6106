//! x
fn main(){ let a:Vec<u64>=std::env::args().skip(1).map(|s|s.parse().unwrap()).collect(); let t=std::time::Instant::now(); println!("{} {:?}", primes::sieve::count(a[0]..=a[1]), t.elapsed()); }
