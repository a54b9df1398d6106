//! A list in Redis is a queue: one program pushes jobs, another takes them, on any machine.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::{Connection, RedisResult, TypedCommands};
use std::thread;

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

/// Takes jobs until one says "stop".
fn worker(number: u32) -> RedisResult<()> {
    let mut redis = connect()?;
    // Waits for an element and removes it. No two workers get the same one.
    while let Some([_, job]) = redis.blpop("step1:jobs", 0.0)? {
        let Ok(n) = job.parse::<u64>() else { break };
        let answer = format!("{n} squared is {} (worker {number})", n * n);
        redis.rpush("step1:answers", answer)?;
    }
    Ok(())
}

fn main() -> RedisResult<()> {
    let mut redis = connect()?;
    redis.del(&["step1:jobs", "step1:answers"])?;
    // They could run on other machines: they share only the server.
    let workers: Vec<_> = (1..=2).map(|n| thread::spawn(move || worker(n))).collect();
    for n in 1..=5 {
        redis.rpush("step1:jobs", n)?;
    }
    redis.rpush("step1:jobs", &["stop", "stop"])?;
    for worker in workers {
        worker.join().expect("workers do not panic")?;
    }
    for answer in redis.lrange("step1:answers", 0, -1)? {
        println!("{answer}");
    }
    Ok(())
}
