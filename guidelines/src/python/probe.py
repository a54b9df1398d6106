"""What concurrency costs in Python: threading, multiprocessing, concurrent.futures, asyncio.

`probe.py times ROUNDS` prints a line of JSON for each figure: its id and its samples in seconds (or ratios).
`probe.py wait KIND COUNT` lets COUNT of a kind wait in this process, and prints the memory of each in bytes.
"""

import asyncio
import concurrent.futures
import json
import multiprocessing
import os
import sys
import threading
import time

SAMPLE = 0.015


def nothing():
    pass


def compute(count):
    total = 0
    for number in range(count):
        total += number & 3
    return total


def take(connection, size):
    while len(connection.recv_bytes()) == size:
        connection.send_bytes(b"1")


def timed(operation, times):
    start = time.perf_counter()
    for _ in range(times):
        operation()
    return (time.perf_counter() - start) / times


def times_of(operation):
    """How often an operation is done in a sample."""
    times = 1
    while times < 1 << 20:
        took = timed(operation, times) * times
        if took * 4 >= SAMPLE:
            return max(1, int(times * SAMPLE / max(took, 1e-9)))
        times *= 4
    return times


def start_thread():
    thread = threading.Thread(target=nothing)
    thread.start()
    thread.join()


def start_process(context):
    process = context.Process(target=nothing)
    process.start()
    process.join()


def switch_threads(times):
    """Two threads that hand over by semaphores; one switch."""
    here, there = threading.Semaphore(0), threading.Semaphore(0)

    def other():
        for _ in range(times):
            there.acquire()
            here.release()

    thread = threading.Thread(target=other)
    thread.start()
    start = time.perf_counter()
    for _ in range(times):
        there.release()
        here.acquire()
    took = time.perf_counter() - start
    thread.join()
    return took / (2 * times)


def of_asyncio(body, times):
    async def main():
        start = time.perf_counter()
        await body(times)
        return (time.perf_counter() - start) / times

    return asyncio.run(main())


async def start_tasks(times):
    async def task():
        pass

    for _ in range(times):
        await asyncio.create_task(task())


async def switch_tasks(times):
    async def turns():
        for _ in range(times // 2):
            await asyncio.sleep(0)

    await asyncio.gather(turns(), turns())


def speed_up(pool, count):
    """One worker's time for two computations, over two workers' time."""
    alone = timed(lambda: (compute(count), compute(count)), 1)
    start = time.perf_counter()
    for future in [pool.submit(compute, count), pool.submit(compute, count)]:
        future.result()
    return alone / (time.perf_counter() - start)


def measure(rounds):
    context = multiprocessing.get_context()
    size = 1 << 20
    block = bytes(size)
    ours, theirs = context.Pipe()
    taker = context.Process(target=take, args=(theirs, size))
    taker.start()
    processes = concurrent.futures.ProcessPoolExecutor(2)
    processes.submit(nothing).result()
    threads = concurrent.futures.ThreadPoolExecutor(2)

    def pipe():
        ours.send_bytes(block)
        ours.recv_bytes()

    # As long as makes 20 ms.
    count = int(20_000 * 0.02 / timed(lambda: compute(20_000), 3))
    operations = {
        "python/start/call": nothing,
        "python/start/thread": start_thread,
        "python/start/pool": lambda: threads.submit(nothing).result(),
        "python/start/process-job": lambda: processes.submit(nothing).result(),
        "python/start/process": lambda: start_process(context),
        "python/hand-over/pipe": pipe,
    }
    probes = {}
    for name, operation in operations.items():
        times = times_of(operation)
        probes[name] = lambda operation=operation, times=times: timed(operation, times)
    probes |= {
        "python/start/task": lambda: of_asyncio(start_tasks, 500),
        "python/switch/thread": lambda: switch_threads(500),
        "python/switch/task": lambda: of_asyncio(switch_tasks, 2000),
        "python/speed-up/threads": lambda: speed_up(threads, count),
        "python/speed-up/processes": lambda: speed_up(processes, count),
    }
    samples = {name: [] for name in probes}
    for _ in range(rounds):
        for name, probe in probes.items():
            samples[name].append(probe())
    ours.send_bytes(b"")
    taker.join()
    processes.shutdown()
    threads.shutdown()
    for name, found in samples.items():
        print(json.dumps({"id": name, "samples": found}))


def memory():
    """Resident memory and page tables, in bytes."""
    found = 0
    for file, name in [("smaps_rollup", "Pss:"), ("status", "VmPTE:")]:
        with open(f"/proc/self/{file}") as lines:
            for line in lines:
                if line.startswith(name):
                    found += int(line.split()[1]) * 1024
    return found


def wait(kind, count):
    if kind == "thread":
        threading.Thread(target=nothing).start()
        before, made = memory(), 0
        forever = threading.Event()
        try:
            for made in range(1, count + 1):
                threading.Thread(target=forever.wait, daemon=True).start()
        except RuntimeError:
            pass
        print(json.dumps({"each": (memory() - before) / max(made, 1), "count": made}), flush=True)
        os._exit(0)

    async def main():
        await asyncio.sleep(0)
        before = memory()
        never = asyncio.Event()
        tasks = [asyncio.create_task(never.wait()) for _ in range(count)]
        await asyncio.sleep(0)
        print(json.dumps({"each": (memory() - before) / count, "count": len(tasks)}), flush=True)
        os._exit(0)

    asyncio.run(main())


if __name__ == "__main__":
    if sys.argv[1] == "times":
        measure(int(sys.argv[2]))
    else:
        wait(sys.argv[2], int(sys.argv[3]))
