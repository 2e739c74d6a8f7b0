/*
 * Preloaded into a server: of every larger write at a place only half is done. Libuv goes on with a short write by
 * itself and hands it to the program only when the rest fails, so after a short write in pieces the next one fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

enum { whole_up_to = 64 };

static __thread int fail_next;

static ssize_t write_half(int fd, const void *bytes, size_t count, off64_t offset) {
  static ssize_t (*next)(int, const void *, size_t, off64_t);
  if (fail_next) {
    fail_next = 0;
    errno = ENOSPC;
    return -1;
  }
  if (!next) next = dlsym(RTLD_NEXT, "pwrite64");
  return next(fd, bytes, count > whole_up_to ? count / 2 : count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  return write_half(fd, bytes, count, offset);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) {
  (void)count;
  ssize_t written = write_half(fd, pieces[0].iov_base, pieces[0].iov_len, offset);
  fail_next = written > 0;
  return written;
}

/* The name by which libuv looks it up. */
ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t offset) {
  return pwritev(fd, pieces, count, offset);
}
