//! Chooses the next job.

use super::hosts::WAITING;
use super::job::{Job, Role};
use super::state::State;
use super::summary::Limit;
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

    /// At a stop: records that the time is over, if that left anything undone.
    pub(super) fn note_time(&mut self, in_flight: usize) {
        if self.limit() == Some(Limit::Time) && (in_flight > 0 || self.pop().is_some()) {
            self.sum.limit = Some(Limit::Time);
        }
    }

    /// The limit that has been reached.
    fn limit(&self) -> Option<Limit> {
        let limits = &self.settings.limits;
        let took = || self.progress.start.elapsed();
        if limits.time.is_some_and(|most| took() >= most) {
            Some(Limit::Time)
        } else if limits.pages.is_some_and(|most| self.progress.begun >= most) {
            Some(Limit::Pages)
        } else if limits.bytes.is_some_and(|most| self.sum.bytes >= most) {
            Some(Limit::Bytes)
        } else {
            None
        }
    }

    /// Queues pages whose parts were wanted too late, at the end of everything else.
    fn queue_late_parts(&mut self) {
        let late = self.parts.take_late(self.store.as_ref());
        self.found.queue.put_back(late);
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
            if self.hosts.waiting() >= WAITING {
                return None;
            }
            // Jobs in flight, or waiting, may lead to more.
            let is_last = in_flight == 0 && self.hosts.waiting() == 0;
            let mut job = self.pop();
            if job.is_none() && is_last {
                self.queue_late_parts();
                job = self.pop();
            }
            let job = job?;
            if let Some(limit) = self.limit() {
                self.found.queue.postpone(job);
                // Some jobs in flight may be no pages: redirects.
                if in_flight == 0 {
                    self.sum.limit = Some(limit);
                }
                return None;
            }
            if self.settings.depth.is_some() && job.depth > self.progress.level {
                // Others may lead to more pages of the same depth.
                if !is_last {
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
