/* A library to preload into a server: lets calls fail that go to the files of its store and its
 * audit log, and takes note of what was written and is not synchronized yet, which a loss of power
 * could tear.
 *
 * FAULTS_CONTROL names a file that holds a `struct control`; whoever maps it, too, switches the
 * faults on and off while the server runs (`faults.py`). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { STORE = 1, AUDIT = 2 };
enum {
    WRITE_ENOSPC = 1, /* nothing is written */
    WRITE_EIO = 2,
    WRITE_SHORT = 4,  /* a part is written, and that is what the caller is told */
    WRITE_TORN = 8,   /* a part is written, and the caller is told that nothing was */
    SYNC_EIO = 16,
    TRUNCATE_EIO = 32,
    READ_EIO = 64,
    CREATE_ENOSPC = 128,
};
enum { KINDS = 8, FILES = 32, RANGES = 2048, DESCRIPTORS = 4096 };

struct file {
    char name[248];
    uint32_t ranges, overflow;
    struct {
        uint64_t offset, length;
    } unsynced[RANGES];
};

struct control {
    uint32_t on, kinds, targets;
    uint32_t rate;  /* of 65536 calls that could fail */
    uint32_t skip;  /* calls that go well first */
    uint32_t times; /* how many calls fail at most */
    uint64_t random;
    uint32_t injected[KINDS];
    struct file files[FILES];
};

static struct control *control;
static struct {
    int file, target;
} descriptors[DESCRIPTORS]; /* file: from 1, or 0 for none of ours */
static int users[FILES]; /* how many descriptors each file has */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, type, ...)                              \
    static type (*real)(__VA_ARGS__);                      \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_CONTROL");
    if (!path) return;
    REAL("open64", int, const char *, int, ...);
    int file = real(path, O_RDWR);
    if (file < 0) abort();
    void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) abort();
    close(file);
    control = map;
}

static uint32_t number(void) {
    control->random ^= control->random << 13;
    control->random ^= control->random >> 7;
    control->random ^= control->random << 17;
    return control->random >> 20;
}

static int target_of(const char *name) {
    const char *last = strrchr(name, '/');
    last = last ? last + 1 : name;
    return !strncmp(last, "trent.db", 8) ? STORE : !strncmp(last, "audit-", 6) ? AUDIT : 0;
}

/* The fault of a call to a target, one of `kinds`, or 0. The lock is held. */
static uint32_t fault(int target, uint32_t kinds) {
    kinds &= control->kinds;
    if (!control->on || !kinds || !(control->targets & target) || !control->times) return 0;
    if (control->skip) {
        control->skip--;
        return 0;
    }
    if ((number() & 0xffff) >= control->rate) return 0;
    control->times--;
    uint32_t kind;
    do kind = number() % KINDS;
    while (!(kinds & 1u << kind));
    control->injected[kind]++;
    return 1u << kind;
}

static struct file *file_of(int descriptor) {
    int known = control && descriptor >= 0 && descriptor < DESCRIPTORS;
    known = known ? descriptors[descriptor].file : 0;
    return known ? &control->files[known - 1] : NULL;
}

/* The place of a file: its own, or one that nobody needs any more. The lock is held. */
static int place(const char *name) {
    int found = -1;
    for (int i = 0; i < FILES; i++) {
        struct file *file = &control->files[i];
        if (!strcmp(file->name, name)) return i;
        if (found < 0 && !users[i] && !file->ranges) found = i;
    }
    if (found < 0) abort();
    memset(&control->files[found], 0, sizeof control->files[found]);
    strncpy(control->files[found].name, name, sizeof control->files[found].name - 1);
    return found;
}

static void opened(int descriptor, const char *name) {
    int target = target_of(name);
    if (!target || descriptor < 0) return;
    if (descriptor >= DESCRIPTORS) abort();
    pthread_mutex_lock(&lock);
    int found = place(name);
    users[found]++;
    descriptors[descriptor].file = found + 1;
    descriptors[descriptor].target = target;
    pthread_mutex_unlock(&lock);
}

static int open_any(int (*real)(const char *, int, ...), const char *name, int flags, mode_t mode) {
    if (control && (flags & O_CREAT) && target_of(name) && access(name, F_OK)) {
        pthread_mutex_lock(&lock);
        uint32_t kind = fault(target_of(name), CREATE_ENOSPC);
        pthread_mutex_unlock(&lock);
        if (kind) {
            errno = ENOSPC;
            return -1;
        }
    }
    int descriptor = real(name, flags, mode);
    if (control) opened(descriptor, name);
    return descriptor;
}

#define OPEN(name)                                        \
    int name(const char *path, int flags, ...) {          \
        REAL(#name, int, const char *, int, ...);         \
        va_list rest;                                     \
        va_start(rest, flags);                            \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                     \
        return open_any(real, path, flags, mode);         \
    }
OPEN(open)
OPEN(open64)

int close(int descriptor) {
    REAL("close", int, int);
    if (file_of(descriptor)) {
        pthread_mutex_lock(&lock);
        users[descriptors[descriptor].file - 1]--;
        descriptors[descriptor].file = 0;
        pthread_mutex_unlock(&lock);
    }
    return real(descriptor);
}

static void wrote(struct file *file, uint64_t offset, uint64_t length) {
    uint32_t last = file->ranges;
    if (last && file->unsynced[last - 1].offset + file->unsynced[last - 1].length == offset)
        file->unsynced[last - 1].length += length;
    else if (last == RANGES)
        file->overflow = 1;
    else {
        file->unsynced[last].offset = offset;
        file->unsynced[last].length = length;
        file->ranges++;
    }
}

static ssize_t write_at(int descriptor, const void *bytes, size_t count, off64_t offset) {
    REAL("pwrite64", ssize_t, int, const void *, size_t, off64_t);
    return real(descriptor, bytes, count, offset);
}

static ssize_t write_on(int descriptor, const void *bytes, size_t count) {
    REAL("write", ssize_t, int, const void *, size_t);
    return real(descriptor, bytes, count);
}

/* Writes at an offset, or where the file stands if that is negative. */
static ssize_t write_any(int descriptor, const void *bytes, size_t count, off64_t offset) {
    struct file *file = file_of(descriptor);
    if (!file && offset < 0) return write_on(descriptor, bytes, count);
    if (!file) return write_at(descriptor, bytes, count, offset);
    pthread_mutex_lock(&lock);
    uint32_t kinds = WRITE_ENOSPC | WRITE_EIO | (count > 1 ? WRITE_SHORT | WRITE_TORN : 0);
    uint32_t kind = fault(descriptors[descriptor].target, kinds);
    ssize_t written = -1;
    if (kind & (WRITE_SHORT | WRITE_TORN)) count = 1 + number() % (count - 1);
    if (!(kind & (WRITE_ENOSPC | WRITE_EIO))) {
        off64_t start = offset < 0 ? lseek64(descriptor, 0, SEEK_CUR) : offset;
        if (offset < 0) written = write_on(descriptor, bytes, count);
        else written = write_at(descriptor, bytes, count, offset);
        if (written > 0) wrote(file, start, written);
    }
    pthread_mutex_unlock(&lock);
    if (kind && kind != WRITE_SHORT) {
        errno = kind & WRITE_EIO ? EIO : ENOSPC;
        return -1;
    }
    return written;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    return write_any(descriptor, bytes, count, -1);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    return write_any(descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return write_any(descriptor, bytes, count, offset);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL("writev", ssize_t, int, const struct iovec *, int);
    /* A part of it may be written. */
    if (file_of(descriptor) && count > 0)
        return write_any(descriptor, parts[0].iov_base, parts[0].iov_len, -1);
    return real(descriptor, parts, count);
}

static ssize_t may_read(int descriptor) {
    struct file *file = file_of(descriptor);
    if (!file) return 1;
    pthread_mutex_lock(&lock);
    uint32_t kind = fault(descriptors[descriptor].target, READ_EIO);
    pthread_mutex_unlock(&lock);
    if (kind) errno = EIO;
    return !kind;
}

ssize_t read(int descriptor, void *bytes, size_t count) {
    REAL("read", ssize_t, int, void *, size_t);
    return may_read(descriptor) ? real(descriptor, bytes, count) : -1;
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
    REAL("pread64", ssize_t, int, void *, size_t, off64_t);
    return may_read(descriptor) ? real(descriptor, bytes, count, offset) : -1;
}

static int sync_any(int (*real)(int), int descriptor) {
    struct file *file = file_of(descriptor);
    if (!file) return real(descriptor);
    pthread_mutex_lock(&lock);
    int failed = fault(descriptors[descriptor].target, SYNC_EIO) || real(descriptor);
    if (!failed) file->ranges = file->overflow = 0;
    pthread_mutex_unlock(&lock);
    if (failed) errno = EIO;
    return failed ? -1 : 0;
}

int fsync(int descriptor) {
    REAL("fsync", int, int);
    return sync_any(real, descriptor);
}

int fdatasync(int descriptor) {
    REAL("fdatasync", int, int);
    return sync_any(real, descriptor);
}

static int truncate_any(int (*real)(int, off64_t), int descriptor, off64_t length) {
    struct file *file = file_of(descriptor);
    if (!file) return real(descriptor, length);
    pthread_mutex_lock(&lock);
    uint32_t kind = fault(descriptors[descriptor].target, TRUNCATE_EIO);
    pthread_mutex_unlock(&lock);
    if (kind) errno = EIO;
    return kind ? -1 : real(descriptor, length);
}

int ftruncate64(int descriptor, off64_t length) {
    REAL("ftruncate64", int, int, off64_t);
    return truncate_any(real, descriptor, length);
}

int ftruncate(int descriptor, off_t length) {
    REAL("ftruncate64", int, int, off64_t);
    return truncate_any(real, descriptor, length);
}
