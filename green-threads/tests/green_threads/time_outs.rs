//! Time-outs: each catches only its own.

use super::*;

#[test]
fn time_outs_within_time_outs_each_catch_their_own() {
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let advance = |seconds| {
        settle();
        clock.advance(Duration::from_secs(seconds));
        settle();
        sleep(Duration::ZERO);
        settle();
    };
    let seconds = Duration::from_secs;
    type Nested = Result<Result<&'static str, TimedOut>, TimedOut>;
    let nested = |outer, inner, nap| -> GreenThread<Nested> {
        spawn(move || {
            timeout(seconds(outer), || {
                timeout(seconds(inner), || {
                    sleep(seconds(nap));
                    "slept"
                })
            })
        })
    };
    let cases = [
        nested(10, 5, 7),
        nested(5, 10, 7),
        nested(10, 10, 2),
        nested(5, 5, 7),
    ];
    advance(3);
    advance(3);
    advance(5);
    let late = |after| TimedOut {
        after: seconds(after),
    };
    let results = cases.map(|case| case.join().unwrap());
    assert_eq!(results[0], Ok(Err(late(5))));
    assert_eq!(results[1], Err(late(5)));
    assert_eq!(results[2], Ok(Ok("slept")));
    assert!(results[3] == Err(late(5)) || results[3] == Ok(Err(late(5))));
    // One that ends in time raises nothing later.
    let calm = spawn(move || {
        timeout(seconds(5), || ()).unwrap();
        sleep(seconds(10));
        "calm"
    });
    advance(6);
    advance(6);
    assert_eq!(calm.join().unwrap(), "calm");
    // A time-out that nothing catches ends its green thread.
    let ended = spawn(move || {
        let _guard = Timeout::start(seconds(1));
        sleep(seconds(10));
    });
    advance(2);
    assert!(matches!(ended.join(), Err(JoinError::TimedOut(after)) if after == seconds(1)));
    // One that expires while destructors wait is put off, and then has no effect.
    struct Nap;
    impl Drop for Nap {
        fn drop(&mut self) {
            sleep(Duration::from_secs(5));
        }
    }
    let unwinding = spawn(move || {
        timeout(seconds(3), || {
            timeout(seconds(1), || {
                let _nap = Nap;
                sleep(HOUR);
            })
        })
    });
    advance(2);
    advance(2);
    assert!(!unwinding.ready(), "its destructor sleeps");
    advance(5);
    assert_eq!(unwinding.join().unwrap(), Ok(Err(late(1))));
    assert_eq!(stats().timers, 0);
}

#[test]
fn the_roots_time_outs_work_as_well() {
    let late = timeout(MOMENT, || Event::new().wait());
    assert!(late.is_err());
    let (_sender, receiver) = Channel::bounded::<()>(1);
    assert!(receiver.recv_timeout(MOMENT).is_err());
}
