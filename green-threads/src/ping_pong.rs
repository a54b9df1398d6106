//! Two players pass a number to each other: this measures the cost of a switch.

use std::sync::mpsc;
use std::thread;

use crate::{Channel, spawn, yield_now};

/// Two green threads yield to each other, `times` times in all.
pub fn yields(times: u64) {
    let players = [times.div_ceil(2), times / 2].map(|times| {
        spawn(move || {
            for _ in 0..times {
                yield_now();
            }
        })
    });
    crate::join_all(&players, None);
}

/// Two green threads pass a number over two channels of capacity 0, `times` times in all. Returns
/// the number.
///
/// # Examples
///
/// ```
/// assert_eq!(green_threads::ping_pong::green_threads(1001), 1001);
/// ```
pub fn green_threads(times: u64) -> u64 {
    let (serve, receive) = Channel::rendezvous();
    let (hit_back, caught) = Channel::rendezvous();
    let other = spawn(move || {
        for ball in receive.iter() {
            if hit_back.send(ball + 1).is_err() {
                break;
            }
        }
    });
    let mut ball = 0;
    while ball < times {
        // If this was the last pass, the other player is not needed any more.
        ball += 1;
        if ball == times || serve.send(ball).is_err() {
            break;
        }
        match caught.recv() {
            Ok(back) => ball = back,
            Err(_) => break,
        }
    }
    drop(serve);
    other.wait();
    ball
}

/// The same with two threads of the system.
///
/// # Examples
///
/// ```
/// assert_eq!(green_threads::ping_pong::threads(1001), 1001);
/// ```
pub fn threads(times: u64) -> u64 {
    let (serve, receive) = mpsc::sync_channel(0);
    let (hit_back, caught) = mpsc::sync_channel(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            for ball in receive {
                if hit_back.send(ball + 1).is_err() {
                    break;
                }
            }
        });
        let mut ball = 0;
        while ball < times {
            ball += 1;
            if ball == times || serve.send(ball).is_err() {
                break;
            }
            match caught.recv() {
                Ok(back) => ball = back,
                Err(_) => break,
            }
        }
        drop(serve);
        ball
    })
}
