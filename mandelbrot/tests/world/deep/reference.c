/* The counts of a deep view by big integers: the reference for the kernel `perturbation`.
 *
 *   cc -O2 reference.c -lgmp -o reference      (GMP 6.2, Debian's libgmp-dev)
 *   ./reference RE IM ZOOM ITERATIONS > NAME.counts
 *
 * Plain iteration of z*z + c at every point of 160 x 120, in fixed point with more than twice the
 * digits of the depth. A count is how many iterations |z| < 2 holds, at most ITERATIONS: 16 bits,
 * the lower byte first, row by row. The points are those of `View::square`: the view is 3.5 / ZOOM
 * wide, and point (x, y) is x/160 and y/120 of the way from its upper left corner.
 */
#include <gmp.h>
#include <stdio.h>
#include <stdlib.h>

enum { W = 160, H = 120 };

static int bits;

/* A decimal number, rounded to fixed point. */
static void fixed(mpz_t out, const char *text) {
    mpf_t number;
    mpf_init2(number, bits + 64);
    mpf_set_str(number, text, 10);
    mpf_mul_2exp(number, number, bits);
    mpz_set_f(out, number);
    mpf_clear(number);
}

static unsigned count(const mpz_t re, const mpz_t im, unsigned limit, const mpz_t four) {
    mpz_t x, y, xx, yy, t;
    mpz_inits(x, y, xx, yy, t, NULL);
    unsigned n = 0;
    for (; n < limit; n++) {
        mpz_mul(xx, x, x);
        mpz_mul(yy, y, y);
        mpz_add(t, xx, yy);
        if (mpz_cmp(t, four) >= 0) break;
        mpz_mul(y, x, y);
        mpz_fdiv_q_2exp(y, y, bits - 1);
        mpz_add(y, y, im);
        mpz_sub(x, xx, yy);
        mpz_fdiv_q_2exp(x, x, bits);
        mpz_add(x, x, re);
    }
    mpz_clears(x, y, xx, yy, t, NULL);
    return n;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    mpf_set_default_prec(4096);
    mpf_t zoom;
    mpf_init_set_str(zoom, argv[3], 10);
    signed long exponent;
    mpf_get_d_2exp(&exponent, zoom);
    bits = 2 * exponent + 128;
    mpz_t re, im, width, four, x0, y0, x, y, t;
    mpz_inits(re, im, width, four, x0, y0, x, y, t, NULL);
    fixed(re, argv[1]);
    fixed(im, argv[2]);
    mpf_t extent;
    mpf_init2(extent, 4096);
    mpf_ui_div(extent, 7, zoom);
    mpf_div_ui(extent, extent, 2);
    mpf_mul_2exp(extent, extent, bits);
    mpz_set_f(width, extent);
    mpz_ui_pow_ui(four, 2, 2 * bits + 2);
    /* The view is 3/4 as high as wide; half of each back from the centre. */
    mpz_fdiv_q_2exp(t, width, 1);
    mpz_sub(x0, re, t);
    mpz_mul_ui(t, width, 3);
    mpz_fdiv_q_2exp(t, t, 3);
    mpz_sub(y0, im, t);
    for (int row = 0; row < H; row++) {
        mpz_mul_ui(y, width, 3 * row);
        mpz_fdiv_q_ui(y, y, 4 * H);
        mpz_add(y, y, y0);
        for (int column = 0; column < W; column++) {
            mpz_mul_ui(x, width, column);
            mpz_fdiv_q_ui(x, x, W);
            mpz_add(x, x, x0);
            unsigned n = count(x, y, (unsigned)atoi(argv[4]), four);
            putchar(n & 255);
            putchar(n >> 8);
        }
    }
    return 0;
}
