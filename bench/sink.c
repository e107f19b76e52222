/*
 * A store that only counts: it takes objects as an S3 server does, confirms their checksum, and forgets them.
 *
 *   sink PORT [RATE [LOG]]
 *
 * RATE is the pace, in bytes a second, at which it reads from all connections together; 0 for as fast as they come. With LOG it
 * writes a line for each object: the moment (CLOCK_MONOTONIC, seconds) and the path. `GET /counts` answers with the objects, the bytes
 * of their bodies, and the bytes of all bodies that arrived, those of requests that were broken off included. It listens on SINK_HOST.
 * SINK_DELAY_MS makes it a store that is far away: a connection brings a window of 128 KiB in that time, and an answer takes it once.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 1 << 16, CHUNK = 1 << 18, SLICE = 1 << 12, WINDOW = 1 << 17, NAME = 1024, SUM = 128 };

static atomic_llong objects, stored, arrived;
static long long rate;
static useconds_t delay;
static FILE *journal;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Waits until as many bytes may have come over the line. */
static void pace(long bytes) {
    static double free_at;
    if (rate == 0) return;
    pthread_mutex_lock(&turn);
    double moment = now();
    if (free_at < moment) free_at = moment;
    free_at += (double)bytes / (double)rate;
    double wait = free_at - moment;
    pthread_mutex_unlock(&turn);
    if (wait > 0) usleep((useconds_t)(wait * 1e6));
}

static bool answer(int connection, const char *text) {
    return send(connection, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* The value of a header, or an empty text. */
static void header(const char *head, const char *name, char *value, size_t size) {
    value[0] = 0;
    for (const char *line = strstr(head, "\r\n"); line != NULL && line[2] != 0; line = strstr(line + 2, "\r\n")) {
        size_t length = strlen(name);
        if (strncasecmp(line + 2, name, length) != 0 || line[2 + length] != ':') continue;
        const char *start = line + 3 + length;
        while (*start == ' ') start++;
        size_t count = strcspn(start, "\r\n");
        if (count >= size) return;
        memcpy(value, start, count);
        value[count] = 0;
        return;
    }
}

static bool reply(int connection, const char *head, const char *method, const char *path) {
    char text[1024], sum[SUM];
    if (strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0) {
        header(head, "x-amz-checksum-sha256", sum, sizeof sum);
        snprintf(
            text, sizeof text, "HTTP/1.1 200 OK\r\nETag: \"%s\"\r\n%s%s%sContent-Length: 0\r\n\r\n", sum[0] ? sum : "none",
            sum[0] ? "x-amz-checksum-sha256: " : "", sum, sum[0] ? "\r\n" : "");
    } else if (strcmp(path, "/counts") == 0) {
        char body[256];
        int length = snprintf(
            body, sizeof body, "{\"objects\": %lld, \"stored\": %lld, \"arrived\": %lld}\n", atomic_load(&objects),
            atomic_load(&stored), atomic_load(&arrived));
        if (journal != NULL) fflush(journal);
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", length, body);
    } else {
        snprintf(text, sizeof text, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
    return answer(connection, text);
}

/* Reads a body; what came with the head counts too. */
static bool swallow(int connection, char *chunk, long long length, long long have) {
    long long window = 0;
    atomic_fetch_add(&arrived, have);
    while (have < length) {
        long long wanted = length - have, most = rate > 0 ? SLICE : CHUNK;
        if (delay > 0 && window >= WINDOW) {
            usleep(delay);
            window = 0;
        }
        if (delay > 0 && most > WINDOW - window) most = WINDOW - window;
        ssize_t count = recv(connection, chunk, (size_t)(wanted < most ? wanted : most), 0);
        if (count <= 0) return false;
        atomic_fetch_add(&arrived, count);
        have += count;
        window += count;
        pace(count);
    }
    return true;
}

static bool serve(int connection, char *head, char *chunk) {
    size_t count = 0;
    char *end = NULL;
    while (end == NULL) {
        ssize_t more = count < HEAD - 1 ? recv(connection, head + count, HEAD - 1 - count, 0) : 0;
        if (more <= 0) return false;
        count += (size_t)more;
        head[count] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    char method[16], path[NAME], length[32];
    if (sscanf(head, "%15s %1023s", method, path) != 2) return false;
    long long have = (long long)(count - (size_t)(end + 4 - head));
    end[2] = 0;
    header(head, "content-length", length, sizeof length);
    long long bytes = atoll(length);
    if (!swallow(connection, chunk, bytes, have)) return false;
    if (strcmp(method, "PUT") == 0) usleep(delay);
    if (strcmp(method, "PUT") == 0) {
        atomic_fetch_add(&objects, 1);
        atomic_fetch_add(&stored, bytes);
        if (journal != NULL) {
            pthread_mutex_lock(&turn);
            fprintf(journal, "%.3f %s\n", now(), path);
            pthread_mutex_unlock(&turn);
        }
    }
    return reply(connection, head, method, path);
}

static void *handle(void *argument) {
    int connection = (int)(long)argument, on = 1;
    char *head = malloc(HEAD), *chunk = malloc(CHUNK);
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (head != NULL && chunk != NULL && serve(connection, head, chunk)) {}
    free(head);
    free(chunk);
    close(connection);
    return NULL;
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: sink PORT [RATE [LOG]]\n");
        return 2;
    }
    rate = count > 2 ? atoll(arguments[2]) : 0;
    if (count > 3 && (journal = fopen(arguments[3], "w")) == NULL) {
        perror(arguments[3]);
        return 1;
    }
    if (getenv("SINK_DELAY_MS") != NULL) delay = (useconds_t)atoi(getenv("SINK_DELAY_MS")) * 1000;
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, small = 1 << 14;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Of a slow line the sender must feel the pace, not the receiver's buffer. */
    if (rate > 0) setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const char *host = getenv("SINK_HOST");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    if (inet_pton(AF_INET, host != NULL ? host : "127.0.0.1", &address.sin_addr) != 1
        || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 512) != 0) {
        perror("sink");
        return 1;
    }
    while (true) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) continue;
        pthread_t thread;
        if (pthread_create(&thread, NULL, handle, (void *)(long)connection) == 0) {
            pthread_detach(thread);
        } else {
            close(connection);
        }
    }
}
