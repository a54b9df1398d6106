"""The same in Python: Celery and RQ over Redis, and Dask, each with two worker processes.

    pip install 'celery[redis]' rq 'dask[distributed]'
    redis-server --port 7400 --save '' &
    python3 cluster/examples/costs.py redis://localhost:7400 trips million waiting
"""

import os
import subprocess
import sys
import time

# Workers have it from their environment.
URL = os.environ.get("COSTS_URL") or sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
CHUNK = 5_000
MILLION = 1_000_000


def echo(n):
    return n


def echo_all(numbers):
    return [echo(n) for n in numbers]


def chunks():
    return [list(range(start, start + CHUNK)) for start in range(0, MILLION, CHUNK)]


def start(*command):
    env = dict(os.environ, COSTS_URL=URL, PYTHONPATH=HERE)
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet)


def cpu_seconds(roots):
    """What these processes and all below them have used so far."""
    parents, used = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(pid)] = int(fields[1])
        used[int(pid)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    ours = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(used.get(pid, 0) for pid in ours)


def broker():
    import redis

    return redis.Redis.from_url(URL)


def trips(name, call, broker_pids, count=100):
    for n in range(10):
        call(n)
    before, times = cpu_seconds([os.getpid(), *broker_pids]), []
    for n in range(count):
        begun = time.perf_counter()
        assert call(n) == n
        times.append(time.perf_counter() - begun)
    times.sort()
    cpu = (cpu_seconds([os.getpid(), *broker_pids]) - before) / count
    median, slow = times[count // 2] * 1e6, times[count * 9 // 10] * 1e6
    print(f"{name}: a round trip {median:,.0f} us, every tenth over {slow:,.0f} us, CPU {cpu * 1e6:,.0f} us")


def million(name, call):
    begun = time.perf_counter()
    total = call()
    assert total == MILLION * (MILLION - 1) // 2, total
    print(f"{name}: 1,000,000 jobs in chunks of {CHUNK:,}: {time.perf_counter() - begun:.2f} s")


def waiting(name, hand_in):
    redis = broker()
    redis.flushall()
    before = redis.info("memory")["used_memory"]
    begun = time.perf_counter()
    hand_in()
    seconds = time.perf_counter() - begun
    bytes_each = (redis.info("memory")["used_memory"] - before) / 100_000
    print(f"{name}: 100,000 waiting jobs, {bytes_each:,.0f} bytes each at the broker, {seconds:.1f} s to hand in")
    redis.flushall()


# Celery finds its tasks in this module, whatever it is called there.
try:
    from celery import Celery

    app = Celery("costs", broker=URL, backend=URL)
    celery_echo = app.task(name="costs.echo")(echo)
except ImportError:
    pass


def celery(what, redis_pid):
    if what == "waiting":
        waiting("Celery", lambda: [celery_echo.delay(n) for n in range(100_000)])
        return
    worker = start(sys.executable, "-m", "celery", "-A", "costs", "worker", "-c", "2", "-l", "error")
    try:
        celery_echo.delay(0).get(timeout=30)
        if what == "trips":
            trips("Celery", lambda n: celery_echo.delay(n).get(), [redis_pid])
        else:
            numbers = ((n,) for n in range(MILLION))
            million("Celery", lambda: sum(map(sum, celery_echo.chunks(numbers, CHUNK)().get())))
    finally:
        worker.terminate()
        worker.wait()


def rq(what, redis_pid):
    from rq import Queue, SimpleWorker, Worker

    import costs  # By this name the workers find the functions.

    queue = Queue(connection=broker())
    if what == "waiting":
        waiting("RQ", lambda: [queue.enqueue(costs.echo, n) for n in range(100_000)])
        return

    def result(job):
        return job.latest_result(timeout=60).return_value

    # A `Worker` starts a process for each job.
    for kind in (Worker, SimpleWorker) if what == "trips" else (SimpleWorker,):
        command = f"import sys; sys.path.insert(0, '{HERE}'); from rq import *; from redis import Redis; "
        command += f"r = Redis.from_url('{URL}'); {kind.__name__}([Queue(connection=r)], connection=r).work()"
        workers = [start(sys.executable, "-c", command) for _ in range(2)]
        name = f"RQ, {kind.__name__}"
        try:
            result(queue.enqueue(costs.echo, 0))
            if what == "trips":
                trips(name, lambda n: result(queue.enqueue(costs.echo, n)), [redis_pid])
            else:

                def call():
                    jobs = [queue.enqueue(costs.echo_all, chunk) for chunk in chunks()]
                    return sum(sum(result(job)) for job in jobs)

                million(name, call)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


def dask(what, _):
    from distributed import Client, LocalCluster

    if what == "waiting":
        with LocalCluster(n_workers=0, dashboard_address=None) as cluster, Client(cluster) as client:
            me = f"/proc/{os.getpid()}/statm"
            before, begun = int(open(me).read().split()[1]), time.perf_counter()
            futures = client.map(echo, range(100_000), pure=False)
            while len(cluster.scheduler.tasks) < 100_000:
                time.sleep(0.05)
            seconds = time.perf_counter() - begun
            grown = (int(open(me).read().split()[1]) - before) * 4096 / len(futures)
            print(f"Dask: 100,000 waiting jobs, {grown:,.0f} bytes each, client and scheduler, {seconds:.1f} s")
        return
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        if what == "trips":
            trips("Dask", lambda n: client.submit(echo, n, pure=False).result(), [])
        else:

            def call():
                parts = client.map(echo_all, chunks(), pure=False)
                return sum(map(sum, client.gather(parts)))

            million("Dask", call)


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    redis_pid = broker().info("server")["process_id"]
    peers = {"celery": celery, "rq": rq, "dask": dask}
    chosen = [arg for arg in sys.argv[2:] if arg in peers] or list(peers)
    for what in [arg for arg in sys.argv[2:] if arg not in peers]:
        for peer in chosen:
            peers[peer](what, redis_pid)
