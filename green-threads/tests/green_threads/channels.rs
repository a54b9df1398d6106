//! Channels, select and locks.

use super::*;

#[test]
fn select_takes_one_and_leaves_the_others() {
    let (a, from_a) = Channel::rendezvous();
    let (b, from_b) = Channel::bounded(1);
    let selecting = spawn(move || {
        let first = Select::new()
            .recv(&from_a, |v| v)
            .recv(&from_b, |v| v)
            .wait();
        let second = Select::new()
            .recv(&from_a, |v| v)
            .recv(&from_b, |v| v)
            .wait();
        let third = Select::new().recv(&from_b, |v| v).poll();
        (first, second, third)
    });
    yield_now();
    b.send(1).unwrap();
    let sending = spawn(move || a.send(2));
    assert_eq!(selecting.join().unwrap(), (Ok(1), Ok(2), None));
    sending.join().unwrap().unwrap();
    assert!(b.send(3).is_err(), "the receivers are gone");

    // A send and a receive, as cases of two selects, meet.
    let (left, right) = Channel::rendezvous();
    let sender = spawn(move || Select::new().send(&left, 7, |sent| sent.is_ok()).wait());
    let receiver = spawn(move || Select::new().recv(&right, |v| v).wait());
    assert!(sender.join().unwrap());
    assert_eq!(receiver.join().unwrap(), Ok(7));

    // If both cases are always ready, both are chosen.
    let (a, from_a) = Channel::unbounded();
    let (b, from_b) = Channel::unbounded();
    (0..20).for_each(|_| assert_eq!((a.send('a'), b.send('b')), (Ok(()), Ok(()))));
    let taken: Vec<_> = (0..20)
        .map(|_| {
            Select::new()
                .recv(&from_a, |v| v)
                .recv(&from_b, |v| v)
                .wait()
                .unwrap()
        })
        .collect();
    assert!(taken.contains(&'a') && taken.contains(&'b'));
}

#[test]
fn channels_are_fair_bounded_and_end() {
    let (sender, receiver) = Channel::bounded(2);
    let order = Rc::new(RefCell::new(Vec::new()));
    let senders: Vec<_> = (0..5)
        .map(|n| {
            let (sender, order) = (sender.clone(), Rc::clone(&order));
            spawn(move || {
                sender.send(n).unwrap();
                order.borrow_mut().push(n);
            })
        })
        .collect();
    settle();
    assert_eq!(*order.borrow(), [0, 1], "there is room for two");
    assert_eq!(receiver.len(), 2);
    drop(sender);
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(join_all(&senders, None), 5);
    assert!(receiver.recv().is_err());
    // A receiver that has timed out is skipped.
    let (sender, receiver) = Channel::rendezvous();
    assert!(receiver.recv_timeout(MOMENT).is_err());
    assert!(sender.try_send(1).is_err());
    assert!(sender.send_timeout(1, MOMENT).is_err());
    assert!(receiver.try_recv().is_err());
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_in() {
    let lock = Rc::new(RwLock::new(0));
    let reading = lock.read();
    let writer = spawn({
        let lock = Rc::clone(&lock);
        move || lock.write_timeout(MOMENT).is_some()
    });
    yield_now();
    let reader = spawn({
        let lock = Rc::clone(&lock);
        move || *lock.read()
    });
    yield_now();
    assert!(!reader.ready(), "the writer came first");
    assert!(!writer.join().unwrap());
    assert_eq!(reader.join().unwrap(), 0);
    drop(reading);
    assert!(lock.try_write().is_some());
}
