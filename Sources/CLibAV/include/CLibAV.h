#pragma once
// The door to libavformat, libavcodec, libavutil and libswscale: their headers, and C for what Swift cannot do well:
// callbacks that must not touch the Swift runtime (they run thousands of times a second), macros and variadics.
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/base64.h>
#include <libavutil/imgutils.h>
#include <libavutil/md5.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Input: what one open stream needs while libavformat blocks.

typedef struct observer_input observer_input;

/// Allocates; NULL without memory.
observer_input *_Nullable observer_input_new(void);
void observer_input_free(observer_input *_Nonnull input);
/// From any thread: every blocking call returns soon, for good.
void observer_input_stop(observer_input *_Nonnull input);
bool observer_input_is_stopped(const observer_input *_Nonnull input);
/// Sets the moment, in milliseconds from now, at which a blocking call gives up. Once passed, it stays passed.
void observer_input_set_deadline(observer_input *_Nonnull input, int64_t milliseconds);
bool observer_input_is_expired(const observer_input *_Nonnull input);
/// Whether a playlist began to count anew since the deadline was set, which brings the deadline near. Own thread only.
bool observer_input_has_restarted(const observer_input *_Nonnull input);
/// Clears stop and deadline for the teardown, which gets `milliseconds` at most.
void observer_input_begin_close(observer_input *_Nonnull input, int64_t milliseconds);
/// Whether a blocking call has to give up now.
bool observer_input_is_interrupted(observer_input *_Nonnull input);
/// Forgets everything but a stop: the next attempt begins.
void observer_input_reset(observer_input *_Nonnull input);
/// Lets `context` be interrupted by `input`.
void observer_input_attach(observer_input *_Nonnull input, AVFormatContext *_Nonnull context);
/// Until `observer_input_leave`, what the libraries log on the calling thread is attributed to `input`.
void observer_input_enter(observer_input *_Nonnull input);
void observer_input_leave(void);
/// The last line of at least "warning" that the libraries logged, as they said it: credentials too; empties it. Own thread only.
const char *_Nonnull observer_input_take_line(observer_input *_Nonnull input);

/// Settings of the process: the log callback.
void observer_av_start(void);

// Macros.

enum {
    OBSERVER_EOF = AVERROR_EOF,
    OBSERVER_INVALID_DATA = AVERROR_INVALIDDATA,
    OBSERVER_HTTP_BAD_REQUEST = AVERROR_HTTP_BAD_REQUEST,
    OBSERVER_HTTP_UNAUTHORIZED = AVERROR_HTTP_UNAUTHORIZED,
    OBSERVER_HTTP_FORBIDDEN = AVERROR_HTTP_FORBIDDEN,
    OBSERVER_HTTP_NOT_FOUND = AVERROR_HTTP_NOT_FOUND,
    OBSERVER_HTTP_OTHER_4XX = AVERROR_HTTP_OTHER_4XX,
    OBSERVER_HTTP_SERVER_ERROR = AVERROR_HTTP_SERVER_ERROR,
    OBSERVER_PROTOCOL_NOT_FOUND = AVERROR_PROTOCOL_NOT_FOUND,
};
