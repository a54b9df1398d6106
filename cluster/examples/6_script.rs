//! Claimed or cancelled, never both: the server runs a script as a whole, and no other command meanwhile.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::{Connection, RedisResult, Script, TypedCommands};
use std::thread;

/// Moves a job out of `waiting` into another set. If another has moved it already, nothing happens.
const MOVE: &str = "
    if redis.call('SREM', 'step6:waiting', ARGV[1]) == 0 then return 0 end
    redis.call('SADD', ARGV[2], ARGV[1])
    return 1";

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

/// Goes through all jobs and moves those that it finds. Returns how many those were.
fn move_all(to: &str, numbers: impl Iterator<Item = u32>) -> RedisResult<u32> {
    let (mut redis, script, mut moved) = (connect()?, Script::new(MOVE), 0);
    for n in numbers {
        moved += script.arg(n).arg(to).invoke::<u32>(&mut redis)?;
    }
    Ok(moved)
}

fn main() -> RedisResult<()> {
    let mut redis = connect()?;
    redis.del(&["step6:waiting", "step6:claimed", "step6:cancelled"])?;
    redis.sadd("step6:waiting", (1..=1000).collect::<Vec<u32>>())?;
    // A worker claims from the beginning, a client cancels from the end. They meet somewhere.
    let worker = thread::spawn(|| move_all("step6:claimed", 1..=1000));
    let client = thread::spawn(|| move_all("step6:cancelled", (1..=1000).rev()));
    let claimed = worker.join().expect("it does not panic")?;
    let cancelled = client.join().expect("it does not panic")?;
    let both = redis.sinter(&["step6:claimed", "step6:cancelled"])?;
    let sum = claimed + cancelled;
    println!("{sum} of 1000 claimed or cancelled, {} both", both.len());
    Ok(())
}
