//! Chooses the next job.

use super::hosts::WAITING;
use super::job::{Job, Role};
use super::state::State;
use crate::frontier::Work;

impl State {
    /// The next job of the queue.
    fn pop(&mut self) -> Option<Job> {
        let store = self.store.as_ref();
        let read = |after, most| {
            let rows = store.map(|store| store.queue(after, most));
            // An error of the store is returned when the crawl is finished.
            rows.and_then(Result::ok).unwrap_or_default()
        };
        self.found.queue.pop(read)
    }

    /// Keeps in the summary which limit has been reached.
    pub(super) fn note_limit(&mut self) {
        self.sum.limit = self.sum.limit.or_else(|| self.limit());
    }

    /// The limit that has been reached.
    fn limit(&self) -> Option<&'static str> {
        let limits = &self.settings.limits;
        if limits.pages.is_some_and(|most| self.progress.begun >= most) {
            Some("pages")
        } else if limits.bytes.is_some_and(|most| self.sum.bytes >= most) {
            Some("bytes")
        } else if limits
            .time
            .is_some_and(|most| self.progress.start.elapsed() >= most)
        {
            Some("time")
        } else {
            None
        }
    }
}

impl Work for State {
    type Job = Job;

    fn next(&mut self, in_flight: usize) -> Option<Job> {
        self.progress.in_flight = in_flight;
        if in_flight >= self.progress.at_once {
            return None;
        }
        if let Some(job) = self.first.jobs.pop_front() {
            return Some(job);
        }
        if self.first.opening > 0 && in_flight > 0 {
            return None;
        }
        loop {
            if let Some(limit) = self.limit() {
                // Some jobs in flight may be no pages: redirects.
                if in_flight == 0 {
                    self.sum.limit = Some(limit);
                }
                return None;
            }
            if self.hosts.waiting() >= WAITING {
                return None;
            }
            let Some(job) = self.pop() else {
                if in_flight > 0 || self.hosts.waiting() > 0 {
                    return None;
                }
                self.first
                    .jobs
                    .extend(self.parts.take_late(self.store.as_ref()));
                return self.first.jobs.pop_front();
            };
            if self.settings.depth.is_some() && job.depth > self.progress.level {
                // Jobs in flight, or waiting, may lead to more pages of the same depth.
                if in_flight > 0 || self.hosts.waiting() > 0 {
                    self.found.queue.postpone(job);
                    return None;
                }
                self.progress.level = job.depth;
            }
            if job.role == Role::External && !self.found.scope.has(&job.url) {
                let head = !self.parts.are_wanted_of(job.id);
                let known = self.settings.cache.as_ref().filter(|_| head);
                if let Some(outcome) = known.and_then(|cache| cache.get(&job.url)) {
                    self.sum.known += 1;
                    if self.page(job, outcome, None) {
                        continue;
                    }
                    return None;
                }
                return Some(Job { head, ..job });
            }
            match self.is_allowed(&job.url) {
                Some(true) if job.role == Role::External => {
                    let head = !self.parts.are_wanted_of(job.id);
                    return Some(Job { head, ..job });
                }
                Some(true) => {
                    self.progress.begun += 1;
                    return Some(job);
                }
                Some(false) => {
                    if !self.forbidden(&job) {
                        return None;
                    }
                }
                None => {
                    let robots = self.hosts.ask(&job.url);
                    self.hosts.wait(job);
                    if robots.is_some() {
                        return robots;
                    }
                }
            }
        }
    }
}
