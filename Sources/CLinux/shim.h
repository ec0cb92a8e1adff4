#pragma once
// No _GNU_SOURCE here: this module must see the C library under the same feature macros as Swift's own Glibc module,
// or the two hold different definitions of the same types and nothing that imports both compiles. The few GNU
// functions that Sluice uses are declared below instead, as their manual pages give them.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
extern const char *strerrorname_np(int number);
extern const char *strerrordesc_np(int number);
extern char **environ;
extern long syscall(long number, ...);
extern int pthread_setname_np(pthread_t thread, const char *name);

// environ(7) is a global variable that Swift holds to be unprotected; nothing of Sluice writes to it.
static inline char **clinux_environment(void) { return environ; }

// readdir(3): d_name is an array, which Swift imports as a tuple of 256.
static inline const char *clinux_entry_name(const struct dirent *entry) { return entry->d_name; }

// sched_getaffinity(2) and CPU_COUNT hide behind _GNU_SOURCE; the system call returns how many bytes it wrote. 0 where
// it fails, or the machine has more than 8192 processors.
static inline int clinux_processors(void) {
    unsigned long mask[8192 / (8 * sizeof(unsigned long))];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long index = 0; index < bytes / (long)sizeof *mask; index++) count += __builtin_popcountl(mask[index]);
    return count;
}

// dl_iterate_phdr(3) hides behind _GNU_SOURCE with its structure, of which these are the members since its first day.
struct clinux_object {
    ElfW(Addr) address;
    const char *name;
    const ElfW(Phdr) *segments;
    ElfW(Half) count;
};
extern int clinux_each_object(int (*visit)(struct clinux_object *, size_t, void *), void *context)
    __asm__("dl_iterate_phdr");

// Whether the loader has written into segments that cannot be written to (elf(5)): no compiler of today makes these.
static inline int clinux_has_text_relocations(const struct clinux_object *object) {
    for (int index = 0; index < object->count; index++) {
        if (object->segments[index].p_type != PT_DYNAMIC) continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->address + object->segments[index].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_TEXTREL) return 1;
            if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)) return 1;
        }
    }
    return 0;
}

// "For file mappings, subsequent accesses will result in repopulating the memory contents from the up-to-date contents
// of the underlying mapped file" (madvise(2)). What could never be written to holds nothing else, but for the
// breakpoints of a debugger that was there before.
static inline int clinux_release_object(struct clinux_object *object, size_t size, void *released) {
    (void)size;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (clinux_has_text_relocations(object)) return 0;
    for (int index = 0; index < object->count; index++) {
        const ElfW(Phdr) *segment = &object->segments[index];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        size_t start = (object->address + segment->p_vaddr) / page * page;
        size_t end = (object->address + segment->p_vaddr + segment->p_memsz + page - 1) / page * page;
        if (madvise((void *)start, end - start, MADV_DONTNEED) == 0) *(size_t *)released += end - start;
    }
    return 0;
}

// Callbacks over pointers to structures: plain in C, and unsafe from end to end in Swift.
static inline long clinux_release_program(void) {
    size_t released = 0;
    clinux_each_object(clinux_release_object, &released);
    return (long)released;
}

// errno is a macro that Swift cannot import.
static inline int clinux_errno(void) { return errno; }

// accept4(2), with the two flags that every accepted descriptor wants; their enum has no Swift spelling as int.
static inline int clinux_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// socket(2) and socketpair(2) likewise: always close-on-exec, non-blocking where asked for.
static inline int clinux_socket(int family, int type, int blocks) {
    return socket(family, type | SOCK_CLOEXEC | (blocks ? 0 : SOCK_NONBLOCK), 0);
}
static inline int clinux_socketpair(int family, int type, int blocks, int pair[2]) {
    return socketpair(family, type | SOCK_CLOEXEC | (blocks ? 0 : SOCK_NONBLOCK), 0, pair);
}
static const int clinux_sock_stream = SOCK_STREAM;
static const int clinux_sock_dgram = SOCK_DGRAM;
static const int clinux_shut_wr = SHUT_WR;

// send(2): a closed peer is an errno, never a signal.
static inline ssize_t clinux_send(int descriptor, const void *bytes, size_t count, int more) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
}

// sendmsg(2) of two pieces: writev(2) that raises no signal. Here because a pointer to a local array of iovec has no
// allocation-free spelling in Swift.
static inline ssize_t clinux_send2(
    int descriptor, const void *first, size_t first_count, const void *second, size_t second_count) {
    struct iovec pieces[2] = {{(void *)first, first_count}, {(void *)second, second_count}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

// open(2) and fcntl(2) are variadic, which Swift does not import.
static inline int clinux_open(const char *path, int flags, mode_t mode) {
    return open(path, flags | O_CLOEXEC, mode);
}
static inline int clinux_set_blocking(int descriptor, int blocks) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return -1;
    return fcntl(descriptor, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}
static inline int clinux_set_inherited(int descriptor) { return fcntl(descriptor, F_SETFD, 0); }
static inline int clinux_duplicate(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, 0); }

// O_TMPFILE hides behind _GNU_SOURCE; __O_TMPFILE is the same value.
static const int clinux_o_tmpfile = __O_TMPFILE;

// eventfd(2) and signalfd(2) flags are enums without a Swift spelling as int.
static inline int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline int clinux_signalfd(const sigset_t *set) { return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK); }

// signal(2)'s SIG_IGN is a cast of an integer to a function pointer.
static inline void clinux_ignore_signal(int number) { signal(number, SIG_IGN); }

// RLIMIT_NOFILE is an enum of one type and getrlimit(2)'s parameter another in Swift's eyes.
static inline int clinux_get_open_files(struct rlimit *limit) { return getrlimit(RLIMIT_NOFILE, limit); }
static inline int clinux_set_open_files(const struct rlimit *limit) { return setrlimit(RLIMIT_NOFILE, limit); }

static const int clinux_epoll_cloexec = EPOLL_CLOEXEC;

// epoll_ctl(2) with the event built here: `epoll_event` is packed on x86-64 and its data is a union.
static inline int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}
// File systems whose files live in memory (statfs(2)): TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h.
static inline int clinux_is_memory_file_system(const struct statfs *status) {
    return status->f_type == 0x01021994 || (unsigned long)status->f_type == 0x858458f6;
}
