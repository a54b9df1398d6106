"""What `benches green` does: green.py gevent|eventlet yields|sleepers N."""

import sys

YIELDERS = 100

library, how, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
if library == "gevent":
    from gevent import sleep, spawn

    def join(green_thread):
        green_thread.join()
else:
    from eventlet import sleep, spawn

    def join(green_thread):
        green_thread.wait()


def give_way():
    for _ in range(count // YIELDERS):
        sleep(0)


if how == "yields":
    green_threads = [spawn(give_way) for _ in range(YIELDERS)]
else:
    green_threads = [spawn(sleep, 1) for _ in range(count)]
for green_thread in green_threads:
    join(green_thread)
print(len(green_threads), "ended")
