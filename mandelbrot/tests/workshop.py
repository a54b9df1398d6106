"""The workshop's picture as CPython counts it: `python3 workshop.py` prints the checksum.

The checksum is FNV-1a, 64 bits, over the counts row by row, each as four bytes, the lowest first.
"""


def count(c, niter):
    z, i = 0j, 0
    while abs(z) < 2 and i < niter:
        z = z * z + c
        i += 1
    return i


def counts(w, h, niter):
    for y in range(h):
        y0 = y * 2 / h - 1
        for x in range(w):
            x0 = x * 3.5 / w - 2.5
            yield count(complex(x0, y0), niter)


def fnv1a(counts):
    state = 0xCBF29CE484222325
    for i in counts:
        for byte in i.to_bytes(4, "little"):
            state = (state ^ byte) * 0x100000001B3 % 2**64
    return state


if __name__ == "__main__":
    print(f"{fnv1a(counts(640, 480, 1000)):016x}")
