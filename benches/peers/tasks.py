# What a yield and a task cost in Python. Arguments: "generators" or "asyncio", "yield" or "spawn", how many.
import asyncio
import collections
import sys

TASKS = 10


def generators(count):
    done = 0

    def task(n):
        for _ in range(n):
            yield

    # The workshop's scheduler, with its fault mended.
    ready = collections.deque(task(count // TASKS) for _ in range(TASKS))
    while ready:
        turn = ready.popleft()
        try:
            next(turn)
            ready.append(turn)
        except StopIteration:
            done += count // TASKS
    return done


async def yields(n):
    for _ in range(n):
        await asyncio.sleep(0)
    return n


async def one():
    return 1


async def tasks(job, count):
    if job == "yield":
        return sum(await asyncio.gather(*(yields(count // TASKS) for _ in range(TASKS))))
    running = [asyncio.create_task(one()) for _ in range(count)]
    return sum([await task for task in running])


if __name__ == "__main__":
    how, job, count = sys.argv[1:]
    if how == "generators":
        print(generators(int(count)))
    else:
        print(asyncio.run(tasks(job, int(count))))
