/*
 * fault - makes the n-th call of one library function fail, by LD_PRELOAD.  Compiled by tests/tests/module_host.rs.
 *
 * fault_arm(FUNCTION, n, errno) arms it in this process; n = 0 disarms.  fault_fired() says whether the n-th call came.
 * fault_leap(seconds) puts the monotonic clock forward.
 * Only calls from the object whose name holds FAULT_IN (an environment variable; absent: any) are counted and fail, so that
 * what is tried is that object, and not how libc or libpam bear their own failures.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <shadow.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum function {
	NONE, MALLOC, CALLOC, REALLOC, SOCKET, SETSOCKOPT, GETSOCKOPT, CONNECT, SEND, RECV, POLL, OPEN, READ, CLOCK_GETTIME,
	FCNTL, GETSPNAM_R, GETRANDOM, PREAD, PWRITE, FDATASYNC, FLOCK, FSTAT, LSTAT, GETPWNAM, FUNCTIONS
};

static const char *names[FUNCTIONS] = {
	"", "malloc", "calloc", "realloc", "socket", "setsockopt", "getsockopt", "connect", "send", "recv", "poll", "open", "read",
	"clock_gettime", "fcntl", "getspnam_r", "getrandom", "pread", "pwrite", "fdatasync", "flock", "fstat", "lstat",
	"pam_modutil_getpwnam"
};

static enum function armed;
static int left, error, came;

int fault_arm(const char *name, int n, int with)
{
	for (int f = MALLOC; f < FUNCTIONS; f++)
		if (!strcmp(names[f], name)) {
			left = n;
			error = with;
			if (n)
				came = 0;
			armed = n ? (enum function)f : NONE;
			return 0;
		}
	return -1;
}

int fault_fired(void) { return came; }

/* Whether the call that comes back to `to` is one of those meant. */
static int meant(const void *to)
{
	static int known, any;
	static char name[64];
	Dl_info object;

	if (!known) {
		const char *in = getenv("FAULT_IN");
		any = !in;
		if (in)
			strncpy(name, in, sizeof name - 1);
		known = 1;
	}
	return any || (dladdr(to, &object) && object.dli_fname && strstr(object.dli_fname, name));
}

/* Inlined, so that the return address is that of the function that stands in for libc's. */
static inline __attribute__((always_inline)) int fails(enum function f)
{
	if (armed != f || !meant(__builtin_return_address(0)) || --left != 0)
		return 0;
	armed = NONE;
	came = 1;
	errno = error;
	return 1;
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

void *malloc(size_t n) { return fails(MALLOC) ? NULL : __libc_malloc(n); }
void *calloc(size_t a, size_t b) { return fails(CALLOC) ? NULL : __libc_calloc(a, b); }
void *realloc(void *p, size_t n) { return fails(REALLOC) ? NULL : __libc_realloc(p, n); }

/* The real function, found once; nothing is found while armed, so dlsym's own calls are never counted twice. */
#define REAL(type, name, ...) \
	static type (*real)(__VA_ARGS__); \
	if (!real) \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

int socket(int a, int b, int c) { REAL(int, socket, int, int, int); return fails(SOCKET) ? -1 : real(a, b, c); }

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	REAL(int, setsockopt, int, int, int, const void *, socklen_t);
	return fails(SETSOCKOPT) ? -1 : real(fd, level, name, value, length);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	REAL(int, getsockopt, int, int, int, void *, socklen_t *);
	return fails(GETSOCKOPT) ? -1 : real(fd, level, name, value, length);
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	REAL(int, connect, int, const struct sockaddr *, socklen_t);
	return fails(CONNECT) ? -1 : real(fd, address, length);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	REAL(ssize_t, send, int, const void *, size_t, int);
	return fails(SEND) ? -1 : real(fd, bytes, n, flags);
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
	REAL(ssize_t, recv, int, void *, size_t, int);
	return fails(RECV) ? -1 : real(fd, bytes, n, flags);
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	REAL(int, poll, struct pollfd *, nfds_t, int);
	return fails(POLL) ? -1 : real(fds, n, ms);
}

static inline __attribute__((always_inline)) int open_as(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...);
	if (fails(OPEN))
		return -1;
	*(void **)&real = dlsym(RTLD_NEXT, name);
	return real(path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_as("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_as("open64", path, flags, mode);
}

ssize_t read(int fd, void *bytes, size_t n)
{
	REAL(ssize_t, read, int, void *, size_t);
	return fails(READ) ? -1 : real(fd, bytes, n);
}

static time_t leapt;

/* From now on CLOCK_MONOTONIC is so many seconds later. */
void fault_leap(int seconds) { leapt += seconds; }

int clock_gettime(clockid_t clock, struct timespec *time)
{
	REAL(int, clock_gettime, clockid_t, struct timespec *);
	if (fails(CLOCK_GETTIME))
		return -1;
	int failed = real(clock, time);
	if (!failed && clock == CLOCK_MONOTONIC)
		time->tv_sec += leapt;
	return failed;
}

int fcntl(int fd, int command, ...)
{
	va_list arguments;
	REAL(int, fcntl, int, int, ...);
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	return fails(FCNTL) ? -1 : real(fd, command, argument);
}

int getspnam_r(const char *name, struct spwd *entry, char *buffer, size_t n, struct spwd **result)
{
	REAL(int, getspnam_r, const char *, struct spwd *, char *, size_t, struct spwd **);
	if (fails(GETSPNAM_R)) {
		*result = NULL;
		return error;
	}
	int failed = real(name, entry, buffer, n, result);
	/* root of a container has a placeholder, which has no stamp: here everybody has a password. */
	if (!failed && *result)
		(*result)->sp_pwdp = "$6$salt$a-hash-of-the-test";
	return failed;
}

ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
	REAL(ssize_t, getrandom, void *, size_t, unsigned);
	return fails(GETRANDOM) ? -1 : real(bytes, n, flags);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
	REAL(ssize_t, pread, int, void *, size_t, off_t);
	return fails(PREAD) ? -1 : real(fd, bytes, n, at);
}

ssize_t pread64(int fd, void *bytes, size_t n, off64_t at)
{
	REAL(ssize_t, pread64, int, void *, size_t, off64_t);
	return fails(PREAD) ? -1 : real(fd, bytes, n, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
	return fails(PWRITE) ? -1 : real(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
	return fails(PWRITE) ? -1 : real(fd, bytes, n, at);
}

int fdatasync(int fd) { REAL(int, fdatasync, int); return fails(FDATASYNC) ? -1 : real(fd); }
/* SWAP_FROM takes the place of SWAP_TO, once, in the moment before the lock. */
int flock(int fd, int how)
{
	static int swapped;
	REAL(int, flock, int, int);

	if (!swapped && getenv("SWAP_FROM") && getenv("SWAP_TO")) {
		swapped = 1;
		rename(getenv("SWAP_FROM"), getenv("SWAP_TO"));
	}
	return fails(FLOCK) ? -1 : real(fd, how);
}

int fstat(int fd, struct stat *about) { REAL(int, fstat, int, struct stat *); return fails(FSTAT) ? -1 : real(fd, about); }
int fstat64(int fd, struct stat64 *about) { REAL(int, fstat64, int, struct stat64 *); return fails(FSTAT) ? -1 : real(fd, about); }

int lstat(const char *path, struct stat *about)
{
	REAL(int, lstat, const char *, struct stat *);
	return fails(LSTAT) ? -1 : real(path, about);
}

int lstat64(const char *path, struct stat64 *about)
{
	REAL(int, lstat64, const char *, struct stat64 *);
	return fails(LSTAT) ? -1 : real(path, about);
}

struct passwd *pam_modutil_getpwnam(void *handle, const char *name)
{
	REAL(struct passwd *, pam_modutil_getpwnam, void *, const char *);
	return fails(GETPWNAM) ? NULL : real(handle, name);
}
