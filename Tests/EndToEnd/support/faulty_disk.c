// A disk that fails when it is told to, and forgets what was not synced: loaded before libc (LD_PRELOAD), for the files
// whose path begins with $FAULTY_DISK_PATH.
//
// What is on the "platter" is kept beside each file, in FILE.platter: a page gets there when a sync succeeds after it was
// written. A sync that fails writes every other page, forgets that any was dirty, and the next one succeeds without them,
// as Linux does. So after the process is killed, the platters are what a power loss would have left.
//
// $FAULTY_DISK_RULES is a file of lines `ID OPERATION SUFFIX ERRNO SKIP COUNT PARITY`, read at each call: after SKIP
// calls of OPERATION (`sync`, `write`) on files that end in SUFFIX (`-` for the database itself), the next COUNT (-1:
// all) fail with ERRNO; of a sync, pages of that parity reach the platter. Each failure is told by a line in
// $FAULTY_DISK_RULES.hits.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, FILES = 64, PAGES = 1 << 16, RULES = 64 };

struct file {
    char path[512];
    int platter;
    unsigned char dirty[PAGES / 8];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files[FILES];
static int hits[RULES];

static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_ftruncate64)(int, off64_t);

__attribute__((constructor)) static void load(void) {
    real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
}

static void settle(struct file *file, int descriptor, int parity);

// The file that a descriptor belongs to; NULL for one that is not looked after.
static struct file *file_of(int descriptor) {
    const char *prefix = getenv("FAULTY_DISK_PATH");
    char link[64], path[512];
    if (!prefix) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t count = readlink(link, path, sizeof path - 1);
    if (count < 0) return NULL;
    path[count] = 0;
    const char *rest = path + strlen(prefix);
    // A copy of it grows under another name, too.
    if (strncmp(path, prefix, strlen(prefix))) return NULL;
    if (*rest && strcmp(rest, "-wal") && (strncmp(rest, ".partial-", 9) || strchr(rest + 9, 0x2D))) return NULL;
    for (int index = 0; index < FILES; index++) {
        if (!files[index]) {
            char platter[600];
            files[index] = calloc(1, sizeof *files[index]);
            strcpy(files[index]->path, path);
            snprintf(platter, sizeof platter, "%s.platter", path);
            files[index]->platter = open(platter, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
            // What was there before is on the platter.
            memset(files[index]->dirty, 0xFF, sizeof files[index]->dirty);
            settle(files[index], descriptor, -1);
            return files[index];
        }
        if (!strcmp(files[index]->path, path)) return files[index];
    }
    abort();
}

// The errno that the call is to fail with; 0: none.
static int fault(struct file *file, const char *operation, int *parity) {
    const char *rules = getenv("FAULTY_DISK_RULES");
    FILE *stream = rules ? fopen(rules, "re") : NULL;
    int id, number, skip, count, found = 0;
    char what[16], suffix[32];
    if (!stream) return 0;
    while (!found && fscanf(stream, "%d %15s %31s %d %d %d %d", &id, what, suffix, &number, &skip, &count, parity) == 7) {
        int is_log = strlen(file->path) > 4 && !strcmp(file->path + strlen(file->path) - 4, "-wal");
        if (strcmp(what, operation) || is_log != !strcmp(suffix, "-wal")) continue;
        if (hits[id]++ < skip || (count >= 0 && hits[id] > skip + count)) continue;
        found = number;
        char name[600];
        snprintf(name, sizeof name, "%s.hits", rules);
        int told = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (told >= 0) {
            dprintf(told, "%d\n", id);
            close(told);
        }
    }
    fclose(stream);
    return found;
}

// Brings dirty pages to the platter: all, or those of one parity; none is dirty afterwards.
static void settle(struct file *file, int descriptor, int parity) {
    char page[PAGE];
    for (long index = 0; index < PAGES; index++) {
        if (!(file->dirty[index / 8] & 1 << index % 8)) continue;
        if (parity >= 0 && index % 2 != parity) continue;
        // The descriptor may be for writing only: by its path, then.
        ssize_t count = pread64(descriptor, page, PAGE, (off64_t)index * PAGE);
        if (count > 0 && real_pwrite64(file->platter, page, count, (off64_t)index * PAGE) != count) abort();
    }
    memset(file->dirty, 0, sizeof file->dirty);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    pthread_mutex_lock(&lock);
    int parity, number = 0;
    struct file *file = file_of(descriptor);
    if (file) number = fault(file, "write", &parity);
    ssize_t written = -1;
    if (number) errno = number;
    else written = real_pwrite64(descriptor, bytes, count, offset);
    if (file && written > 0)
        for (long index = offset / PAGE; index <= (offset + written - 1) / PAGE; index++) {
            if (index >= PAGES) abort();
            file->dirty[index / 8] |= 1 << index % 8;
        }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return written;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite64(descriptor, bytes, count, offset);
}

static int synchronise(int descriptor, int (*real)(int)) {
    pthread_mutex_lock(&lock);
    int parity = 0, result = 0, number = 0;
    struct file *file = file_of(descriptor);
    if (!file) {
        result = real(descriptor);
    } else if ((number = fault(file, "sync", &parity))) {
        settle(file, descriptor, parity);
        result = -1;
        errno = number;
    } else if (!(result = real(descriptor))) {
        settle(file, descriptor, -1);
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}

int fdatasync(int descriptor) { return synchronise(descriptor, real_fdatasync); }
int fsync(int descriptor) { return synchronise(descriptor, real_fsync); }

int ftruncate64(int descriptor, off64_t length) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(descriptor);
    int result = real_ftruncate64(descriptor, length);
    // A file system may make this durable at any time: at once is the worst case.
    if (file && !result && real_ftruncate64(file->platter, length)) abort();
    if (file && !result)
        for (long index = (length + PAGE - 1) / PAGE; index < PAGES; index++) file->dirty[index / 8] &= ~(1 << index % 8);
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }
