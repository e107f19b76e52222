#define _GNU_SOURCE
#include "CLibAV.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

observer_link *observer_link_new(int file, observer_input *input) {
    observer_link *link = calloc(1, sizeof *link);
    if (!link) return NULL;
    link->file = file;
    link->input = input;
    return link;
}

void observer_link_free(observer_link *link) {
    if (link->file >= 0) close(link->file);
    free(link);
}

// Waits for at most 100 ms, so that a stop is noticed; whether it is time is for the caller to find out.
static int wait_a_little(observer_link *link, short events) {
    if (observer_input_is_interrupted(link->input)) return AVERROR_EXIT;
    struct pollfd poller = {.fd = link->file, .events = events};
    int result = poll(&poller, 1, 100);
    return result < 0 && errno != EINTR ? AVERROR(errno) : result > 0;
}

int observer_link_await_writable(observer_link *link) {
    int result = 0;
    while (result == 0) result = wait_a_little(link, POLLOUT);
    return result < 0 ? result : 0;
}

void observer_link_gather(observer_link *link) {
    int bytes = 32768;
    // A system that does not know it wakes the thread more often, no more.
    setsockopt(link->file, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

int observer_link_fill(observer_link *link) {
    if (link->start > 0) {
        memmove(link->buffer, link->buffer + link->start, link->end - link->start);
        link->end -= link->start;
        link->start = 0;
    }
    if (link->end == sizeof link->buffer) return AVERROR_INVALIDDATA;
    for (;;) {
        // First without asking: at the pace of a camera there is mostly something, and a wait is a second system call.
        ssize_t count = recv(link->file, link->buffer + link->end, sizeof link->buffer - link->end, MSG_DONTWAIT);
        if (count > 0) {
            link->end += (size_t)count;
            return 0;
        }
        if (count == 0) return AVERROR_EOF;
        if (errno != EAGAIN && errno != EINTR) return AVERROR(errno);
        // When the time is over there may be something, but less than is worth a call (observer_link_gather).
        int result = wait_a_little(link, POLLIN);
        if (result < 0) return result;
    }
}

int observer_link_send(observer_link *link, const uint8_t *bytes, int count) {
    while (count > 0) {
        ssize_t sent = send(link->file, bytes, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return AVERROR(errno);
        if (sent < 0) {
            int result = observer_link_await_writable(link);
            if (result < 0) return result;
            continue;
        }
        bytes += sent;
        count -= (int)sent;
    }
    return 0;
}

// The length of the answer that begins the buffer (RFC 2326, 4); 0 if it is not whole yet, negative if the bytes are not an answer.
long observer_link_answer(const observer_link *link) {
    const char *text = (const char *)link->buffer + link->start;
    size_t size = link->end - link->start;
    if (size < 5) return 0;
    if (memcmp(text, "RTSP/", 5)) return -1;
    const char *end = memmem(text, size, "\r\n\r\n", 4);
    if (!end) return size > 16384 ? -1 : 0;
    size_t head = (size_t)(end - text) + 4;
    long body = 0;
    for (const char *line = text; line < end; line = (const char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1) {
        if (strncasecmp(line, "Content-Length:", 15)) continue;
        // Not strtol: it would pass over the line's end, and the buffer has no zero at its own.
        const char *digit = line + 15;
        while (*digit == ' ' || *digit == '\t') digit++;
        for (body = 0; *digit >= '0' && *digit <= '9' && body <= 65536; digit++) body = body * 10 + (*digit - '0');
    }
    if (body > 65536) return -1;
    return size < head + (size_t)body ? 0 : (long)(head + (size_t)body);
}

// Hands out one RTP or RTCP packet at a time from what large reads brought.
static int read_packet(void *opaque, uint8_t *out, int capacity) {
    observer_link *link = opaque;
    for (;;) {
        size_t size = link->end - link->start;
        const uint8_t *bytes = link->buffer + link->start;
        if (size >= 4 && bytes[0] == '$') {
            size_t length = (size_t)bytes[2] << 8 | bytes[3];
            if (size >= length + 4) {
                link->start += length + 4;
                // Only the track that was asked for; the empty packets of some cameras mean nothing.
                if (bytes[1] > 1 || length < 8) continue;
                if (length > (size_t)capacity) return AVERROR_INVALIDDATA;
                memcpy(out, bytes + 4, length);
                return (int)length;
            }
        } else if (size >= 5) {
            long answer = observer_link_answer(link);
            if (answer < 0) return AVERROR_INVALIDDATA;
            if (answer > 0) {
                link->start += (size_t)answer;
                continue;
            }
        }
        int result = observer_link_fill(link);
        if (result < 0) return result;
    }
}

// Receiver reports, which some cameras take as a sign of life.
static int write_packet(void *opaque, uint8_t *bytes, int count) {
    observer_link *link = opaque;
    uint8_t frame[2048];
    if (count <= 0 || count > (int)sizeof frame - 4) return count;
    frame[0] = '$';
    frame[1] = 1;
    frame[2] = (uint8_t)(count >> 8);
    frame[3] = (uint8_t)count;
    memcpy(frame + 4, bytes, (size_t)count);
    int result = observer_link_send(link, frame, count + 4);
    return result < 0 ? result : count;
}

AVIOContext *observer_link_open(observer_link *link) {
    const int size = 4096;
    uint8_t *buffer = av_malloc(size);
    // Open for writing as well: then libavformat's RTP reads come straight to `read_packet`, one packet each.
    AVIOContext *io = buffer ? avio_alloc_context(buffer, size, 1, link, read_packet, write_packet, NULL) : NULL;
    if (!io) {
        av_free(buffer);
        return NULL;
    }
    io->seekable = 0;
    io->direct = 1;
    return io;
}

// A text that is read once.
struct text {
    const uint8_t *bytes;
    size_t size, at;
};

static int read_text(void *opaque, uint8_t *out, int capacity) {
    struct text *text = opaque;
    size_t count = text->size - text->at;
    if (count > (size_t)capacity) count = (size_t)capacity;
    if (!count) return AVERROR_EOF;
    memcpy(out, text->bytes + text->at, count);
    text->at += count;
    return (int)count;
}

int observer_open_description(AVFormatContext **context, const uint8_t *bytes, size_t size, AVDictionary **options) {
    struct text text = {bytes, size, 0};
    uint8_t *buffer = av_malloc(16384);
    AVIOContext *io = buffer ? avio_alloc_context(buffer, 16384, 0, &text, read_text, NULL, NULL) : NULL;
    if (!io) {
        av_free(buffer);
        avformat_free_context(*context);
        *context = NULL;
        return AVERROR(ENOMEM);
    }
    (*context)->pb = io;
    (*context)->flags |= AVFMT_FLAG_CUSTOM_IO;
    int result = avformat_open_input(context, "", av_find_input_format("sdp"), options);
    if (*context) (*context)->pb = NULL;
    observer_io_close(&io);
    return result;
}
