"""The same in Python, with its standard library: costs.py large|trips|million"""

import multiprocessing
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def same(value):
    return value


def echo(pipe):
    while True:
        pipe.send(pipe.recv())


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def trips():
    with ThreadPoolExecutor(1) as threads, ProcessPoolExecutor(1) as processes:
        processes.submit(same, 1).result()
        for name, pool in (("thread", threads), ("process", processes)):
            times = [timed(lambda: pool.submit(same, n).result()) for n in range(5_000)]
            print(f"a round trip: {name} {statistics.median(times) * 1e6:.1f} us")


def million():
    with ProcessPoolExecutor(2) as pool:
        pool.submit(same, 1).result()
        times = [timed(lambda: sum(pool.map(same, range(1_000_000), chunksize=5_000))) for _ in range(3)]
        print(f"a million jobs in chunks of 5,000, two processes: {statistics.median(times) * 1e3:.0f} ms")


def large():
    value = b"\7" * (256 << 20)
    here, there = multiprocessing.Pipe()
    multiprocessing.Process(target=echo, args=(there,), daemon=True).start()

    def by_pipe():
        here.send(value)
        assert len(here.recv()) == len(value)

    times = [timed(by_pipe) for _ in range(5)]
    print(f"256 MiB there and back, Pipe: median {statistics.median(times) * 1e3:.0f} ms")
    with ProcessPoolExecutor(1) as pool:
        pool.submit(same, 1).result()
        times = [timed(lambda: pool.submit(same, value).result()) for _ in range(5)]
        print(f"256 MiB there and back, ProcessPoolExecutor: median {statistics.median(times) * 1e3:.0f} ms")


if __name__ == "__main__":
    {"trips": trips, "million": million, "large": large}[sys.argv[1]]()
