// What the tests need of the C library beyond what Swift imports: GNU extensions, and posix_spawn's differing types.
#ifndef CSUPPORT_H
#define CSUPPORT_H

#include <stdbool.h>
#include <sys/types.h>

/// The descriptors of a child: what is put in place of 0, 1 and 2. Every other one is closed.
struct support_child {
  const char *program;           ///< looked up on this process's PATH
  char *const *arguments;        ///< ends with a null pointer, the name first
  char *const *variables;        ///< ends with a null pointer
  const char *folder;            ///< null: this process's
  const char *terminal;          ///< the controlling terminal of a new session, for 0, 1 and 2; or null
  int input;                     ///< descriptor for 0; without a terminal
  int output;                    ///< descriptor for 1
  int errors;                    ///< descriptor for 2
};

/// Starts the child as the leader of a new process group (of a new session with a terminal), no signal blocked or
/// ignored. Answers 0, or the error number.
int support_spawn(pid_t *pid, const struct support_child *child);

/// Opens a new terminal of this size, non-blocking and not inherited; writes the path of its other side.
/// Answers the descriptor, or -1 with errno.
int support_open_terminal(unsigned short columns, unsigned short rows, char *path, size_t capacity);

/// Tells the terminal its new size.
int support_resize_terminal(int descriptor, unsigned short columns, unsigned short rows);

/// A socket that listens on 127.0.0.1 in the network that the file (/proc/PID/ns/net) names; *port 0 takes a free one.
/// Answers the descriptor, or -1 with errno (ENOSYS: not on this system).
int support_listen_in_network(const char *file, unsigned short *port);

/// Mounts a file system in memory (options as for tmpfs: "size=64k") that only this thread sees. Needs root.
/// Answers 0, or -1 with errno.
int support_mount_for_thread(const char *folder, const char *options);

/// Makes that file system read-only.
int support_protect_mount(const char *folder);

/// Makes this thread that user, for good. Needs root. Answers 0, or -1 with errno.
int support_become_for_thread(unsigned int user);

#if defined(__linux__)
/// `setxattr`; answers 0 or -1.
int support_set_attribute(const char *path, const char *name, const void *value, size_t size);
/// `getxattr`; answers the size or -1.
long support_get_attribute(const char *path, const char *name, void *value, size_t size);
#endif

#endif
