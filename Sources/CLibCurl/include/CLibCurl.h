#pragma once
// The door to libcurl.
#define CURL_STRICTER 1
#include <curl/curl.h>
