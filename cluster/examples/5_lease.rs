//! A lease: a worker renews its claim while it works. A long job runs once.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::streams::{StreamAutoClaimOptions, StreamReadOptions};
use redis::{Connection, RedisResult, TypedCommands};
use std::{thread, time::Duration};

const JOBS: &str = "step5:jobs";

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

/// A job that takes longer than the lease. Claimed again by its owner, it counts as taken just now.
fn work(redis: &mut Connection, name: &str, id: &str) -> RedisResult<()> {
    println!("{name} begins the job");
    for _ in 0..12 {
        thread::sleep(Duration::from_millis(25));
        redis.xclaim(JOBS, "workers", name, 0, &[id])?;
    }
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

/// Looks for jobs whose owner was last heard of more than 150 ms ago, and takes them over.
fn ben() -> RedisResult<()> {
    let mut redis = connect()?;
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(20));
        let all = StreamAutoClaimOptions::default();
        let old = redis.xautoclaim_options(JOBS, "workers", "Ben", 150, "0", all)?;
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
