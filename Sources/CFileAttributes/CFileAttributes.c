#include "CFileAttributes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef __APPLE__
#include <copyfile.h>
#include <fcntl.h>
#include <unistd.h>

int ccl_keep_attributes(const char *from, int to) {
  int file = open(from, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  int problem = fcopyfile(file, to, nullptr, COPYFILE_ACL | COPYFILE_XATTR) == 0 ? 0 : errno;
  close(file);
  return problem;
}
#else
#include <sys/xattr.h>

static int keep(const char *from, int to, const char *name) {
  ssize_t size = getxattr(from, name, nullptr, 0);
  if (size < 0) return errno;
  char *value = malloc((size_t)size + 1);
  if (value == nullptr) return ENOMEM;
  ssize_t count = getxattr(from, name, value, (size_t)size);
  int problem = count < 0 || fsetxattr(to, name, value, (size_t)count, 0) != 0 ? errno : 0;
  free(value);
  return problem;
}

int ccl_keep_attributes(const char *from, int to) {
  ssize_t size = listxattr(from, nullptr, 0);
  // A file system without attributes has none to lose.
  if (size < 0) return errno == ENOTSUP ? 0 : errno;
  char *names = malloc((size_t)size + 1);
  if (names == nullptr) return ENOMEM;
  int problem = 0;
  ssize_t count = listxattr(from, names, (size_t)size);
  if (count < 0) problem = errno;
  for (ssize_t at = 0; at < count && problem == 0; at += (ssize_t)strlen(names + at) + 1) {
    const char *name = names + at;
    bool matters = strncmp(name, "user.", 5) == 0 || strcmp(name, "system.posix_acl_access") == 0;
    int found = keep(from, to, name);
    if (matters) problem = found;
  }
  free(names);
  return problem;
}
#endif
