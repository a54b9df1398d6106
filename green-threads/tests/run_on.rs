//! Several hubs: all begin or none does, and if one fails, all end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use green_threads::net::TcpListener;
use green_threads::{run_on, scope, sleep};

/// Counts the destructors that run.
struct Count<'a>(&'a AtomicUsize);

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn one_that_fails_ends_the_others_where_they_wait() {
    for failing in 0..3 {
        let (number, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let result = run_on(
            3,
            "127.0.0.1:0",
            |listener: TcpListener| -> io::Result<()> {
                if number.fetch_add(1, Ordering::SeqCst) == failing {
                    return Err(io::Error::other("on purpose"));
                }
                let _count = Count(&ended);
                match failing {
                    0 => drop(listener.accept()),
                    1 => sleep(Duration::MAX),
                    _ => scope(|scope| {
                        scope.spawn(|| sleep(Duration::MAX));
                    }),
                }
                unreachable!("no client connects");
            },
        );
        assert_eq!(result.unwrap_err().to_string(), "on purpose");
        assert_eq!(ended.into_inner(), 2, "their destructors have run");
    }
}

#[test]
fn a_panic_ends_the_others_and_goes_on() {
    let number = AtomicUsize::new(0);
    let panic = std::panic::catch_unwind(|| {
        run_on(2, "127.0.0.1:0", |listener| -> io::Result<()> {
            match number.fetch_add(1, Ordering::SeqCst) {
                0 => panic!("on purpose"),
                _ => listener.accept().map(drop),
            }
        })
    });
    assert_eq!(
        *panic.unwrap_err().downcast::<&str>().unwrap(),
        "on purpose"
    );
}

#[test]
fn each_returns_its_own_and_a_deadlock_is_told() {
    let number = AtomicUsize::new(0);
    let all = run_on(4, "127.0.0.1:0", |_| -> io::Result<usize> {
        Ok(number.fetch_add(1, Ordering::SeqCst))
    });
    let mut all = all.unwrap();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3]);
    assert!(
        run_on(0, "127.0.0.1:0", |_| Ok::<_, io::Error>(()))
            .unwrap()
            .is_empty()
    );
    // It does not wait for the others, which could still fail.
    let panic = std::panic::catch_unwind(|| {
        run_on(2, "127.0.0.1:0", |_| -> io::Result<()> {
            green_threads::sync::Event::new().wait();
            Ok(())
        })
    });
    let message = *panic.unwrap_err().downcast::<String>().unwrap();
    assert!(message.starts_with("deadlock"), "{message}");
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let result = run_on(2, address, |_| -> io::Result<()> {
        unreachable!("it is taken")
    });
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::AddrInUse);
}
