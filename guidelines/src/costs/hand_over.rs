//! The cost of passing 1 MiB to a thread or a process. The receiver reads each page, because bytes that
//! nobody reads cost nothing.

use super::{Kit, timed, try_timed};
use crate::book::Section;
use crate::child::{Answering, Role};
use crate::jobs::{Bytes, Touch, touch};
use crate::sample::{Probe, Run, interleaved};
use executors::Executor;
use std::io;
use std::sync::mpsc;
use std::thread;

/// How many bytes are passed.
pub const SIZE: usize = 1 << 20;

const TITLES: &[(&str, &str)] = &[
    ("hand-over/move", "a move, to a function"),
    ("hand-over/channel", "a channel, to a thread"),
    ("hand-over/shared", "shared memory, written before"),
    ("hand-over/shared-new", "shared memory, written each time"),
    ("hand-over/pipe", "a pipe, to a process"),
    ("hand-over/serialized", "serialized and read back, as bytes"),
    (
        "hand-over/numbers",
        "serialized and read back, number by number",
    ),
    ("hand-over/process-job", "a process pool's job, by value"),
];

/// Measures all of them.
///
/// # Errors
///
/// Only if the user asked to stop.
pub fn measure(kit: &Kit, run: &Run<'_>) -> io::Result<Section> {
    let mut section = Section::new(
        "hand-over",
        "To hand over 1 MiB",
        "Within a process the bytes stay in their place, and only their owner changes. Between \
         processes they are copied, or the memory is shared.",
    );
    section.add_all(interleaved(probes(kit), run)?, TITLES);
    Ok(section)
}

fn probes(kit: &Kit) -> Vec<Probe<'_>> {
    let mut probes = vec![
        Probe::new("hand-over/move", |times| Ok(timed(|| moved(times)))),
        Probe::new("hand-over/channel", channel),
    ];
    #[cfg(target_os = "linux")]
    probes.extend(shared(kit));
    let mut child = Answering::start(Role::Take(SIZE));
    let block = vec![1; SIZE];
    let numbers: Vec<u32> = (0..SIZE as u32 / 4).collect();
    probes.extend([
        Probe::new("hand-over/pipe", move |times| {
            let child = child
                .as_mut()
                .map_err(|error| io::Error::other(error.to_string()))?;
            try_timed(|| (0..times).try_for_each(|_| child.ask(&block)))
        }),
        Probe::new("hand-over/serialized", {
            let bytes = Bytes(vec![1; SIZE]);
            move |times| {
                try_timed(|| {
                    (0..times).try_for_each(|_| {
                        let written = postcard::to_allocvec(&bytes)?;
                        let read: Bytes = postcard::from_bytes(&written)?;
                        touch(&read.0);
                        Ok::<_, postcard::Error>(())
                    })
                })
            }
        }),
        Probe::new("hand-over/numbers", move |times| {
            try_timed(|| {
                (0..times).try_for_each(|_| {
                    let written = postcard::to_allocvec(&numbers)?;
                    let read: Vec<u32> = postcard::from_bytes(&written)?;
                    std::hint::black_box(read);
                    Ok::<_, postcard::Error>(())
                })
            })
        }),
        Probe::new("hand-over/process-job", |times| {
            let job = Touch(Bytes(vec![1; SIZE]));
            try_timed(|| {
                (0..times)
                    .try_for_each(|_| kit.process_pool.submit(job.clone())?.result().map(drop))
            })
        }),
    ]);
    probes
}

fn moved(times: u64) {
    #[inline(never)]
    fn take(bytes: Vec<u8>) -> Vec<u8> {
        touch(&bytes);
        bytes
    }
    let bytes = vec![1; SIZE];
    std::hint::black_box((0..times).fold(bytes, |bytes, _| take(bytes)));
}

/// To a thread and back: the bytes are passed twice.
fn channel(times: u64) -> io::Result<std::time::Duration> {
    let (there, taken) = mpsc::sync_channel::<Vec<u8>>(1);
    let (back, given) = mpsc::sync_channel(1);
    let trips = times.div_ceil(2);
    let took = thread::scope(|scope| {
        scope.spawn(move || {
            taken.iter().try_for_each(|bytes| {
                touch(&bytes);
                back.send(bytes)
            })
        });
        let took = try_timed(|| {
            let mut bytes = vec![1; SIZE];
            for _ in 0..trips {
                there.send(bytes).map_err(io::Error::other)?;
                bytes = given.recv().map_err(io::Error::other)?;
                touch(&bytes);
            }
            io::Result::Ok(())
        });
        drop(there);
        took
    })?;
    Ok(took.mul_f64(times as f64 / (2 * trips) as f64))
}

#[cfg(target_os = "linux")]
fn shared(kit: &Kit) -> Vec<Probe<'_>> {
    use crate::jobs::TouchShared;
    use executors::SharedBytes;

    // The maker of the bytes keeps them until the job is done.
    let submit = move |bytes: &SharedBytes| -> io::Result<()> {
        let future = kit.process_pool.submit(TouchShared(bytes.clone()));
        let done = future.and_then(executors::Future::result);
        done.map(drop).map_err(io::Error::other)
    };
    let block = vec![1; SIZE];
    let before = SharedBytes::new(&block);
    vec![
        Probe::new("hand-over/shared", move |times| {
            let bytes = before
                .as_ref()
                .map_err(|error| io::Error::other(error.to_string()))?;
            try_timed(|| (0..times).try_for_each(|_| submit(bytes)))
        }),
        Probe::new("hand-over/shared-new", move |times| {
            try_timed(|| (0..times).try_for_each(|_| submit(&SharedBytes::new(&block)?)))
        }),
    ]
}
