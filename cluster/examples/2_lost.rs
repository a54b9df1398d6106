//! A worker that dies loses its job: the list no longer has it, and no other worker knows of it.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::{Connection, RedisResult, TypedCommands};

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

/// Takes jobs until there is none, or until the job that kills it.
fn worker(name: &str, dies_of: u64) -> RedisResult<()> {
    let mut redis = connect()?;
    while let Some(n) = redis.lpop::<Option<u64>, _>("step2:jobs", None)? {
        if n == dies_of {
            println!("{name} dies, working on {n}");
            return Ok(()); // As if it had been killed: no answer, no word.
        }
        redis.rpush("step2:answers", format!("{n} squared is {}", n * n))?;
    }
    Ok(())
}

fn main() -> RedisResult<()> {
    let mut redis = connect()?;
    redis.del(&["step2:jobs", "step2:answers"])?;
    for n in 1..=5 {
        redis.rpush("step2:jobs", n)?;
    }
    worker("Ann", 2)?;
    worker("Ben", 0)?;
    let (answers, waiting) = (redis.llen("step2:answers")?, redis.llen("step2:jobs")?);
    println!("5 jobs: {answers} answers, {waiting} waiting, 1 lost");
    Ok(())
}
