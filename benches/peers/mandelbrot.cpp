// The peer of `mandelbrot --kernel fast`: the set by hand-written AVX-512 intrinsics and OpenMP.
//
//   g++ -O3 -march=native -fopenmp mandelbrot.cpp -o mandelbrot-cpp
//   ./mandelbrot-cpp [WIDTH HEIGHT ITERATIONS RUNS THREADS]
//   ./mandelbrot-cpp peak
//
// What an expert writes for speed and still calls simple: rows by OpenMP's dynamic schedule, six
// vectors of eight points side by side to hide the latency of the arithmetic, the question whether
// a point has left asked every eight iterations, and the block gone through again, counted, when
// one has. Four vector operations an iteration. Points are rounded as the Rust program rounds them.
//
// It prints the sum of all counts, by which the two programs can be seen to have done the same work,
// and on standard error the best and the median time of a run. `peak` measures how many vector
// operations a second the cores can start: what the others are to be held against.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <immintrin.h>
#include <memory>
#include <omp.h>
#include <vector>

constexpr int LANES = 8;
constexpr int VECTORS = 6;
constexpr int BLOCK = 8;

// An array of vectors that a loop goes through stays in memory, under GCC 12: these are registers.
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)

static double seconds() {
    using clock = std::chrono::steady_clock;
    return std::chrono::duration<double>(clock::now().time_since_epoch()).count();
}

// One iteration of one vector.
static inline void step(__m512d &x, __m512d &y, __m512d re, __m512d im) {
    __m512d next_x = _mm512_fmadd_pd(x, x, _mm512_fnmadd_pd(y, y, re));
    y = _mm512_fmadd_pd(_mm512_add_pd(x, x), y, im);
    x = next_x;
}

static inline __mmask8 is_inside(__m512d x, __m512d y) {
    __m512d norm = _mm512_fmadd_pd(x, x, _mm512_mul_pd(y, y));
    return _mm512_cmp_pd_mask(norm, _mm512_set1_pd(4.0), _CMP_LT_OQ);
}

// The points of one vector that left in its last block: through it again, counted.
static __attribute__((noinline)) __m512i recount(__m512i count, __mmask8 leaving, __m512d x,
                                                 __m512d y, __m512d re, __m512d im, uint32_t done) {
    __m512i counted = _mm512_set1_epi64(done);
    __mmask8 inside = leaving;
    for (int i = 0; i < BLOCK; i++) {
        inside &= is_inside(x, y);
        if (!inside) break;
        counted = _mm512_mask_add_epi64(counted, inside, counted, _mm512_set1_epi64(1));
        step(x, y, re, im);
    }
    return _mm512_mask_mov_epi64(count, leaving, counted);
}

// The counts of 48 points in a row. `re` has room for a whole last group.
static void group(const double *points, double im_of_row, uint32_t limit, uint32_t *out) {
    const __m512d im = _mm512_set1_pd(im_of_row);
#define START(N)                                                  \
    const __m512d re##N = _mm512_loadu_pd(points + N * LANES);    \
    __m512d x##N = _mm512_setzero_pd(), y##N = x##N;              \
    __m512i count##N = _mm512_set1_epi64(limit);                  \
    __mmask8 alive##N = 0xff;
    EACH(START)
    uint32_t done = 0;
    for (; done + BLOCK <= limit; done += BLOCK) {
#define KEEP(N) const __m512d old_x##N = x##N, old_y##N = y##N;
        EACH(KEEP)
#define STEP(N) step(x##N, y##N, re##N, im);
        EACH(STEP) EACH(STEP) EACH(STEP) EACH(STEP)
        EACH(STEP) EACH(STEP) EACH(STEP) EACH(STEP)
#define ASK(N) const __mmask8 leaving##N = alive##N & ~is_inside(x##N, y##N);
        EACH(ASK)
        if (__builtin_expect(!(leaving0 | leaving1 | leaving2 | leaving3 | leaving4 | leaving5), 1))
            continue;
#define LEAVE(N)                                                                       \
    if (leaving##N) {                                                                  \
        count##N = recount(count##N, leaving##N, old_x##N, old_y##N, re##N, im, done); \
        alive##N &= ~leaving##N;                                                       \
    }
        EACH(LEAVE)
        if (!(alive0 | alive1 | alive2 | alive3 | alive4 | alive5)) done = limit;
    }
    for (; done < limit; done++) {
#define LAST(N)                                                                              \
    {                                                                                        \
        __mmask8 inside = is_inside(x##N, y##N);                                             \
        count##N = _mm512_mask_mov_epi64(count##N, alive##N & ~inside, _mm512_set1_epi64(done)); \
        alive##N &= inside;                                                                  \
        step(x##N, y##N, re##N, im);                                                         \
    }
        EACH(LAST)
    }
#define STORE(N) _mm256_storeu_si256((__m256i *)(out + N * LANES), _mm512_cvtepi64_epi32(count##N));
    EACH(STORE)
}

static void draw(int width, int height, uint32_t limit, uint32_t *counts) {
    const int group_size = LANES * VECTORS;
    const int padded = (width + group_size - 1) / group_size * group_size;
    std::vector<double> re(padded);
    for (int x = 0; x < padded; x++) re[x] = x * 3.5 / width - 2.5;
#pragma omp parallel
    {
        std::vector<uint32_t> row(padded);
#pragma omp for schedule(dynamic, 1)
        for (int y = 0; y < height; y++) {
            const double im = y * 2.0 / height - 1.0;
            for (int x = 0; x < width; x += group_size) group(&re[x], im, limit, &row[x]);
            std::memcpy(counts + (size_t)y * width, row.data(), width * sizeof(uint32_t));
        }
    }
}

// Vector operations a second, all threads together: nothing but fused multiplications.
static double peak() {
    double total = 0;
#pragma omp parallel reduction(+ : total)
    {
        constexpr int CHAINS = 12, TIMES = 20'000'000;
        const __m512d b = _mm512_set1_pd(0.5);
#define CHAIN(N) __m512d a##N = _mm512_set1_pd(N), b##N = _mm512_set1_pd(N + 6);
        EACH(CHAIN)
        double best = 1e9;
        for (int run = 0; run < 5; run++) {
#pragma omp barrier
            double start = seconds();
            for (int i = 0; i < TIMES; i++) {
#define FMA(N) a##N = _mm512_fmadd_pd(a##N, b, b); b##N = _mm512_fmadd_pd(b##N, b, b);
                EACH(FMA)
            }
            best = std::min(best, seconds() - start);
        }
        __m512d sum = b;
#define SUM(N) sum = _mm512_add_pd(sum, _mm512_add_pd(a##N, b##N));
        EACH(SUM)
        if (_mm512_reduce_add_pd(sum) == 0.1) std::puts("");
        total += (double)CHAINS * TIMES / best;
    }
    return total;
}

int main(int argc, char **argv) {
    if (argc > 1 && !std::strcmp(argv[1], "peak")) {
        double operations = peak();
        std::printf("%d threads: %.3f G vector operations/s, %.3f G iterations/s at four each\n",
                    omp_get_max_threads(), operations / 1e9, operations * LANES / 4 / 1e9);
        return 0;
    }
    const int width = argc > 1 ? std::atoi(argv[1]) : 1920;
    const int height = argc > 2 ? std::atoi(argv[2]) : 1080;
    const uint32_t limit = argc > 3 ? std::atoi(argv[3]) : 1000;
    const int runs = argc > 4 ? std::atoi(argv[4]) : 21;
    const int threads = argc > 5 ? std::atoi(argv[5]) : omp_get_max_threads();
    if (width < 1 || height < 1 || limit < 1 || runs < 1 || threads < 1) {
        std::fputs("usage: mandelbrot-cpp [WIDTH HEIGHT ITERATIONS RUNS THREADS]\n", stderr);
        return 2;
    }
    omp_set_num_threads(threads);
    std::vector<double> times;
    uint64_t sum = 0;
    for (int run = 0; run < runs; run++) {
        double start = seconds();
        // Not a vector, which would be filled with zeros by one thread.
        std::unique_ptr<uint32_t, decltype(&std::free)> counts(
            (uint32_t *)std::calloc((size_t)width * height, sizeof(uint32_t)), std::free);
        draw(width, height, limit, counts.get());
        times.push_back(seconds() - start);
        sum = 0;
        for (size_t i = 0; i < (size_t)width * height; i++) sum += counts.get()[i];
    }
    std::sort(times.begin(), times.end());
    std::fprintf(stderr, "%d threads, best %.3f ms, median %.3f ms, %.3f G iterations/s at best\n",
                 threads, times[0] * 1e3, times[times.size() / 2] * 1e3, sum / times[0] / 1e9);
    std::printf("%llu\n", (unsigned long long)sum);
}
