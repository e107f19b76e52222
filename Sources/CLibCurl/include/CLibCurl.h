#pragma once
// The door to libcurl: its header, and shims for variadic functions. CURL_STRICTER makes the handles typed pointers instead
// of void *.
#define CURL_STRICTER 1
#include <curl/curl.h>
#include <stdio.h>

// curl_easy_setopt is variadic, which Swift cannot call: one shim for each type of option.
static inline CURLcode observer_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode observer_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode observer_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode observer_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode observer_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

// The type of CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION and CURLOPT_READFUNCTION.
typedef size_t (*observer_curl_transferrer)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode observer_curl_set_transferrer(CURL *handle, CURLoption option, observer_curl_transferrer value) {
    return curl_easy_setopt(handle, option, value);
}

// The type of CURLOPT_SEEKFUNCTION.
typedef int (*observer_curl_seeker)(void *context, curl_off_t offset, int origin);

static inline CURLcode observer_curl_set_seeker(CURL *handle, CURLoption option, observer_curl_seeker value) {
    return curl_easy_setopt(handle, option, value);
}

// The type of CURLOPT_SOCKOPTFUNCTION.
typedef int (*observer_curl_socket_setter)(void *context, curl_socket_t socket, curlsocktype purpose);

static inline CURLcode observer_curl_set_socket_setter(CURL *handle, observer_curl_socket_setter value) {
    return curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, value);
}

// curl_easy_getinfo and curl_multi_setopt are variadic as well.
static inline CURLcode observer_curl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode observer_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode observer_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
