"""Finds the places that the deep tests look at: `python3 places.py > places.txt` (gmpy2 2.2).

Spirals are around a Misiurewicz point: z_25 = z_23, solved by Newton's method. Minibrots are the
nuclei of the lowest period in a disc beside that point: the smaller the disc, the smaller they are.
A line of the result is: name, real part, imaginary part, zoom, iterations.
"""

import gmpy2
from gmpy2 import mpc, mpfr

gmpy2.get_context().precision = 1200


def misiurewicz(c, preperiod, period):
    for _ in range(60):
        z, dz, kept = mpc(0), mpc(0), None
        for n in range(preperiod + period):
            if n == preperiod:
                kept = (z, dz)
            z, dz = z * z + c, 2 * z * dz + 1
        step = (z - kept[0]) / (dz - kept[1])
        c -= step
        if abs(step) < mpfr("1e-340"):
            return c
    raise SystemExit("Newton's method does not settle")


def lowest_period(c, radius, most):
    z, dz = mpc(0), mpc(0)
    for n in range(1, most):
        z, dz = z * z + c, 2 * z * dz + 1
        if abs(z) < abs(dz) * radius:
            return n
    raise SystemExit("no period")


def nucleus(c, period):
    for _ in range(60):
        z, dz = mpc(0), mpc(0)
        for _ in range(period):
            z, dz = z * z + c, 2 * z * dz + 1
        c -= z / dz
        if abs(z / dz) < mpfr("1e-340"):
            return c
    raise SystemExit("Newton's method does not settle")


def size(c, period):
    z, l, b = mpc(0), mpc(1), mpc(1)
    for _ in range(1, period):
        z = z * z + c
        l = 2 * z * l
        b += 1 / l
    return abs(1 / (b * l * l))


def text(number, digits):
    return f"{number:.{digits}f}"


spiral = misiurewicz(mpc("-0.77568377+0.13646737j"), 23, 2)
for name, radius in (("13", "1.5e-8"), ("30", "5e-17"), ("100", "5e-52")):
    digits = int(name) + 20
    print("spiral" + name, text(spiral.real, digits), text(spiral.imag, digits), f"1e{name}", 20000)
    beside = spiral + mpc(mpfr(radius) * 2, mpfr(radius))
    period = lowest_period(beside, mpfr(radius), 100000)
    found = nucleus(beside, period)
    width = size(found, period) * 6
    z = mpfr("3.5") / width
    print("minibrot" + name, text(found.real, digits + 20), text(found.imag, digits + 20),
          f"{z:.3e}", 20000, f"# period {period}")
# A place that users drew: LegalizeAdulthood/iterated-dynamics#428 on GitHub.
print("id428",
      "-0.20710786709396773284614519736555663215348414308089131542240196463127818172818707255514036382316"
      "8395661255456449410829",
      "1.1227570636325974845287464960713085719677173077838070578518103977129296279634366099808614475746239"
      "7504293260553568951", "4.919562e+112", 18000,
      "# a copy of the set in LegalizeAdulthood/iterated-dynamics#428")
# A place of many pictures, with small spirals around small copies of the set: much of it is chaotic.
for zoom in ("11", "13"):
    print("seahorse" + zoom, "-0.743643887037151", "0.131825904205330", "1e" + zoom, 20000)
