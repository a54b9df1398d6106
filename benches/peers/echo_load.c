/* The load for echo servers: so many connections, on each of which a message is always under way.
 *
 *     cc -O2 -o echo_load echo_load.c && ./echo_load PID PORT CONNECTIONS BYTES ROUND_TRIPS
 *
 * Prints, for each round trip: microseconds, and microseconds of the server's CPU (all threads).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
    int fd;
    size_t sent, got;
};

static char *message, *answer;
static size_t size;

static double cpu(const char *pid) {
    char path[256];
    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *tasks = opendir(path);
    double sum = 0;
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        if (task->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%s/task/%.20s/schedstat", pid, task->d_name);
        FILE *file = fopen(path, "r");
        unsigned long long nanos = 0;
        if (file && fscanf(file, "%llu", &nanos) == 1) sum += nanos / 1000.0;
        if (file) fclose(file);
    }
    closedir(tasks);
    return sum;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void push(struct client *c) {
    while (c->sent < size) {
        ssize_t n = write(c->fd, message + c->sent, size - c->sent);
        if (n < 0) {
            if (errno == EAGAIN) return;
            perror("write");
            exit(1);
        }
        c->sent += n;
    }
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    int connections = atoi(argv[3]);
    size = strtoul(argv[4], NULL, 10);
    long trips = atol(argv[5]), warm = trips / 4, done = 0;
    message = malloc(size);
    answer = malloc(1 << 20);
    for (size_t i = 0; i < size; i++) message[i] = (char)(i * 7);
    struct client *clients = calloc(connections, sizeof *clients);
    int epoll = epoll_create1(0);
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < connections; i++) {
        int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&there, sizeof there)) return perror("connect"), 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &clients[i]};
        clients[i].fd = fd;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
    struct epoll_event events[1024];
    double wall = 0, busy = 0;
    while (done < warm + trips) {
        int count = epoll_wait(epoll, events, 1024, -1);
        for (int i = 0; i < count; i++) {
            struct client *c = events[i].data.ptr;
            push(c);
            for (;;) {
                ssize_t n = read(c->fd, answer, 1 << 20);
                if (n < 0 && errno == EAGAIN) break;
                if (n <= 0 || memcmp(answer, message + c->got, n)) return puts("a wrong answer"), 1;
                c->got += n;
                if (c->got == size) {
                    c->got = c->sent = 0;
                    if (++done == warm) wall = now(), busy = cpu(argv[1]);
                    push(c);
                }
                if (n < 1 << 20 && size <= 4096) break;
            }
        }
    }
    printf("%.3f %.3f\n", (now() - wall) / trips, (cpu(argv[1]) - busy) / trips);
}
