#define _GNU_SOURCE
#include "CLibAV.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct observer_input {
    _Atomic bool stopped;
    _Atomic bool expired;
    _Atomic bool closing;
    _Atomic int64_t deadline;
    // Own thread only.
    bool restarted;
    int log_prefix;
    char line[400];
    char taken[400];
};

// Some servers of a playlist are behind others: what they say counts unless nothing else comes.
static const int64_t restart_limit = 4000;

static int64_t milliseconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

observer_input *observer_input_new(void) {
    observer_input *input = calloc(1, sizeof *input);
    if (input) atomic_store(&input->deadline, INT64_MAX);
    return input;
}

void observer_input_free(observer_input *input) { free(input); }

void observer_input_stop(observer_input *input) { atomic_store(&input->stopped, true); }

bool observer_input_is_stopped(const observer_input *input) { return atomic_load(&input->stopped); }

void observer_input_set_deadline(observer_input *input, int64_t milliseconds) {
    atomic_store(&input->deadline, milliseconds_now() + milliseconds);
    input->restarted = false;
}

bool observer_input_has_restarted(const observer_input *input) { return input->restarted; }

bool observer_input_is_expired(const observer_input *input) { return atomic_load(&input->expired); }

void observer_input_begin_close(observer_input *input, int64_t milliseconds) {
    observer_input_set_deadline(input, milliseconds);
    atomic_store(&input->expired, false);
    atomic_store(&input->closing, true);
}

void observer_input_reset(observer_input *input) {
    atomic_store(&input->deadline, INT64_MAX);
    atomic_store(&input->expired, false);
    atomic_store(&input->closing, false);
    input->restarted = false;
    input->line[0] = 0;
}

// Runs some 2,500 times a second for each RTSP camera: no lock, no log, no Swift.
static int interrupt(void *opaque) {
    observer_input *input = opaque;
    if (!atomic_load_explicit(&input->closing, memory_order_relaxed) &&
        atomic_load_explicit(&input->stopped, memory_order_relaxed))
        return 1;
    if (atomic_load_explicit(&input->expired, memory_order_relaxed)) return 1;
    if (milliseconds_now() < atomic_load_explicit(&input->deadline, memory_order_relaxed)) return 0;
    // Latched: libavformat swallows the first interrupt of a read and would go on waiting.
    atomic_store(&input->expired, true);
    return 1;
}

bool observer_input_is_interrupted(observer_input *input) { return interrupt(input); }

void observer_input_attach(observer_input *input, AVFormatContext *context) {
    context->interrupt_callback.callback = interrupt;
    context->interrupt_callback.opaque = input;
}

// Calls. What happens on a thread between enter and leave belongs to one input.

static _Thread_local observer_input *present;

void observer_input_enter(observer_input *input) { present = input; }

void observer_input_leave(void) { present = NULL; }

// Log.

static void hear(void *context, int level, const char *format, va_list arguments) {
    observer_input *input = present;
    if (!input || level > AV_LOG_WARNING) return;
    char line[sizeof input->line];
    int whole = av_log_format_line2(context, level, format, arguments, line, sizeof line, &input->log_prefix);
    size_t length = strcspn(line, "\r\n");
    // A word that is cut short can be an address whose password does not look like one any more.
    if (whole >= (int)sizeof line)
        while (length > 0 && line[length - 1] != ' ') length--;
    if (!length) return;
    line[length] = 0;
    memcpy(input->line, line, length + 1);
    // libavformat waits until the numbers of a playlist that began anew are as high as they were.
    if (!strstr(line, "Media sequence changed unexpectedly")) return;
    observer_input_set_deadline(input, restart_limit);
    input->restarted = true;
}

const char *observer_input_take_line(observer_input *input) {
    memcpy(input->taken, input->line, sizeof input->taken);
    input->line[0] = 0;
    return input->taken;
}

void observer_av_start(void) {
    av_log_set_callback(hear);
    avformat_network_init();
}

