//! A stream keeps a job until it is acknowledged: if the worker dies, the job is still there.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::streams::StreamReadOptions;
use redis::{Connection, RedisResult, TypedCommands};

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

/// Takes jobs until there is none, or until the job that kills it.
fn worker(name: &str, dies_of: u64) -> RedisResult<()> {
    let mut redis = connect()?;
    // The next entry that no worker of the group has read.
    let next = StreamReadOptions::default().group("workers", name).count(1);
    while let Some(reply) = redis.xread_options(&["step3:jobs"], &[">"], &next)? {
        let entry = &reply.keys[0].ids[0];
        let n: u64 = entry.get("n").expect("jobs are numbers");
        if n == dies_of {
            println!("{name} dies, working on {n}");
            return Ok(());
        }
        println!("{n} squared is {}", n * n);
        // Until now the job belonged to this worker.
        redis.xack("step3:jobs", "workers", &[&entry.id])?;
    }
    Ok(())
}

fn main() -> RedisResult<()> {
    let mut redis = connect()?;
    redis.del("step3:jobs")?;
    redis.xgroup_create_mkstream("step3:jobs", "workers", "0")?;
    for n in 1..=5 {
        redis.xadd("step3:jobs", "*", &[("n", n)])?;
    }
    worker("Ann", 2)?;
    worker("Ben", 0)?;
    let left = redis.xpending_count("step3:jobs", "workers", "-", "+", 10)?;
    for job in left.ids {
        println!(
            "not acknowledged: job {}, taken by {}",
            job.id, job.consumer
        );
    }
    Ok(())
}
