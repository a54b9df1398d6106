//! A log of the chat's lines. Each line is stored once for all members.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use protocols::chat::MISSED;

/// How many bytes each line costs beside its text.
const OVERHEAD: usize = 64;

/// How many bytes are added between two sweeps, which drop what all members have read.
const SWEEP: usize = 256 * 1024;

/// The members that get a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Only(u64),
    AllBut(u64),
}

/// A line with its end.
#[derive(Debug)]
struct Entry {
    to: To,
    text: Box<str>,
}

/// How far a member has read.
#[derive(Debug)]
pub(super) struct Cursor {
    /// The member's number.
    pub(super) member: u64,
    /// The number of the next line.
    next: Cell<u64>,
}

/// The latest lines, shared by all members. Memory is bounded even if members do not read, and no
/// member waits for another. A member that falls too far behind misses lines, and is told so.
#[derive(Debug)]
pub(super) struct Log {
    limit: usize,
    bytes: usize,
    /// How many bytes may be added until the next sweep.
    until_sweep: usize,
    entries: VecDeque<Entry>,
    /// The number of the first line that is kept.
    first: u64,
    /// How many members have joined.
    members: u64,
    cursors: Vec<Rc<Cursor>>,
}

impl Log {
    pub(super) fn new(limit: usize) -> Log {
        Log {
            limit,
            bytes: 0,
            until_sweep: SWEEP,
            entries: VecDeque::new(),
            first: 0,
            members: 0,
            cursors: Vec::new(),
        }
    }

    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Adds a member. It reads the lines from here on.
    pub(super) fn enter(&mut self) -> Rc<Cursor> {
        self.members += 1;
        let cursor = Rc::new(Cursor {
            member: self.members,
            next: Cell::new(self.end()),
        });
        self.cursors.push(Rc::clone(&cursor));
        cursor
    }

    /// Removes a member.
    pub(super) fn leave(&mut self, cursor: &Rc<Cursor>) {
        self.cursors.retain(|other| !Rc::ptr_eq(other, cursor));
    }

    pub(super) fn say(&mut self, to: To, line: &str) {
        let text = format!("{line}\n").into_boxed_str();
        let size = text.len() + OVERHEAD;
        self.bytes += size;
        self.entries.push_back(Entry { to, text });
        self.until_sweep = self.until_sweep.saturating_sub(size);
        if self.until_sweep == 0 {
            self.until_sweep = SWEEP;
            let read_by_all = self.cursors.iter().map(|cursor| cursor.next.get()).min();
            self.forget(|log| log.first < read_by_all.unwrap_or(u64::MAX));
        }
        self.forget(|log| log.bytes > log.limit);
    }

    fn forget(&mut self, is_over: impl Fn(&Log) -> bool) {
        while is_over(self)
            && let Some(entry) = self.entries.pop_front()
        {
            self.bytes -= entry.text.len() + OVERHEAD;
            self.first += 1;
        }
    }

    /// Appends unread lines to `text`, until it has `most` bytes or one line more. Returns false if
    /// there are none.
    pub(super) fn read(&self, cursor: &Cursor, most: usize, text: &mut String) -> bool {
        let mut next = cursor.next.get();
        if next < self.first {
            next = self.first;
            text.push_str(MISSED);
            text.push('\n');
        }
        while next < self.end() && text.len() < most {
            let entry = &self.entries[(next - self.first) as usize];
            let is_told = match entry.to {
                To::Only(member) => member == cursor.member,
                To::AllBut(member) => member != cursor.member,
            };
            if is_told {
                text.push_str(&entry.text);
            }
            next += 1;
        }
        cursor.next.set(next);
        !text.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &Log, cursor: &Cursor) -> String {
        let mut text = String::new();
        log.read(cursor, 1 << 20, &mut text);
        text
    }

    #[test]
    fn each_reads_what_is_for_it_from_when_it_came() {
        let mut log = Log::new(1 << 20);
        let ann = log.enter();
        log.say(To::Only(1), "welcome");
        let bob = log.enter();
        log.say(To::AllBut(2), "bob has joined");
        assert_eq!(read(&log, &ann), "welcome\nbob has joined\n");
        assert_eq!(read(&log, &bob), "");
        log.say(To::AllBut(1), "hello");
        assert_eq!(
            (read(&log, &ann), read(&log, &bob)),
            (String::new(), "hello\n".into())
        );
    }

    #[test]
    fn what_is_kept_is_bounded_and_who_falls_behind_is_told() {
        let mut log = Log::new(100 * (4 + OVERHEAD));
        let (slow, quick) = (log.enter(), log.enter());
        for n in 0..1000 {
            log.say(To::AllBut(3), &format!("{n:3}"));
            assert!(read(&log, &quick).ends_with(&format!("{n:3}\n")));
            assert!(log.entries.len() <= 100 && log.bytes <= log.limit);
        }
        let text = read(&log, &slow);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!((lines[0], lines.len()), (MISSED, 101));
        assert_eq!((lines[1], lines[100]), ("900", "999"));
    }

    #[test]
    fn what_all_have_read_is_forgotten() {
        let mut log = Log::new(usize::MAX);
        let (slow, quick) = (log.enter(), log.enter());
        let line = "x".repeat(1000);
        let say = |log: &mut Log, slow_reads: bool| {
            for _ in 0..1000 {
                log.say(To::AllBut(3), &line);
                read(log, &quick);
                if slow_reads {
                    read(log, &slow);
                }
            }
            log.entries.len()
        };
        assert!(say(&mut log, true) < 300);
        assert!(say(&mut log, false) >= 1000);
        log.leave(&slow);
        assert!(say(&mut log, false) < 300);
    }
}
