#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE
#define _DEFAULT_SOURCE
#include "internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// One read at a time holds the terminal of the process, so its state is the process's too: a signal handler has no
// other way to reach it.
static atomic_int busy;
static atomic_int engaged;  // the terminal is not as the caller left it
static struct termios saved;
static int terminal = -1, display = -1;
static int wake = -1;
static bool pasting;

// Signals that end the process: put the terminal back first, then do what would have been done. Where the program
// handles one of the first two itself, it may well go on, so that is left to it.
static const int fatal[] = {SIGHUP, SIGTERM, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
enum { FATAL = sizeof fatal / sizeof *fatal, REQUESTS = 2 };
static struct sigaction before_fatal[FATAL], before_resize, before_continue;

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

static void put(int output, const char *text, size_t count) {
  while (count > 0) {
    ssize_t written = write(output, text, count);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) {
      text += written;
      count -= (size_t)written;
    }
  }
}

void ccl_terminal_restore(void) {
  if (!atomic_exchange(&engaged, 0)) return;
  int error = errno;
  if (pasting) put(display, paste_off, sizeof paste_off - 1);
  tcsetattr(terminal, TCSADRAIN, &saved);
  errno = error;
}

static void end(int number, siginfo_t *info, void *context) {
  (void)context;
  ccl_terminal_restore();
  for (int i = 0; i < FATAL; i++)
    if (fatal[i] == number) sigaction(number, &before_fatal[i], NULL);
  // A fault comes again by itself, with its address, when the instruction is run again.
  bool fault = number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE;
  if (!fault || !info || info->si_code <= 0) kill(getpid(), number);
}

static bool is_default(const struct sigaction *action) {
  return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_DFL;
}

static void notify(int number) {
  int error = errno;
  char reason = number == SIGCONT ? CCL_WAKE_CONTINUED : CCL_WAKE_RESIZED;
  // A full pipe already wakes the reader.
  (void)!write(wake, &reason, 1);
  const struct sigaction *before = number == SIGCONT ? &before_continue : &before_resize;
  if (!(before->sa_flags & SA_SIGINFO) && before->sa_handler != SIG_DFL &&
      before->sa_handler != SIG_IGN)
    before->sa_handler(number);
  errno = error;
}

bool ccl_guard_begin(int input, int output, int pipe, bool editing) {
  int expected = 0;
  if (!atomic_compare_exchange_strong(&busy, &expected, 1)) return false;
  terminal = input;
  display = output;
  wake = pipe;
  pasting = editing;
  if (tcgetattr(input, &saved) != 0) {
    atomic_store(&busy, 0);
    return false;
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  action.sa_sigaction = end;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (int i = 0; i < FATAL; i++) {
    sigaction(fatal[i], NULL, &before_fatal[i]);
    if (i >= REQUESTS || is_default(&before_fatal[i])) sigaction(fatal[i], &action, NULL);
  }
  if (editing) {
    action.sa_handler = notify;
    action.sa_flags = SA_RESTART;
    sigaction(SIGWINCH, &action, &before_resize);
    sigaction(SIGCONT, &action, &before_continue);
  }
  ccl_guard_resume();
  return true;
}

void ccl_guard_resume(void) {
  atomic_store(&engaged, 1);
  if (pasting) put(display, paste_on, sizeof paste_on - 1);
}

void ccl_guard_suspend(void) {
  ccl_terminal_restore();
  // The whole group, as the terminal itself would do it: the shell waits for its leader, which may be `make`.
  kill(0, SIGTSTP);
}

void ccl_guard_end(void) {
  ccl_terminal_restore();
  for (int i = 0; i < FATAL; i++) {
    struct sigaction now;
    sigaction(fatal[i], NULL, &now);
    if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == end)
      sigaction(fatal[i], &before_fatal[i], NULL);
  }
  if (pasting) {
    sigaction(SIGWINCH, &before_resize, NULL);
    sigaction(SIGCONT, &before_continue, NULL);
  }
  atomic_store(&busy, 0);
}

int ccl_terminal_can_edit(int input, int output) {
  const char *kind = getenv("TERM");
  return isatty(input) && isatty(output) && kind && *kind && strcmp(kind, "dumb") != 0;
}

void ccl_terminal_size(int output, int *columns, int *rows) {
  struct winsize size;
  memset(&size, 0, sizeof size);
  ioctl(output, TIOCGWINSZ, &size);
  *columns = size.ws_col > 0 ? size.ws_col : 80;
  *rows = size.ws_row > 0 ? size.ws_row : 24;
}

enum ccl_outcome ccl_plain_read(int input, int output, const char *prompt, char **text) {
  *text = NULL;
  bool guarded = isatty(input) && ccl_guard_begin(input, input, -1, false);
  if (guarded) {
    // Ctrl-C comes as a character that ends the line, not as a signal that ends the program.
    struct termios now = saved;
    now.c_lflag &= ~(tcflag_t)ISIG;
    now.c_cc[VEOL] = 3;
    tcsetattr(input, TCSADRAIN, &now);
  }
  put(output, prompt, strlen(prompt));
  enum ccl_outcome outcome = CCL_FAILED;
  size_t length = 0, room = 256;
  char *line = malloc(room);
  while (line) {
    // Byte by byte: what comes after the line belongs to the next reader, be it a program that we start.
    char byte;
    ssize_t count = read(input, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    if (count == 0 || byte == '\n') {
      outcome = count == 0 && length == 0 ? CCL_END : CCL_TEXT;
      break;
    }
    if (guarded && byte == 3) {
      outcome = CCL_INTERRUPTED;
      break;
    }
    if (length + 2 > room) {
      char *more = realloc(line, room *= 2);
      if (!more) break;
      line = more;
    }
    line[length++] = byte;
  }
  if (guarded) ccl_guard_end();
  if (outcome == CCL_TEXT) {
    if (length > 0 && line[length - 1] == '\r') length--;
    line[length] = 0;
    *text = line;
  } else {
    free(line);
  }
  return outcome;
}
