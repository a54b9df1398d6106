//! A trap: a broker that forgets jobs. Without a file they are gone when it ends. With a `maxmemory-policy`
//! other than `noeviction` it deletes them when its memory is full. Look for: "0 of 100 jobs", twice.
//! The cure: `--appendonly yes`, and the default policy.
//!
//! It starts servers of its own, so `redis-server` must be installed.

use redis::{Connection, RedisResult, TypedCommands};
use std::process::{Child, Command, Stdio};
use std::{env, fs, net::TcpListener, path::PathBuf, thread, time::Duration};

fn folder() -> PathBuf {
    env::temp_dir().join(format!("trap-forgetful-{}", std::process::id()))
}

fn start(options: &[&str]) -> RedisResult<(Child, Connection)> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut server = Command::new("redis-server");
    server.args(["--port", &port.to_string(), "--save", ""]);
    server.args(options).current_dir(folder());
    let server = server.stdout(Stdio::null()).spawn()?;
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
    for _ in 0..100 {
        match client.get_connection() {
            Ok(redis) => return Ok((server, redis)),
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
    panic!("redis-server does not answer");
}

/// Hands in jobs, then ends the broker and starts it again. Returns how many jobs it has.
fn restarted(options: &[&str]) -> RedisResult<usize> {
    let (mut server, mut redis) = start(options)?;
    redis.rpush("jobs", &[1; 100])?;
    server.kill()?;
    server.wait()?;
    let (mut server, mut redis) = start(options)?;
    let jobs = redis.llen("jobs")?;
    server.kill()?;
    Ok(jobs)
}

/// Hands in jobs, then fills the broker's memory. Returns how many jobs it has.
fn filled(policy: &str) -> RedisResult<usize> {
    let (mut server, mut redis) = start(&["--maxmemory", "8mb", "--maxmemory-policy", policy])?;
    redis.rpush("jobs", &[1; 100])?;
    for n in 0..200 {
        // A broker that deletes nothing refuses this when it is full.
        let _ = redis.set(format!("other:{n}"), vec![0; 1 << 20]);
    }
    let jobs = redis.llen("jobs")?;
    server.kill()?;
    Ok(jobs)
}

fn main() -> RedisResult<()> {
    fs::create_dir_all(folder())?;
    let (lost, kept) = (restarted(&[])?, restarted(&["--appendonly", "yes"])?);
    println!("started again: {lost} of 100 jobs; with a file: {kept} of 100");
    let (lost, kept) = (filled("allkeys-lru")?, filled("noeviction")?);
    println!("memory full: {lost} of 100 jobs; with noeviction: {kept} of 100");
    fs::remove_dir_all(folder())?;
    Ok(())
}
