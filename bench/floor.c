/*
 * The physical floor of a recorder: the least that the same work costs on this machine, in one thread of plain C.
 *
 *   floor receive|record PORT FOLDER NAME...
 *
 * Both read the cameras rtsp://127.0.0.1:PORT/NAME (H.264 over the RTSP connection) with large calls of recv, all of them
 * once in 100 ms. `receive` forgets what it reads. `record` finds the frames, copies them with their lengths into a buffer
 * for each camera, writes fragments of about a second with one call, hashes them (SHA-256), and every ten seconds syncs
 * the file, renames it, and syncs the folder. Ends with SIGTERM, and then prints what it has seen as a line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SCRATCH = 1 << 20, HEAD = 1 << 17, FRAGMENT = 8 << 20, INDEX = 16, PATH = 512 };

struct camera {
    const char *name;
    int socket;
    /* What was left of an unfinished packet by the last turn. */
    uint8_t *rest;
    size_t restLength;
    /* The fragment that is being made. */
    uint8_t *fragment;
    size_t length, unitStart, frames;
    uint32_t fragmentTime, segmentTime;
    bool hasFragment, hasSegment;
    int file;
    unsigned number;
    EVP_MD_CTX *hash;
};

static volatile sig_atomic_t ending;
static uint64_t bytesSeen, framesSeen, segmentsMade;
static const char *folder;
static int folderFile;
static uint8_t scratch[HEAD + SCRATCH];

static void end(int signal) { (void)signal, ending = 1; }

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* MARK: The session */

/* Sends a request and reads the head and body of its answer into text. */
static void ask(int socket, const char *request, char *text, size_t size) {
    if (send(socket, request, strlen(request), 0) < 0) fail("send");
    size_t length = 0;
    const char *body = NULL;
    size_t wanted = 0;
    while (!body || length < wanted) {
        /* Byte by byte up to the body, so that no media is read with it. */
        ssize_t count = recv(socket, text + length, body ? wanted - length : 1, 0);
        if (count <= 0 || length + (size_t)count >= size - 1) fail("recv");
        length += (size_t)count;
        text[length] = 0;
        if (!body && length >= 4 && !memcmp(text + length - 4, "\r\n\r\n", 4)) {
            body = text + length;
            const char *field = strstr(text, "Content-Length: ");
            wanted = length + (field ? strtoul(field + 16, NULL, 10) : 0);
        }
    }
    if (strncmp(text, "RTSP/1.0 200", 12)) {
        fprintf(stderr, "the camera answers: %.80s\n", text);
        exit(1);
    }
}

static void play(struct camera *camera, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    camera->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(camera->socket, (struct sockaddr *)&address, sizeof address)) fail("connect");
    char request[1024], answer[8192], session[128] = "";
    snprintf(request, sizeof request, "DESCRIBE rtsp://127.0.0.1:%d/%s RTSP/1.0\r\nCSeq: 1\r\n\r\n", port, camera->name);
    ask(camera->socket, request, answer, sizeof answer);
    snprintf(request, sizeof request,
             "SETUP rtsp://127.0.0.1:%d/%s/track1 RTSP/1.0\r\nCSeq: 2\r\n"
             "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
             port, camera->name);
    ask(camera->socket, request, answer, sizeof answer);
    const char *field = strstr(answer, "Session: ");
    if (field) sscanf(field, "Session: %127[^;\r\n]", session);
    snprintf(request, sizeof request, "PLAY rtsp://127.0.0.1:%d/%s RTSP/1.0\r\nCSeq: 3\r\nSession: %s\r\n\r\n", port,
             camera->name, session);
    ask(camera->socket, request, answer, sizeof answer);
}

/* MARK: Recording */

static void path(const struct camera *camera, bool isPart, char *text) {
    snprintf(text, PATH, "%s/%s-%06u.mp4%s", folder, camera->name, camera->number, isPart ? ".part" : "");
}

static void endSegment(struct camera *camera) {
    char from[PATH], to[PATH];
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(camera->hash, digest, NULL);
    if (fdatasync(camera->file)) fail("fdatasync");
    close(camera->file);
    path(camera, true, from), path(camera, false, to);
    if (rename(from, to) || fsync(folderFile)) fail("rename");
    camera->number++, segmentsMade++;
    camera->hasSegment = false;
}

/* Writes the fragment with room for its index in front, as a recorder would. */
static void endFragment(struct camera *camera, uint32_t now) {
    if (camera->hasSegment && now - camera->segmentTime >= 10 * 90000) endSegment(camera);
    if (!camera->hasSegment) {
        char name[PATH];
        path(camera, true, name);
        camera->file = open(name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
        if (camera->file < 0) fail("open");
        EVP_DigestInit_ex(camera->hash, EVP_sha256(), NULL);
        camera->hasSegment = true, camera->segmentTime = now;
    }
    size_t index = 100 + camera->frames * INDEX;
    if (index > HEAD) index = HEAD;
    uint8_t *start = camera->fragment + HEAD - index;
    size_t length = camera->length - (HEAD - index);
    EVP_DigestUpdate(camera->hash, start, length);
    if (write(camera->file, start, length) != (ssize_t)length) fail("write");
    camera->length = HEAD, camera->frames = 0, camera->fragmentTime = now;
}

static void append(struct camera *camera, const uint8_t *bytes, size_t count) {
    if (camera->length + count > FRAGMENT) return;
    memcpy(camera->fragment + camera->length, bytes, count);
    camera->length += count;
}

static void beginUnit(struct camera *camera) {
    static const uint8_t room[4];
    camera->unitStart = camera->length;
    append(camera, room, 4);
}

static void endUnit(struct camera *camera) {
    uint32_t length = htonl((uint32_t)(camera->length - camera->unitStart - 4));
    memcpy(camera->fragment + camera->unitStart, &length, 4);
}

static void take(struct camera *camera, const uint8_t *packet, size_t count) {
    if (count < 14 || packet[0] >> 6 != 2) return;
    uint32_t time;
    memcpy(&time, packet + 4, 4);
    time = ntohl(time);
    if (!camera->hasFragment) camera->hasFragment = true, camera->fragmentTime = time;
    if (camera->frames > 0 && time - camera->fragmentTime >= 90000) endFragment(camera, time);
    const uint8_t *payload = packet + 12;
    size_t length = count - 12;
    if ((payload[0] & 31) == 28) {
        if (payload[1] & 0x80) {
            uint8_t type = (uint8_t)((payload[0] & 0xE0) | (payload[1] & 31));
            beginUnit(camera);
            append(camera, &type, 1);
        }
        append(camera, payload + 2, length - 2);
        if (payload[1] & 0x40) endUnit(camera);
    } else {
        beginUnit(camera);
        append(camera, payload, length);
        endUnit(camera);
    }
    if (packet[1] & 0x80) camera->frames++, framesSeen++;
}

/* Takes all whole packets, and returns the number of bytes that they have. */
static size_t split(struct camera *camera, const uint8_t *bytes, size_t count) {
    size_t index = 0;
    while (index + 4 <= count) {
        if (bytes[index] != '$') {
            fprintf(stderr, "%s sends something else than packets\n", camera->name);
            exit(1);
        }
        size_t length = (size_t)bytes[index + 2] << 8 | bytes[index + 3];
        if (index + 4 + length > count) break;
        if (bytes[index + 1] == 0) take(camera, bytes + index + 4, length);
        index += 4 + length;
    }
    return index;
}

static void sweep(struct camera *camera, bool isRecording) {
    for (;;) {
        ssize_t count = recv(camera->socket, scratch + HEAD, SCRATCH, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count <= 0) fail("recv");
        bytesSeen += (uint64_t)count;
        if (isRecording) {
            uint8_t *start = scratch + HEAD - camera->restLength;
            memcpy(start, camera->rest, camera->restLength);
            size_t all = camera->restLength + (size_t)count, done = split(camera, start, all);
            camera->restLength = all - done;
            memcpy(camera->rest, start + done, camera->restLength);
        }
        /* A short read has emptied the socket. */
        if (count < SCRATCH / 2) return;
    }
}

int main(int argc, char **argv) {
    if (argc < 5) return 64;
    bool isRecording = !strcmp(argv[1], "record");
    folder = argv[3];
    folderFile = open(folder, O_RDONLY | O_DIRECTORY);
    if (folderFile < 0) fail(folder);
    signal(SIGTERM, end);
    int count = argc - 4;
    struct camera *cameras = calloc((size_t)count, sizeof *cameras);
    if (!cameras) fail("calloc");
    for (int i = 0; i < count; i++) {
        cameras[i].name = argv[4 + i];
        cameras[i].rest = malloc(HEAD);
        cameras[i].fragment = malloc(FRAGMENT);
        cameras[i].hash = EVP_MD_CTX_new();
        cameras[i].length = HEAD;
        if (!cameras[i].rest || !cameras[i].fragment) fail("malloc");
        play(&cameras[i], atoi(argv[2]));
        /* Those that play already are not kept waiting. */
        for (int j = 0; j < i; j++) sweep(&cameras[j], isRecording);
    }
    while (!ending) {
        struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
        nanosleep(&pause, NULL);
        for (int i = 0; i < count; i++) sweep(&cameras[i], isRecording);
    }
    printf("{\"bytes\": %llu, \"frames\": %llu, \"segments\": %llu}\n", (unsigned long long)bytesSeen,
           (unsigned long long)framesSeen, (unsigned long long)segmentsMade);
    return 0;
}
