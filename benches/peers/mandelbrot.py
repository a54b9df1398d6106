"""The set by CPython on several cores: `python3 mandelbrot.py MODEL WORKERS WIDTH HEIGHT NITER`.

MODEL is `multiprocessing`, or `pymp` (`python3 -m pip install pymp-pypi`): the two ways of the
workshop. Prints the sum of all counts.
"""

import sys


def count(c, niter):
    z, i = 0j, 0
    while abs(z) < 2 and i < niter:
        z = z * z + c
        i += 1
    return i


def row(y, w, h, niter):
    y0 = y * 2 / h - 1
    return sum(count(complex(x * 3.5 / w - 2.5, y0), niter) for x in range(w))


def by_multiprocessing(workers, w, h, niter):
    import multiprocessing

    rows = [(y, w, h, niter) for y in range(h)]
    with multiprocessing.Pool(workers) as pool:
        return sum(pool.starmap(row, rows, chunksize=1))


def by_pymp(workers, w, h, niter):
    import pymp

    sums = pymp.shared.list([0] * workers)
    with pymp.Parallel(workers) as p:
        own = 0
        for y in p.xrange(h):
            own += row(y, w, h, niter)
        sums[p.thread_num] = own
    return sum(sums)


if __name__ == "__main__":
    models = {"multiprocessing": by_multiprocessing, "pymp": by_pymp}
    print(models[sys.argv[1]](*map(int, sys.argv[2:])))
