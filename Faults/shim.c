// Loaded in front of the C library (LD_PRELOAD): counts what a program does to the files below one folder, and spoils
// the one of these steps that it is told to.
//
//   FAULT_ROOT   the folder          FAULT_LOG   a file that gets a line for each step
//   FAULT_AT     the step, from 1    FAULT_HOW   before | after | half (killed there), an errno's number (that step alone
//                                                fails), or full (from there on the disk is)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static char root[4096], how[16];
static long at, count;
static int log_file = -1;
static char is_ours[4096];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("FAULT_ROOT"), *log = getenv("FAULT_LOG");
  if (!folder) return;
  strncpy(root, folder, sizeof root - 1);
  strncpy(how, getenv("FAULT_HOW") ? getenv("FAULT_HOW") : "", sizeof how - 1);
  at = atol(getenv("FAULT_AT") ? getenv("FAULT_AT") : "0");
  if (log) log_file = REAL(open)(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  // The programs that this one starts are left in peace.
  static const char *names[] = {"LD_PRELOAD", "FAULT_ROOT", "FAULT_LOG", "FAULT_AT", "FAULT_HOW"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
}

static int is_below(const char *path) {
  size_t length = strlen(root);
  return length && strncmp(path, root, length) == 0 && path[length] == '/';
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Counts a step. Answers the errno with which it is to fail, 0 to go on, -1 to be killed after it, -2 in its middle.
static int step(const char *name, const char *path, int takes_space) {
  pthread_mutex_lock(&lock);
  long number = ++count;
  if (log_file >= 0) {
    char line[4200];
    size_t length = 0;
    for (const char *part = name; *part; part++) line[length++] = *part;
    line[length++] = ' ';
    for (const char *part = path; *part && length < sizeof line - 1; part++) line[length++] = *part;
    line[length++] = '\n';
    if (REAL(write)(log_file, line, length) < 0) abort();
  }
  pthread_mutex_unlock(&lock);
  if (!at || number < at) return 0;
  if (strcmp(how, "full") == 0) return takes_space ? ENOSPC : 0;
  if (number > at) return 0;
  if (strcmp(how, "before") == 0) die();
  if (strcmp(how, "after") == 0) return -1;
  if (strcmp(how, "half") == 0) return -2;
  return atoi(how);
}

#define SPOIL(verdict) \
  do { if (verdict > 0) { errno = verdict; return -1; } } while (0)
#define FINISH(verdict, result) \
  do { if (verdict < 0) die(); return result; } while (0)

static int opened(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  int counts = is_below(path) && (flags & O_CREAT);
  int verdict = counts ? step("create", path, 1) : 0;
  SPOIL(verdict);
  int file = real(path, flags, mode);
  if (file >= 0 && (size_t)file < sizeof is_ours) is_ours[file] = (char)counts;
  FINISH(verdict, file);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(REAL(open), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(REAL(open64), path, flags, mode);
}

static int is_counted(int file) { return file >= 0 && (size_t)file < sizeof is_ours && is_ours[file]; }

ssize_t write(int file, const void *bytes, size_t size) {
  if (!is_counted(file)) return REAL(write)(file, bytes, size);
  int verdict = step("write", "", 1);
  SPOIL(verdict);
  ssize_t written = REAL(write)(file, bytes, verdict == -2 ? size / 2 : size);
  FINISH(verdict, written);
}

int fsync(int file) {
  if (!is_counted(file)) return REAL(fsync)(file);
  int verdict = step("fsync", "", 0);
  SPOIL(verdict);
  // What these tests are about is the order of steps; a disk that loses what it was told to keep is not among them.
  FINISH(verdict, 0);
}

int close(int file) {
  if (file >= 0 && (size_t)file < sizeof is_ours) is_ours[file] = 0;
  return REAL(close)(file);
}

int fchmod(int file, mode_t mode) {
  int verdict = is_counted(file) ? step("chmod", "", 0) : 0;
  SPOIL(verdict);
  int result = REAL(fchmod)(file, mode);
  FINISH(verdict, result);
}

int rename(const char *from, const char *to) {
  int verdict = is_below(to) ? step("rename", to, 0) : 0;
  SPOIL(verdict);
  int result = REAL(rename)(from, to);
  FINISH(verdict, result);
}

int unlink(const char *path) {
  int verdict = is_below(path) ? step("unlink", path, 0) : 0;
  SPOIL(verdict);
  int result = REAL(unlink)(path);
  FINISH(verdict, result);
}

int rmdir(const char *path) {
  int verdict = is_below(path) ? step("rmdir", path, 0) : 0;
  SPOIL(verdict);
  int result = REAL(rmdir)(path);
  FINISH(verdict, result);
}

int mkdir(const char *path, mode_t mode) {
  int verdict = is_below(path) ? step("mkdir", path, 1) : 0;
  SPOIL(verdict);
  int result = REAL(mkdir)(path, mode);
  FINISH(verdict, result);
}
