#pragma once
// The door to libavformat, libavcodec, libavutil and libswscale.
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
