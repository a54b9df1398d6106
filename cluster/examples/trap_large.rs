//! A trap: large values as jobs. The broker keeps all waiting jobs in memory. Look for: at least 100 MiB.
//! The cure: the job says where the value is, and workers read it there.
//!
//! Needs a server: `redis-server`, here or where REDIS_URL says.

use redis::{Connection, RedisResult, TypedCommands};

const JOBS: &str = "trap-large:jobs";

fn connect() -> RedisResult<Connection> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://localhost".into());
    redis::Client::open(url)?.get_connection()
}

/// Hands in a hundred jobs. Returns how much memory they take.
fn hand_in(job: impl Fn(u32) -> Vec<u8>) -> RedisResult<u64> {
    let mut redis = connect()?;
    redis.del(JOBS)?;
    for n in 0..100 {
        redis.xadd(JOBS, "*", &[("job", job(n))])?;
    }
    let mut usage = redis::cmd("MEMORY");
    usage.arg("USAGE").arg(JOBS).arg("SAMPLES").arg(0);
    let bytes = usage.query(&mut redis)?;
    redis.del(JOBS)?;
    Ok(bytes)
}

fn main() -> RedisResult<()> {
    let pictures = hand_in(|_| vec![0; 1 << 20])?;
    let names = hand_in(|n| format!("/shared/pictures/{n}.png").into_bytes())?;
    println!(
        "pictures: {} MiB; their names: {} MiB",
        pictures >> 20,
        names >> 20
    );
    Ok(())
}
