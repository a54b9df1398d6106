//! Which request is let in, and when.

use super::hosts::{DELAYS, FEW};
use super::*;

fn gate(limits: Limits) -> Arc<Gate> {
    Arc::new(Gate::new(&limits))
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn now_or_not<T>(future: impl Future<Output = T>) -> Option<T> {
    futures_util::FutureExt::now_or_never(future)
}

#[tokio::test]
async fn a_busy_host_keeps_nobody_else_out() {
    let gate = gate(Limits {
        jobs: 3,
        per_host: 2,
        ..Limits::default()
    });
    let (a, b) = (url("http://a.example/1"), url("http://b.example/"));
    let first = gate.enter(gate.host(&a), || ()).await;
    let _second = gate.enter(gate.host(&a), || ()).await;
    let mut parked = 0;
    assert!(now_or_not(gate.enter(gate.host(&a), || parked += 1)).is_none());
    assert_eq!(parked, 1);
    let _other = gate.enter(gate.host(&b), || ()).await;
    assert!(
        now_or_not(gate.enter(gate.host(&b), || ())).is_none(),
        "three are all"
    );
    drop(first);
    assert!(now_or_not(gate.enter(gate.host(&a), || ())).is_some());
}

#[tokio::test]
async fn who_gives_up_waiting_takes_nothing_along() {
    let gate = gate(Limits {
        jobs: 1,
        per_host: 1,
        ..Limits::default()
    });
    let a = url("http://a.example/");
    for _ in 0..10 {
        let permit = gate.enter(gate.host(&a), || ()).await;
        assert!(now_or_not(gate.enter(gate.host(&a), || ())).is_none());
        assert!(now_or_not(gate.enter(gate.host(&url("http://b.example/")), || ())).is_none());
        drop(permit);
    }
    assert_eq!(gate.places.available_permits(), 1);
}

#[tokio::test]
async fn ports_and_schemes_are_hosts_of_their_own() {
    let gate = gate(Limits {
        per_host: 1,
        ..Limits::default()
    });
    let _held = gate
        .enter(gate.host(&url("http://a.example/")), || ())
        .await;
    for same in [
        "http://a.example:80/x",
        "http://A.example",
        "http://u:p@a.example/",
    ] {
        assert!(
            now_or_not(gate.enter(gate.host(&url(same)), || ())).is_none(),
            "{same}"
        );
    }
    for other in [
        "https://a.example/",
        "http://a.example:8080/",
        "http://b.example/",
    ] {
        assert!(
            now_or_not(gate.enter(gate.host(&url(other)), || ())).is_some(),
            "{other}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn starts_for_one_host_keep_their_distance() {
    let delay = Duration::from_secs(2);
    let gate = gate(Limits {
        host_delay: delay,
        ..Limits::default()
    });
    let a = url("http://a.example/");
    let start = Instant::now();
    for number in 0..5_u32 {
        drop(gate.enter(gate.host(&a), || ()).await);
        assert_eq!(start.elapsed().as_secs(), u64::from(number) * 2);
    }
    gate.set_delay(&a, Duration::ZERO);
    gate.host(&a).pause(Duration::from_secs(30));
    drop(
        gate.enter(gate.host(&url("http://b.example/")), || ())
            .await,
    );
    assert_eq!(start.elapsed().as_secs(), 8);
    drop(gate.enter(gate.host(&a), || ()).await);
    assert_eq!(start.elapsed().as_secs(), 38);
}

#[tokio::test(start_paused = true)]
async fn starts_keep_their_distance_however_long_they_waited_for_a_place() {
    let gate = gate(Limits {
        jobs: 1,
        host_delay: Duration::from_secs(2),
        ..Limits::default()
    });
    let (a, b) = (url("http://a.example/"), url("http://b.example/"));
    let begin = Instant::now();
    let start = async || {
        drop(gate.enter(gate.host(&a), || ()).await);
        begin.elapsed().as_secs()
    };
    let busy = async {
        let _place = gate.enter(gate.host(&b), || ()).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    };
    let ((), first, second, third) = tokio::join!(busy, start(), start(), start());
    assert_eq!([first, second, third], [10, 12, 14]);
    assert_eq!(gate.places.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn starts_keep_their_distance_at_a_rate_too() {
    let gate = gate(Limits {
        rate: Some(0.1),
        host_delay: Duration::from_secs(15),
        ..Limits::default()
    });
    let begin = Instant::now();
    let start = async |host: &str| {
        drop(gate.enter(gate.host(&url(host)), || ()).await);
        begin.elapsed().as_secs()
    };
    let (a, b) = ("http://a.example/", "http://b.example/");
    assert_eq!(tokio::join!(start(b), start(a), start(a)), (0, 10, 25));
}

#[tokio::test(start_paused = true)]
async fn a_rate_holds_for_all_hosts_together() {
    let gate = gate(Limits {
        rate: Some(10.0),
        ..Limits::default()
    });
    let start = Instant::now();
    for number in 0..21 {
        drop(
            gate.enter(gate.host(&url(&format!("http://{number}.example/"))), || ())
                .await,
        );
    }
    assert_eq!(start.elapsed().as_millis() / 10, 200);
}

#[tokio::test]
async fn hosts_that_nobody_asks_are_forgotten() {
    let gate = gate(Limits::default());
    for number in 0..10 * FEW {
        drop(
            gate.enter(gate.host(&url(&format!("http://{number}.example/"))), || ())
                .await,
        );
    }
    assert!(lock(&gate.hosts).all.iter().count() <= FEW);

    // A delay of its own is remembered, but not those of the whole web.
    let numbered = |number: usize| url(&format!("http://{number}.example/"));
    for number in 0..3 * DELAYS {
        gate.set_delay(&numbered(number), Duration::from_secs(1));
        if number == DELAYS {
            assert!((0..number).all(|it| gate.delay(&numbered(it)).as_secs() == 1));
        }
    }
    assert!(lock(&gate.hosts).all.iter().count() <= 2 * DELAYS + 1);
}
