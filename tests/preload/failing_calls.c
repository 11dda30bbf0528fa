/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failing_calls.c -- For LD_PRELOAD: a kind of system call fails, from one call
 * of it on, so many times. FAILING_CALLS names a file of struct failing, which
 * the test writes before and reads afterwards: how often each kind was called.
 *
 * Only files are touched by `open` and what writes; a socket or a log is no disk.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* As tests/system/failing.py has them. */
enum kind {
	KIND_OPEN,
	KIND_SOCKET,
	KIND_EVENTS,
	KIND_WRITE,
	KIND_SYNC,
	KIND_NAMES,
	KIND_THREAD,
	KIND_COUNT
};

struct failing {
	int64_t kind;
	int64_t error;
	int64_t from; /* the first call of the kind that fails, from 1; 0: none */
	int64_t times;
	_Atomic int64_t calls[KIND_COUNT];
};

static struct failing *failing;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAILING_CALLS");
	int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *shared = mmap(NULL, sizeof *failing, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	unsetenv("LD_PRELOAD"); /* children are not meant */
	if (shared != MAP_FAILED)
		failing = shared;
}

/* True: this call is to fail, and errno says with what. */
static int fails(enum kind kind)
{
	if (!failing)
		return 0;
	int64_t call = atomic_fetch_add(&failing->calls[kind], 1) + 1;
	if (failing->kind != kind || failing->from == 0 || call < failing->from ||
		call >= failing->from + failing->times)
		return 0;
	errno = (int)failing->error;
	return 1;
}

static int is_file(int fd)
{
	struct stat what;
	return fd > STDERR_FILENO && syscall(SYS_fstat, fd, &what) == 0 && S_ISREG(what.st_mode);
}

/* The next one's, behind this library. */
#define REAL(name, type)                              \
	static type real;                             \
	if (!real) {                                  \
		void *found = dlsym(RTLD_NEXT, name); \
		memcpy(&real, &found, sizeof real);   \
	}

/* ---- files ---- */

static mode_t mode_of(int flags, va_list rest)
{
	return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                                                               \
	int name(const char *path, int flags, ...)                                               \
	{                                                                                        \
		va_list rest;                                                                    \
		va_start(rest, flags);                                                           \
		mode_t mode = mode_of(flags, rest);                                              \
		va_end(rest);                                                                    \
		return fails(KIND_OPEN) ? -1                                                     \
					: (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                           \
	int name(int folder, const char *path, int flags, ...)                                 \
	{                                                                                      \
		va_list rest;                                                                  \
		va_start(rest, flags);                                                         \
		mode_t mode = mode_of(flags, rest);                                            \
		va_end(rest);                                                                  \
		return fails(KIND_OPEN) ? -1                                                   \
					: (int)syscall(SYS_openat, folder, path, flags, mode); \
	}
OPENAT(openat)
OPENAT(openat64)

typedef FILE *fopen_type(const char *, const char *);
#define FOPEN(name)                                                \
	FILE *name(const char *path, const char *mode)             \
	{                                                          \
		REAL(#name, fopen_type *)                          \
		return fails(KIND_OPEN) ? NULL : real(path, mode); \
	}
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int fd, const void *bytes, size_t size)
{
	return is_file(fd) && fails(KIND_WRITE) ? -1 : syscall(SYS_write, fd, bytes, size);
}

#define PWRITE(name)                                                         \
	ssize_t name(int fd, const void *bytes, size_t size, off_t at)       \
	{                                                                    \
		return is_file(fd) && fails(KIND_WRITE)                      \
			       ? -1                                          \
			       : syscall(SYS_pwrite64, fd, bytes, size, at); \
	}
PWRITE(pwrite)
PWRITE(pwrite64)

#define TRUNCATE(name)                                                                 \
	int name(int fd, off_t size)                                                   \
	{                                                                              \
		return fails(KIND_WRITE) ? -1 : (int)syscall(SYS_ftruncate, fd, size); \
	}
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

int fsync(int fd)
{
	return fails(KIND_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return fails(KIND_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
	return fails(KIND_NAMES) ? -1 : (int)syscall(SYS_rename, from, to);
}

int unlink(const char *path)
{
	return fails(KIND_NAMES) ? -1 : (int)syscall(SYS_unlink, path);
}

int mkdir(const char *path, mode_t mode)
{
	return fails(KIND_NAMES) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

/* ---- sockets, events, threads ---- */

int socket(int family, int type, int protocol)
{
	return fails(KIND_SOCKET) ? -1 : (int)syscall(SYS_socket, family, type, protocol);
}

int socketpair(int family, int type, int protocol, int pair[2])
{
	return fails(KIND_SOCKET) ? -1 : (int)syscall(SYS_socketpair, family, type, protocol, pair);
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
	return fails(KIND_SOCKET) ? -1 : (int)syscall(SYS_accept4, fd, address, length, 0);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	return fails(KIND_SOCKET) ? -1 : (int)syscall(SYS_accept4, fd, address, length, flags);
}

int pipe2(int pair[2], int flags)
{
	return fails(KIND_EVENTS) ? -1 : (int)syscall(SYS_pipe2, pair, flags);
}

int pipe(int pair[2])
{
	return pipe2(pair, 0);
}

int eventfd(unsigned initial, int flags)
{
	return fails(KIND_EVENTS) ? -1 : (int)syscall(SYS_eventfd2, initial, flags);
}

int timerfd_create(int clock, int flags)
{
	return fails(KIND_EVENTS) ? -1 : (int)syscall(SYS_timerfd_create, clock, flags);
}

int epoll_create1(int flags)
{
	return fails(KIND_EVENTS) ? -1 : (int)syscall(SYS_epoll_create1, flags);
}

typedef int signalfd_type(int, const sigset_t *, int);
int signalfd(int fd, const sigset_t *mask, int flags)
{
	REAL("signalfd", signalfd_type *)
	return fails(KIND_EVENTS) ? -1 : real(fd, mask, flags);
}

typedef int create_type(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int pthread_create(pthread_t *restrict ret_thread, const pthread_attr_t *restrict attributes,
	void *(*run)(void *), void *restrict context)
{
	REAL("pthread_create", create_type *)
	return fails(KIND_THREAD) ? EAGAIN : real(ret_thread, attributes, run, context);
}
