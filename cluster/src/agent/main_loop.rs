//! An agent's main loop: it renews the lease, follows orders, and sends reports that could not be sent
//! before.

use std::time::Duration;

use executors::Error;
use redis::streams::StreamReadReply;

use super::{End, Shared, Stage};
use crate::member::{Beat, Heart};
use crate::sync::lock;

/// How long the agent waits for orders at a time. Within this time it notices that it must stop.
const ORDERS: Duration = Duration::from_millis(100);

impl Shared {
    /// Runs until the agent is stopped or drained, or can't go on.
    pub(super) fn main_loop(&self, stop: &impl Fn() -> bool) -> Result<End, Error> {
        let mut heart = Heart::new(self.membership.lease);
        let mut orders = (String::new(), "0".to_owned());
        loop {
            if stop() {
                return Ok(End::Stopped);
            }
            {
                let state = lock(&self.state);
                match &state.stage {
                    Stage::Broken(reason) => return Err(reason.clone()),
                    Stage::Draining if state.all_is_reported() => return Ok(End::Drained),
                    _ => {}
                }
            }
            if heart.until_next().is_zero() && !self.beat(&mut heart)? {
                continue;
            }
            self.resend();
            self.follow_orders(&mut orders, heart.until_next().min(ORDERS));
        }
    }

    /// Renews the lease; false if the broker could not be reached, or the agent has another id now.
    fn beat(&self, heart: &mut Heart) -> Result<bool, Error> {
        let (id, begun) = {
            let mut state = lock(&self.state);
            let untold = state.running.values_mut().filter(|job| !job.told);
            let begun: Vec<String> = untold
                .flat_map(|job| [job.client.clone(), job.number.clone()])
                .collect();
            (state.id.clone(), begun)
        };
        let mut arguments = vec![id.as_bytes(), b""];
        arguments.extend(begun.iter().map(String::as_bytes));
        let mut link = lock(&self.links.heart);
        match heart.beat(&mut link, &arguments) {
            Beat::Renewed(_) => {
                let mut state = lock(&self.state);
                for job in state.running.values_mut() {
                    let told = begun.chunks_exact(2);
                    let is_it = |told: &[String]| told[0] == job.client && told[1] == job.number;
                    job.told |= told.into_iter().any(is_it);
                }
                Ok(true)
            }
            Beat::Gone => {
                // Its jobs have been answered, or offered to other agents. No client waits for those that
                // still run here, and a job must not run beside its repetition. So they are ended.
                {
                    let mut state = lock(&self.state);
                    state.id.clear();
                    state.unsent.clear();
                    state.reporting.clear();
                }
                self.pool.kill()?;
                self.pool.reopen()?;
                lock(&self.state).running.clear();
                self.join(&mut link)?;
                self.changed.notify_all();
                Ok(false)
            }
            Beat::Down(..) => {
                link.rest();
                Ok(false)
            }
        }
    }

    /// Waits for orders, at most for `limit`, and executes them. `position` is the agent's id and the last
    /// order.
    fn follow_orders(&self, position: &mut (String, String), limit: Duration) {
        let id = lock(&self.state).id.clone();
        if position.0 != id {
            *position = (id.clone(), "0".to_owned());
        }
        let mut read = redis::cmd("XREAD");
        read.arg("BLOCK").arg(limit.as_millis().max(1) as usize);
        read.arg("STREAMS")
            .arg(self.names.orders(&id))
            .arg(&position.1);
        let mut link = lock(&self.links.heart);
        let reply = link.attempt(|connection| read.query::<Option<StreamReadReply>>(connection));
        drop(link);
        let streams = reply
            .ok()
            .flatten()
            .into_iter()
            .flat_map(|reply| reply.keys);
        for order in streams.flat_map(|stream| stream.ids) {
            if let Some(job) = order.get::<String>("stop") {
                self.stop_job(&job);
            } else if order.get::<String>("drain").is_some() {
                self.set_stage(Stage::Draining);
            }
            position.1 = order.id;
        }
    }

    pub(super) fn stop_job(&self, entry: &str) {
        // The future is taken out first: ending a worker may call back, which takes the lock.
        let future = lock(&self.state).running.get_mut(entry).and_then(|job| {
            job.stopped = true;
            job.future.take()
        });
        if let Some(future) = future {
            future.cancel_running();
            if let Some(job) = lock(&self.state).running.get_mut(entry) {
                job.future = Some(future);
            }
        }
    }
}
