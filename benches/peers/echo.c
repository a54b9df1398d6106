/* An echo server on one thread, by hand: epoll, edge-triggered; a read that does not fill the buffer is
 * taken for the last one. Prints where it listens, and runs until it is killed.
 *
 *     cc -O2 -o echo echo.c && ./echo [BYTES OF THE BUFFER, 262144 unless said otherwise]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a connection has not sent back yet. */
struct connection {
    int fd;
    size_t waiting, capacity;
    char *bytes;
};

static char *buffer;
static size_t size = 262144;

static void end(struct connection *c) {
    close(c->fd);
    free(c->bytes);
    free(c);
}

/* Sends, and keeps what the system does not take. Returns 0 if the connection is gone. */
static int send_all(struct connection *c, const char *bytes, size_t length) {
    while (length > 0 && c->waiting == 0) {
        ssize_t sent = write(c->fd, bytes, length);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) break;
            return 0;
        }
        bytes += sent;
        length -= sent;
    }
    if (length > 0) {
        if (c->capacity < c->waiting + length) {
            c->capacity = c->waiting + length;
            c->bytes = realloc(c->bytes, c->capacity);
        }
        memcpy(c->bytes + c->waiting, bytes, length);
        c->waiting += length;
    }
    return 1;
}

static int flush(struct connection *c) {
    size_t done = 0;
    while (done < c->waiting) {
        ssize_t sent = write(c->fd, c->bytes + done, c->waiting - done);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) break;
            return 0;
        }
        done += sent;
    }
    memmove(c->bytes, c->bytes + done, c->waiting - done);
    c->waiting -= done;
    return 1;
}

int main(int argc, char **argv) {
    if (argc > 1) size = strtoul(argv[1], NULL, 10);
    buffer = malloc(size);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 1024)) return 1;
    getsockname(listener, (struct sockaddr *)&here, &length);
    printf("127.0.0.1:%d\n", ntohs(here.sin_port));
    fflush(stdout);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[1024];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 1024, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0) continue;
                c = calloc(1, sizeof *c);
                c->fd = fd;
                event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
                event.data.ptr = c;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
                continue;
            }
            int open = 1;
            if (c->waiting > 0 && events[i].events & EPOLLOUT) open = flush(c);
            while (open && events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
                ssize_t got = read(c->fd, buffer, size);
                if (got < 0 && errno == EINTR) continue;
                if (got < 0 && errno == EAGAIN) break;
                open = got > 0 && send_all(c, buffer, got);
                if ((size_t)got < size) break;
            }
            if (!open) end(c);
        }
    }
}
