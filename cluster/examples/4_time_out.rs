//! A trap: a fixed time-out. A worker that has not acknowledged its job in time counts as dead. So a
//! long job runs twice.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::streams::{StreamAutoClaimOptions, StreamReadOptions};
use redis::{Connection, RedisResult, TypedCommands};
use std::{thread, time::Duration};

const JOBS: &str = "step4:jobs";

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

/// A job that takes longer than the time-out: nothing is wrong with it.
fn work(redis: &mut Connection, name: &str, id: &str) -> RedisResult<()> {
    println!("{name} begins the job");
    thread::sleep(Duration::from_millis(300));
    println!("{name} has done the job");
    redis.xack(JOBS, "workers", &[id])?;
    Ok(())
}

fn ann() -> RedisResult<()> {
    let mut redis = connect()?;
    let next = StreamReadOptions::default().group("workers", "Ann");
    let reply = redis.xread_options(&[JOBS], &[">"], &next)?;
    let reply = reply.expect("there is a job");
    work(&mut redis, "Ann", &reply.keys[0].ids[0].id)
}

/// Looks for jobs that somebody took more than 100 ms ago, and takes them over.
fn ben() -> RedisResult<()> {
    let mut redis = connect()?;
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(20));
        let all = StreamAutoClaimOptions::default();
        let old = redis.xautoclaim_options(JOBS, "workers", "Ben", 100, "0", all)?;
        if let Some(entry) = old.claimed.first() {
            return work(&mut redis, "Ben", &entry.id);
        }
    }
    Ok(())
}

fn main() -> RedisResult<()> {
    let mut redis = connect()?;
    redis.del(JOBS)?;
    redis.xgroup_create_mkstream(JOBS, "workers", "0")?;
    redis.xadd(JOBS, "*", &[("job", "long")])?;
    for worker in [thread::spawn(ann), thread::spawn(ben)] {
        worker.join().expect("workers do not panic")?;
    }
    Ok(())
}
