//! A trap: a job that is not safe to repeat, repeated. Ann charges an account and dies before she has
//! acknowledged the job. Ben does the job again. Look for: "20 charged".
//! The cure: the effect, and a note that the job is done, in one step. (Or no repetition.)
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::streams::StreamReadOptions;
use redis::{Connection, RedisResult, Script, TypedCommands};

const JOBS: &str = "trap-repeat:jobs";
const ACCOUNT: &str = "trap-repeat:account";
const DONE: &str = "trap-repeat:done";

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

fn charge(redis: &mut Connection, _job: &str) -> RedisResult<()> {
    redis.incr(ACCOUNT, 10)?;
    Ok(())
}

fn charge_once(redis: &mut Connection, job: &str) -> RedisResult<()> {
    let script =
        "if redis.call('SADD', KEYS[2], ARGV[1]) == 1 then redis.call('INCRBY', KEYS[1], 10) end";
    Script::new(script)
        .key(ACCOUNT)
        .key(DONE)
        .arg(job)
        .invoke(redis)
}

/// One job, two workers. Returns what was charged.
fn run(effect: fn(&mut Connection, &str) -> RedisResult<()>) -> RedisResult<isize> {
    let mut redis = connect()?;
    redis.del(&[JOBS, ACCOUNT, DONE])?;
    redis.xgroup_create_mkstream(JOBS, "workers", "0")?;
    redis.xadd(JOBS, "*", &[("job", "charge 10")])?;
    let next = StreamReadOptions::default().group("workers", "Ann");
    let reply = redis.xread_options(&[JOBS], &[">"], &next)?;
    let id = &reply.expect("there is a job").keys[0].ids[0].id;
    effect(&mut redis, id)?;
    // Here Ann dies. Ben takes her job over.
    redis.xclaim(JOBS, "workers", "Ben", 0, &[id])?;
    effect(&mut redis, id)?;
    redis.xack(JOBS, "workers", &[id])?;
    Ok(redis.get_int(ACCOUNT)?.unwrap_or(0))
}

fn main() -> RedisResult<()> {
    let (repeated, once) = (run(charge)?, run(charge_once)?);
    println!("repeated: {repeated} charged; with a note of the job: {once} charged");
    Ok(())
}
