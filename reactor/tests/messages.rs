//! Lines and frames: the same however the bytes come, and handed out once, in order.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use reactor::{FrameHandler, FrameReceiver, LineHandler, LineReceiver, Prefix, Transport, testing};

use shared::Log;

struct Lines(Log, usize);

impl LineHandler for Lines {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        self.0.add(String::from_utf8_lossy(line));
        if self.1 > 0 && line == b"stop" {
            transport.pause_producing();
        }
    }
    fn line_too_long(&mut self, transport: &Transport, limit: usize) {
        self.0.add(format!("over {limit}"));
        if self.1 == 0 {
            transport.close();
        }
    }
}

#[test]
fn lines_are_the_same_however_they_are_cut() {
    let text = b"one\r\ntwo\n\nfour is too long\nfive\r\n12345678\r\n123456789\nrest";
    for cut in 1..text.len() {
        let (reactor, _clock) = testing::reactor().unwrap();
        let log = Log::default();
        let lines = LineReceiver::new(Lines(log.clone(), 1)).max_line(8);
        let peer = testing::connect(&reactor, lines);
        text.chunks(cut).for_each(|part| peer.send(part));
        let expected = ["one", "two", "", "over 8", "five", "12345678", "over 8"];
        assert_eq!(log.take(), expected, "cut at {cut}");
        assert!(peer.is_open());
    }
}

#[test]
fn pausing_between_two_lines_keeps_the_second_back() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let log = Log::default();
    let peer = testing::connect(&reactor, LineReceiver::new(Lines(log.clone(), 1)));
    peer.send(b"stop\nstop\nlast\n");
    assert_eq!(log.take(), ["stop"]);
    for expected in [vec!["stop"], vec!["last"]] {
        peer.transport().resume_producing();
        reactor.run_pending().unwrap();
        assert_eq!(log.take(), expected);
    }
}

/// Pauses and resumes from within its own callback.
struct Nervous(Log);

impl Nervous {
    fn twitch(&self, transport: &Transport, data: &[u8]) {
        self.0.add(String::from_utf8_lossy(data));
        transport.pause_producing();
        transport.resume_producing();
    }
}

impl LineHandler for Nervous {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        self.twitch(transport, line);
    }
}

impl FrameHandler for Nervous {
    fn frame_received(&mut self, transport: &Transport, frame: &[u8]) {
        self.twitch(transport, frame);
    }
}

/// twisted/twisted#10598 and #10715: `resumeProducing` inside `lineReceived` delivered the
/// remaining lines in the wrong order, or twice.
#[test]
fn resuming_from_within_hands_out_each_message_once_and_in_order() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let words = ["a", "b", "c", "d"];
    let lines: Vec<u8> = words
        .iter()
        .flat_map(|word| [word.as_bytes(), b"\n"].concat())
        .collect();
    let frames: Vec<u8> = words
        .iter()
        .flat_map(|word| Prefix::U8.frame(word.as_bytes()).unwrap())
        .collect();
    for cut in 1..=lines.len() {
        let log = Log::default();
        let by_line = testing::connect(&reactor, LineReceiver::new(Nervous(log.clone())));
        lines.chunks(cut).for_each(|part| by_line.send(part));
        assert_eq!(log.take(), words, "lines cut at {cut}");
        let by_frame = testing::connect(
            &reactor,
            FrameReceiver::new(Prefix::U8, Nervous(log.clone())),
        );
        frames.chunks(cut).for_each(|part| by_frame.send(part));
        assert_eq!(log.take(), words, "frames cut at {cut}");
    }
}

/// twisted/twisted#1941: after `loseConnection`, lines that had already come were still delivered.
#[test]
fn nothing_is_handed_out_after_close() {
    struct Quits(Log);
    impl LineHandler for Quits {
        fn line_received(&mut self, transport: &Transport, line: &[u8]) {
            self.0.add(String::from_utf8_lossy(line));
            transport.close();
        }
    }
    let (reactor, _clock) = testing::reactor().unwrap();
    let log = Log::default();
    let peer = testing::connect(&reactor, LineReceiver::new(Quits(log.clone())));
    peer.send(b"quit\nand more\n");
    assert_eq!(
        (log.take(), peer.lost().unwrap()),
        (vec!["quit".to_owned()], "closed".to_owned())
    );
}
