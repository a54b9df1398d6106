fn main() {
    let mut count = 0;
    std::thread::spawn(|| count += 1); // error: E0373
}
