//! An echo server: a task for each connection, on one thread.
//! Run it: `cargo run --release -p scheduler --example echo`, then `nc 127.0.0.1 4000`

use std::io;

use scheduler::executor::{Executor, spawn};
use scheduler::io::{TcpListener, TcpStream};

async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}

fn main() -> io::Result<()> {
    Executor::new()?.block_on(async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 4000).into())?;
        println!("listening at {}", listener.local_addr()?);
        loop {
            let (stream, peer) = listener.accept().await?;
            drop(spawn(async move {
                if let Err(error) = echo(stream).await {
                    eprintln!("{peer}: {error}");
                }
            }));
        }
    })
}
