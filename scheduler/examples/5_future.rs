//! A future by hand: `poll` asks it whether it is done. The compiler makes a future from an `async
//! fn`: like a generator, it goes on where it stopped.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Ready when it has been polled often enough.
struct Countdown(u32);

impl Future for Countdown {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<&'static str> {
        if self.0 == 0 {
            return Poll::Ready("ready");
        }
        println!("  not yet: {}", self.0);
        self.0 -= 1;
        Poll::Pending
    }
}

async fn twice() -> usize {
    println!("  first wait");
    let first = Countdown(2).await;
    println!("  second wait");
    let second = Countdown(1).await;
    first.len() + second.len()
}

fn main() {
    // Nothing runs until it is polled. This loop polls over and over; the next step ends that.
    let mut future = pin!(twice());
    let mut context = Context::from_waker(Waker::noop());
    let mut polls = 1;
    let result = loop {
        println!("poll {polls}");
        match future.as_mut().poll(&mut context) {
            Poll::Ready(result) => break result,
            Poll::Pending => polls += 1,
        }
    };
    println!("{result} after {polls} polls");
}
