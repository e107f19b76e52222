/* A disk that fails when it is told to: calls that touch the files of one folder fail with an error number.
 *
 * Loaded into Observer's programs with LD_PRELOAD. OBSERVER_TEST_DISK_FOLDER names the folder, OBSERVER_TEST_DISK_CONTROL a file with two
 * integers that the tests change meanwhile: the error number, and a bit for each kind of call that fails with it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE = 2, SYNC_FILE = 4, SYNC_FOLDER = 8, RENAME = 16, REMOVE = 32, READ = 64, CREATE = 128 };

static const volatile int *control;
static const char *folder = "";

__attribute__((constructor)) static void begin(void) {
    static const int calm[2] = {0, 0};
    const char *name = getenv("OBSERVER_TEST_DISK_CONTROL"), *wanted = getenv("OBSERVER_TEST_DISK_FOLDER");
    control = calm;
    if (name == NULL || wanted == NULL) return;
    folder = wanted;
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *page = mmap(NULL, sizeof(int[2]), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) control = page;
    close(file);
}

static int is_inside(const char *path) {
    size_t length = strlen(folder);
    return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* True, with errno set, if a call of this kind fails for this path now. */
static int fails(int kind, const char *path) {
    if (control == NULL || !(control[1] & kind) || !is_inside(path)) return 0;
    errno = control[0];
    return 1;
}

static int fails_for(int kind, int file) {
    if (control == NULL || !(control[1] & kind)) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(kind, path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int open_kind(int flags) {
    return (flags & O_CREAT) ? OPEN | CREATE : ((flags & O_ACCMODE) == O_RDONLY ? READ : OPEN);
}

#define OPENER(name)                                                      \
    int name(const char *path, int flags, ...) {                          \
        va_list rest;                                                     \
        va_start(rest, flags);                                            \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;         \
        va_end(rest);                                                     \
        if (!(flags & O_DIRECTORY) && fails(open_kind(flags), path)) return -1; \
        return NEXT(name)(path, flags, mode);                             \
    }
OPENER(open)
OPENER(open64)

ssize_t read(int file, void *bytes, size_t count) {
    return fails_for(READ, file) ? -1 : NEXT(read)(file, bytes, count);
}

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
    return fails_for(READ, file) ? -1 : NEXT(pread)(file, bytes, count, offset);
}

ssize_t pread64(int file, void *bytes, size_t count, off64_t offset) {
    return fails_for(READ, file) ? -1 : NEXT(pread64)(file, bytes, count, offset);
}

ssize_t write(int file, const void *bytes, size_t count) {
    return fails_for(WRITE, file) ? -1 : NEXT(write)(file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    return fails_for(WRITE, file) ? -1 : NEXT(writev)(file, parts, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return fails_for(WRITE, file) ? -1 : NEXT(pwrite)(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return fails_for(WRITE, file) ? -1 : NEXT(pwrite64)(file, bytes, count, offset);
}

int truncate(const char *path, off_t length) { return fails(WRITE, path) ? -1 : NEXT(truncate)(path, length); }

int truncate64(const char *path, off64_t length) { return fails(WRITE, path) ? -1 : NEXT(truncate64)(path, length); }

int fdatasync(int file) { return fails_for(SYNC_FILE, file) ? -1 : NEXT(fdatasync)(file); }

int fsync(int file) {
    struct stat facts;
    int kind = fstat(file, &facts) == 0 && S_ISDIR(facts.st_mode) ? SYNC_FOLDER : SYNC_FILE;
    return fails_for(kind, file) ? -1 : NEXT(fsync)(file);
}

int rename(const char *from, const char *to) { return fails(RENAME, from) ? -1 : NEXT(rename)(from, to); }

int unlink(const char *path) { return fails(REMOVE, path) ? -1 : NEXT(unlink)(path); }
