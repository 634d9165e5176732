/* The least that an MSRP switch can do, as the yardstick of bench/msrp_switch.py: epoll, one write per copy.
 *
 * Every SEND with a body is answered 200 and copied to all other connections under a head of their own; every
 * response is found by its end-line and its transaction id compared with the last one sent. No rooms, no timers,
 * no limits, no queues. Built twice: with -DWITH_TLS it speaks TLS by OpenSSL.
 *
 * Usage: msrp_floor [certificate key]; prints the port it listens on, ends with its standard input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
#endif

enum { MOST = 4096, ROOM = 1 << 20, HEAD = 1024 };

struct connection {
    int fd;
    size_t held;
    char *octets;
    char path[256];
    long answered;
    char waiting[32];
#ifdef WITH_TLS
    SSL *tls;
    int is_shaken;
#endif
};

static struct connection *all[MOST];
static int count;
static long serial;
#ifdef WITH_TLS
static SSL_CTX *context;
#endif

static ssize_t get(struct connection *from, char *to, size_t room) {
#ifdef WITH_TLS
    int got = SSL_read(from->tls, to, (int)room);
    if (got > 0) return got;
    int why = SSL_get_error(from->tls, got);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
#else
    return recv(from->fd, to, room, 0);
#endif
}

static void put(struct connection *to, const char *octets, size_t size) {
    while (size) { /* whoever does not read holds up everybody: fit for a yardstick only */
#ifdef WITH_TLS
        int sent = SSL_write(to->tls, octets, (int)size);
#else
        ssize_t sent = send(to->fd, octets, size, MSG_NOSIGNAL);
#endif
        if (sent <= 0) continue;
        octets += sent;
        size -= (size_t)sent;
    }
}

static char *header(char *head, char *end, const char *name, size_t *size) {
    size_t length = strlen(name);
    char *found = memmem(head, (size_t)(end - head), name, length);
    if (!found) return NULL;
    found += length;
    char *stop = memchr(found, '\r', (size_t)(end - found));
    *size = stop ? (size_t)(stop - found) : 0;
    return found;
}

static void fan_out(struct connection *from, const char *content, size_t size) {
    static char frame[ROOM + HEAD];
    for (int each = 0; each < count; each++) {
        struct connection *to = all[each];
        if (to == from) continue;
        char *tid = to->waiting;
        int tid_size = snprintf(tid, sizeof to->waiting, "floor%012lx", ++serial);
        int at = snprintf(frame, HEAD,
                          "MSRP %s SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://127.0.0.1:2855/c0123456789;tcp\r\n"
                          "Message-ID: m%ld\r\nByte-Range: 1-%zu/%zu\r\nContent-Type: message/cpim\r\n\r\n",
                          tid, to->path, serial, size, size);
        memcpy(frame + at, content, size);
        at += (int)size;
        memcpy(frame + at, "\r\n-------", 9);
        memcpy(frame + at + 9, tid, (size_t)tid_size);
        memcpy(frame + at + 9 + tid_size, "$\r\n", 3);
        put(to, frame, (size_t)(at + 12 + tid_size));
    }
}

static void request(struct connection *from, char *frame, char *end, const char *tid, size_t tid_size) {
    char answer[HEAD];
    size_t to_size = 0, from_size = 0;
    char *to = header(frame, end, "\r\nTo-Path: ", &to_size);
    char *sender = header(frame, end, "\r\nFrom-Path: ", &from_size);
    if (!to || !sender || from_size >= sizeof from->path || to_size > 256) return;
    memcpy(from->path, sender, from_size);
    from->path[from_size] = 0;
    int size = snprintf(answer, sizeof answer, "MSRP %.*s 200 OK\r\nTo-Path: %.*s\r\nFrom-Path: %.*s\r\n-------%.*s$\r\n",
                        (int)tid_size, tid, (int)from_size, sender, (int)to_size, to, (int)tid_size, tid);
    put(from, answer, (size_t)size);
    char *body = memmem(frame, (size_t)(end - frame), "\r\n\r\n", 4);
    if (body) fan_out(from, body + 4, (size_t)(end - body - 4));
}

/* The size of the whole frame at `frame`, after it was obeyed; 0 when it is not all there. */
static size_t obey(struct connection *from, char *frame, size_t held) {
    char mark[80] = "\r\n-------";
    if (held < 12) return 0;
    char *tid = frame + 5, *stop = memchr(tid, ' ', held - 5 < 40 ? held - 5 : 40);
    if (!stop) return 0;
    size_t tid_size = (size_t)(stop - tid);
    memcpy(mark + 9, tid, tid_size);
    char *end = memmem(frame, held, mark, 9 + tid_size);
    if (!end || end + 12 + tid_size > frame + held) return 0;
    if (stop[1] >= '0' && stop[1] <= '9') {
        if (!memcmp(stop + 1, "200", 3) && !memcmp(tid, from->waiting, tid_size)) from->answered++;
    } else {
        request(from, frame, end, tid, tid_size);
    }
    return (size_t)(end - frame) + 12 + tid_size;
}

static int readable(struct connection *from) {
    ssize_t got;
#ifdef WITH_TLS
    if (!from->is_shaken && (from->is_shaken = SSL_accept(from->tls) == 1) == 0) return 1;
#endif
    got = get(from, from->octets + from->held, ROOM - from->held);
    if (got <= 0) return got < 0;
    from->held += (size_t)got;
    size_t at = 0, used;
    while ((used = obey(from, from->octets + at, from->held - at)) > 0) at += used;
    from->held -= at;
    if (from->held) memmove(from->octets, from->octets + at, from->held);
    return 1;
}

static void arrived(int poll, int fd) {
    if (count == MOST) exit(1);
    struct connection *new = calloc(1, sizeof *new);
    int one = 1;
    new->fd = fd;
    new->octets = malloc(ROOM);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
#ifdef WITH_TLS
    new->tls = SSL_new(context);
    SSL_set_fd(new->tls, fd);
    SSL_set_accept_state(new->tls);
#endif
    all[count++] = new;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = new};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
#ifdef WITH_TLS
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (argc < 3 || SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1) return 1;
#else
    (void)argc, (void)argv;
#endif
    if (bind(listener, (struct sockaddr *)&at, size) || listen(listener, MOST)) return 1;
    getsockname(listener, (struct sockaddr *)&at, &size);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    struct epoll_event events[MOST], event = {.events = EPOLLIN, .data.ptr = &listener};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    event.data.ptr = NULL;
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        int found = epoll_wait(poll, events, MOST, -1);
        for (int each = 0; each < found; each++) {
            struct connection *from = events[each].data.ptr;
            if (!from) return 0;
            if ((void *)from == (void *)&listener) arrived(poll, accept(listener, NULL, NULL));
            else if (!readable(from)) epoll_ctl(poll, EPOLL_CTL_DEL, from->fd, NULL);
        }
    }
}
