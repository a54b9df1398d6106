//! A job that kills every worker: after three deliveries it becomes a dead letter, for a person to see.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::streams::{StreamAutoClaimOptions, StreamReadOptions};
use redis::{Connection, RedisResult, TypedCommands};

const MOST: usize = 3;

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

fn main() -> RedisResult<()> {
    let mut redis = connect()?;
    redis.del(&["step7:jobs", "step7:dead"])?;
    redis.xgroup_create_mkstream("step7:jobs", "workers", "0")?;
    redis.xadd("step7:jobs", "*", &[("job", "deadly")])?;
    let next = StreamReadOptions::default().group("workers", "worker 1");
    redis.xread_options(&["step7:jobs"], &[">"], &next)?;
    println!("delivered to worker 1, which dies of it");
    for worker in 2.. {
        // The server counts the deliveries.
        let pending = redis.xpending_count("step7:jobs", "workers", "-", "+", 1)?;
        let Some(job) = pending.ids.first() else {
            break;
        };
        if job.times_delivered < MOST {
            let (name, all) = (
                format!("worker {worker}"),
                StreamAutoClaimOptions::default(),
            );
            redis.xautoclaim_options("step7:jobs", "workers", &name, 0, "0", all)?;
            println!("delivered to {name}, which dies of it");
            continue;
        }
        // One transaction: a job is never in both places, or in none.
        let mut both = redis::pipe();
        both.atomic();
        both.xadd("step7:dead", "*", &[("job", &job.id)]);
        both.xack("step7:jobs", "workers", &[&job.id]);
        both.exec(&mut redis)?;
        println!(
            "{} deliveries: now it is a dead letter",
            job.times_delivered
        );
    }
    Ok(())
}
