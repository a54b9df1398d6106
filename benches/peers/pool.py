# What a pool of Python's concurrent.futures costs: jobs that do nothing, and the sum of their answers.
# Arguments: "map" or "round-trips", "threads" or "processes", how many workers, how many jobs.
import concurrent.futures
import sys


def echo(n):
    return n


if __name__ == "__main__":
    how, model, workers, count = sys.argv[1:]
    pools = {
        "threads": concurrent.futures.ThreadPoolExecutor,
        "processes": concurrent.futures.ProcessPoolExecutor,
    }
    with pools[model](int(workers)) as pool:
        if how == "map":
            print(sum(pool.map(echo, range(int(count)), chunksize=5000)))
        else:
            print(sum(pool.submit(echo, n).result() for n in range(int(count))))
