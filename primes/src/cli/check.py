# The workshop's check in Python: numbers on standard input, an answer a line on standard output.
# Arguments: "threads" or "processes", and how many.
import concurrent.futures
import math
import sys


def is_prime(n):
    if n < 2 or (n % 2 == 0 and n != 2):
        return False
    for divisor in range(3, math.isqrt(n) + 1, 2):
        if n % divisor == 0:
            return False
    return True


if __name__ == "__main__":
    numbers = [int(line) for line in sys.stdin]
    pools = {
        "threads": concurrent.futures.ThreadPoolExecutor,
        "processes": concurrent.futures.ProcessPoolExecutor,
    }
    with pools[sys.argv[1]](int(sys.argv[2])) as pool:
        for answer in pool.map(is_prime, numbers):
            print(int(answer))
