"""In what order asyncio lets tasks go on: `tests/order.rs` does the same, and has to agree.

Run by CPython; prints a line for each scenario."""

import asyncio


async def run(tasks):
    await asyncio.gather(*tasks)


async def lock(log):
    lock = asyncio.Lock()

    async def task(n):
        for turn in range(2):
            async with lock:
                log.append(f"{n}.{turn}")
                await asyncio.sleep(0)

    await run(task(n) for n in range(5))


async def semaphore(log):
    semaphore = asyncio.Semaphore(2)

    async def task(n):
        async with semaphore:
            log.append(f"+{n}")
            for _ in range(n % 3 + 1):
                await asyncio.sleep(0)
            log.append(f"-{n}")

    await run(task(n) for n in range(7))


async def event(log):
    event = asyncio.Event()

    async def waiter(n):
        await event.wait()
        log.append(str(n))

    async def setter():
        log.append("set")
        event.set()
        event.clear()

    await run([waiter(0), waiter(1), waiter(2), setter()])


async def condition(log):
    condition = asyncio.Condition()

    async def waiter(n):
        async with condition:
            await condition.wait()
            log.append(str(n))

    async def notifier():
        async with condition:
            log.append("two")
            condition.notify(2)
        for _ in range(9):
            await asyncio.sleep(0)
        async with condition:
            log.append("all")
            condition.notify_all()

    await run([waiter(n) for n in range(5)] + [notifier()])


async def cancelled(log):
    """The first of three waiters is cancelled when it has been woken; the second while it waits."""
    lock = asyncio.Lock()
    await lock.acquire()

    async def waiter(n):
        async with lock:
            log.append(str(n))

    tasks = [asyncio.create_task(waiter(n)) for n in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    lock.release()
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    log.extend("cancelled" if result else "done" for result in results)


async def group(log):
    async def fails():
        await asyncio.sleep(0)
        log.append("fails")
        raise ValueError

    async def endless():
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cleaned up")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(endless())
            group.create_task(fails())
            group.create_task(endless())
    except ExceptionGroup as error:
        log.append(str(len(error.exceptions)))


for scenario in (lock, semaphore, event, condition, cancelled, group):
    log = []
    asyncio.run(scenario(log))
    print(scenario.__name__, *log)
