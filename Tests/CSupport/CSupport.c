#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "CSupport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#endif

int support_spawn(pid_t *pid, const struct support_child *child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  if (child->folder) posix_spawn_file_actions_addchdir_np(&actions, child->folder);
  if (child->terminal) {
    // The leader of a session gets the first terminal it opens as its controlling one.
    posix_spawn_file_actions_addopen(&actions, 0, child->terminal, O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_adddup2(&actions, 0, 2);
  } else {
    posix_spawn_file_actions_adddup2(&actions, child->input, 0);
    posix_spawn_file_actions_adddup2(&actions, child->output, 1);
    posix_spawn_file_actions_adddup2(&actions, child->errors, 2);
  }
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  flags |= child->terminal ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
#if defined(__APPLE__)
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#else
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
  posix_spawnattr_setflags(&attributes, flags);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  int error = posix_spawnp(pid, child->program, &actions, &attributes, child->arguments,
                           child->variables);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int support_open_terminal(unsigned short columns, unsigned short rows, char *path,
                          size_t capacity) {
  int descriptor = posix_openpt(O_RDWR | O_NOCTTY);
  if (descriptor < 0) return -1;
  // ptsname_r: tests run at the same time, and ptsname has one buffer for all.
  if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 || fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0 ||
      grantpt(descriptor) != 0 || unlockpt(descriptor) != 0 ||
      ptsname_r(descriptor, path, capacity) != 0) {
    close(descriptor);
    return -1;
  }
  support_resize_terminal(descriptor, columns, rows);
  return descriptor;
}

int support_resize_terminal(int descriptor, unsigned short columns, unsigned short rows) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return ioctl(descriptor, TIOCSWINSZ, &size);
}

#if defined(__linux__)
static int listen_here(unsigned short *port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return -1;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(*port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int reuse = 1;
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) ||
      bind(listener, (struct sockaddr *)&address, length) || listen(listener, 128) ||
      getsockname(listener, (struct sockaddr *)&address, &length)) {
    int error = errno;
    close(listener);
    errno = error;
    return -1;
  }
  *port = ntohs(address.sin_port);
  return listener;
}

// A thread enters a network; a socket stays in the one it was made in.
int support_listen_in_network(const char *file, unsigned short *port) {
  int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  int other = open(file, O_RDONLY | O_CLOEXEC);
  int listener = -1, error = errno;
  if (own >= 0 && other >= 0 && setns(other, CLONE_NEWNET) == 0) {
    listener = listen_here(port);
    error = errno;
    // Staying there would let any later work of this thread run in the wrong network.
    if (setns(own, CLONE_NEWNET)) abort();
  } else {
    error = errno;
  }
  if (own >= 0) close(own);
  if (other >= 0) close(other);
  errno = error;
  return listener;
}

int support_mount_for_thread(const char *folder, const char *options) {
  if (unshare(CLONE_FS | CLONE_NEWNS)) return -1;
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) return -1;
  return mount("none", folder, "tmpfs", 0, options);
}

int support_protect_mount(const char *folder) {
  return mount("none", folder, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

// The library's calls would change every thread.
int support_become_for_thread(unsigned int user) {
  if (syscall(SYS_setresgid, user, user, user)) return -1;
  return (int)syscall(SYS_setresuid, user, user, user);
}
#else
int support_mount_for_thread(const char *folder, const char *options) {
  (void)folder;
  (void)options;
  errno = ENOSYS;
  return -1;
}

int support_protect_mount(const char *folder) {
  (void)folder;
  errno = ENOSYS;
  return -1;
}

int support_become_for_thread(unsigned int user) {
  (void)user;
  errno = ENOSYS;
  return -1;
}

int support_listen_in_network(const char *file, unsigned short *port) {
  (void)file;
  (void)port;
  errno = ENOSYS;
  return -1;
}
#endif

#if defined(__linux__)
#include <sys/xattr.h>

int support_set_attribute(const char *path, const char *name, const void *value, size_t size) {
  return setxattr(path, name, value, size, 0);
}

long support_get_attribute(const char *path, const char *name, void *value, size_t size) {
  return getxattr(path, name, value, size);
}
#endif
