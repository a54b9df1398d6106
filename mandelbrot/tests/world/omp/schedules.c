/* Which thread runs which turns under libgomp's static schedules, and the lengths of guided's portions.
 *
 *   gcc -O1 -fopenmp schedules.c -o schedules        (libgomp of GCC 12)
 *
 * Lines: "static THREADS FROM TO STEP CHUNK: thread of each turn"; CHUNK 0 means no chunk. "guided THREADS
 * LENGTH CHUNK: length of each portion". "collapse THREADS ROWS COLUMNS: thread of each pair".
 */
#include <omp.h>
#include <stdbool.h>
#include <stdio.h>

bool GOMP_loop_guided_start(long, long, long, long, long *, long *);
bool GOMP_loop_guided_next(long *, long *);

static int who[1000];

static void show(int turns) {
    for (int n = 0; n < turns; n++) printf(" %d", who[n]);
    printf("\n");
}

static void statics(int threads, long from, long to, long step, int chunk) {
    int turns = 0;
    for (long i = from; step > 0 ? i < to : i > to; i += step) turns++;
    omp_set_schedule(omp_sched_static, chunk);
    if (step > 0) {
#pragma omp parallel for schedule(runtime) num_threads(threads)
        for (long i = from; i < to; i += step) who[(i - from) / step] = omp_get_thread_num();
    } else {
#pragma omp parallel for schedule(runtime) num_threads(threads)
        for (long i = from; i > to; i += step) who[(i - from) / step] = omp_get_thread_num();
    }
    printf("static %d %ld %ld %ld %d:", threads, from, to, step, chunk);
    show(turns);
}

static void guided(int threads, long length, long chunk) {
    printf("guided %d %ld %ld:", threads, length, chunk);
#pragma omp parallel num_threads(threads)
    if (omp_get_thread_num() == 0) {
        long first, end;
        bool more = GOMP_loop_guided_start(0, length, 1, chunk, &first, &end);
        for (; more; more = GOMP_loop_guided_next(&first, &end)) printf(" %ld", end - first);
        printf("\n");
    }
}

static void collapse(int threads, int rows, int columns) {
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads)
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++) who[y * columns + x] = omp_get_thread_num();
    printf("collapse %d %d %d:", threads, rows, columns);
    show(rows * columns);
}

int main(void) {
    omp_set_dynamic(0);
    for (int threads = 1; threads <= 5; threads++) {
        for (int length = 0; length <= 23; length += 1 + length / 3) {
            for (int chunk = 0; chunk <= 4; chunk++) statics(threads, 3, 3 + length, 1, chunk);
            statics(threads, -7, -7 + 3 * length, 4, 0);
            statics(threads, 10, 10 - 2 * length, -3, 2);
        }
        for (int length = 1; length <= 200; length = 2 * length + 5)
            for (int chunk = 1; chunk <= 9; chunk += 4) guided(threads, length, chunk);
        collapse(threads, 3, 5);
        collapse(threads, 4, 1);
    }
    return 0;
}
