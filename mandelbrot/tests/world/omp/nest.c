/* The number of threads of nested regions under libgomp, for the settings in the environment.
 *
 *   gcc -O1 -fopenmp nest.c -o nest        (libgomp of GCC 12)
 *
 * Prints one line for each of three levels: threads, level, active level, on the first thread.
 */
#include <omp.h>
#include <stdio.h>

static void tell(void) {
    printf("%d %d %d\n", omp_get_num_threads(), omp_get_level(), omp_get_active_level());
}

int main(void) {
#pragma omp parallel
    {
        if (omp_get_thread_num() == 0) {
            tell();
#pragma omp parallel
            {
                if (omp_get_thread_num() == 0) {
                    tell();
#pragma omp parallel
                    {
                        if (omp_get_thread_num() == 0) tell();
                    }
                }
            }
        }
    }
    return 0;
}
