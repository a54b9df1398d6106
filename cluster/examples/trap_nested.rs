//! A trap: a job that waits for another job of the same cluster. Both workers wait, and no worker is left.
//! Look for: "0 of 2 done".
//! The cure: the client waits for the first job, and then submits the second.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::{Connection, RedisResult, TypedCommands};
use std::thread;

const JOBS: &str = "trap-nested:jobs";
const PARTS: &str = "trap-nested:parts";
const DONE: &str = "trap-nested:done";

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

fn worker(job_waits: bool) -> RedisResult<()> {
    let mut redis = connect()?;
    // It ends after a second without a job.
    while let Some([_, job]) = redis.blpop(JOBS, 1.0)? {
        let mut result = "done";
        if job == "part" {
            redis.rpush(PARTS, result)?;
            continue;
        }
        if job_waits {
            redis.rpush(JOBS, "part")?;
            // Without this limit it would wait for ever.
            if redis.blpop(PARTS, 0.5)?.is_none() {
                result = "given up";
            }
        }
        redis.rpush(DONE, result)?;
    }
    Ok(())
}

/// Two jobs, each with a part, and two workers. Returns how many are done.
fn run(job_waits: bool) -> RedisResult<usize> {
    let mut redis = connect()?;
    redis.del(&[JOBS, PARTS, DONE])?;
    redis.rpush(JOBS, &["whole", "whole"])?;
    let workers = [(); 2].map(|()| thread::spawn(move || worker(job_waits)));
    let mut done = 0;
    for _ in 0..2 {
        let [_, result] = redis.blpop(DONE, 0.0)?.expect("no limit");
        if result == "done" && !job_waits {
            redis.rpush(JOBS, "part")?;
            redis.blpop(PARTS, 0.0)?;
        }
        done += usize::from(result == "done");
    }
    for worker in workers {
        worker.join().expect("workers do not panic")?;
    }
    Ok(done)
}

fn main() -> RedisResult<()> {
    println!("the jobs wait: {} of 2 done", run(true)?);
    println!("the client waits: {} of 2 done", run(false)?);
    Ok(())
}
