//! The event loop alone, without callbacks. It waits for a timer, a thread and a socket at once.
//!
//! cargo run --release -p event-loop --example event_loop

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use event_loop::net::UnixStream;
use event_loop::{Event, EventLoop, Interest};

fn main() -> io::Result<()> {
    let mut event_loop: EventLoop = EventLoop::new()?;
    let (mut near, mut far) = UnixStream::pair()?;
    let socket = event_loop.register(&mut near, Interest::READABLE, ())?;
    let tea = event_loop.add_timer_after(Duration::from_millis(100), ());
    let waker = event_loop.waker();
    thread::spawn(move || waker.wake());

    event_loop.run_until(|_, event| {
        match event {
            Event::Woken => {
                println!("a thread says: look");
                if let Err(error) = far.write_all(b"hello") {
                    return ControlFlow::Break(Err(error));
                }
            }
            Event::Ready(token, ready, ()) if token == socket && ready.readable() => {
                // An edge is reported once: read until nothing is left.
                let mut text = String::new();
                match near.read_to_string(&mut text) {
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                        return ControlFlow::Break(Err(error));
                    }
                    _ => println!("the socket says: {text}"),
                }
            }
            Event::Timer(key, ()) if key == tea => {
                println!("the tea is ready");
                return ControlFlow::Break(Ok(()));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?
}
