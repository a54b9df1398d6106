//! An echo server that reads from top to bottom. Change the two `use` lines to `std::net` and
//! `std::thread`, and it is a server with threads.
//! Run it: `cargo run --release -p green-threads --example echo_server`, then `nc 127.0.0.1 4000`

use std::io::{self, Read, Write};

use green_threads::net::{TcpListener, TcpStream};
use green_threads::spawn;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:4000")?;
    println!("listening at {}; Ctrl-C ends it", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        spawn(move || echo(stream));
    }
    Ok(())
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length])?,
        }
    }
}
