#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAB = 9, BYTES = 4096, LONGEST_LINE = 16384, LEAST_COLUMNS = 16, ROWS = 2048 };
static const char paste_begin[] = "\033[200~", paste_end[] = "\033[201~";
enum { MARK = sizeof paste_begin - 1, MARK_WAIT_MS = 40 };

struct ccl_editor {
  ccl_callbacks callbacks;
  int input, output, wake[2];
  int columns;  // of the terminal, when the line was last drawn
  FILE *in, *out;
  EditLine *line;
  HistoryW *history;
  wchar_t *prompt;
  unsigned char bytes[BYTES];  // read, not yet given to libedit
  size_t start, count;
  wchar_t last, previous;  // keys given to libedit
  bool pasted, pending_space;  // inside of a paste
  bool interrupted;
};

static void refresh(ccl_editor *editor) {
  el_wset(editor->line, EL_REFRESH);
  fflush(editor->out);
}

// How many rows the cursor is below the first one of the prompt. The rows were drawn `editor->columns` wide, and each
// ends with a line feed (see "am"), so a terminal that is wider now leaves them, and one that is narrower breaks each
// of them again.
static int rows_above(const ccl_editor *editor, int columns) {
  const LineInfoW *info = el_wline(editor->line);
  const wchar_t *parts[] = {editor->prompt, info->buffer};
  size_t lengths[] = {wcslen(editor->prompt), (size_t)(info->cursor - info->buffer)};
  int above = 0, column = 0;
  bool hidden = false;
  for (int part = 0; part < 2; part++) {
    for (size_t i = 0; i < lengths[part]; i++) {
      if (parts[part][i] == 1) hidden = !hidden;
      int width = hidden ? 0 : ccl_width(&parts[part][i], 1);
      if (column + width > editor->columns) {
        above += (column + columns - 1) / columns;
        column = 0;
      }
      column += width;
    }
  }
  return above + column / columns;
}

// Tells libedit the size, with two corrections. It crashes (3.1-20221030) where a character is as wide as the
// terminal, and where a line becomes as high as it: re_fastputc() then writes to a row that it does not have. So it
// never hears of fewer columns than anybody works with, nor of the last row.
static void tell_size(ccl_editor *editor) {
  int columns, rows;
  ccl_terminal_size(editor->output, &columns, &rows);
  editor->columns = columns > LEAST_COLUMNS ? columns : LEAST_COLUMNS;
  char text[16];
  snprintf(text, sizeof text, "%d", editor->columns);
  el_set(editor->line, EL_SETTC, "co", text, NULL);
  snprintf(text, sizeof text, "%d", ROWS);
  el_set(editor->line, EL_SETTC, "li", text, NULL);
}

// Goes to where the prompt begins and clears from there; libedit then draws the line anew.
static void to_the_start(ccl_editor *editor) {
  int columns, rows;
  ccl_terminal_size(editor->output, &columns, &rows);
  int width = columns < editor->columns ? columns : editor->columns;
  int up = rows_above(editor, width);
  if (up >= rows) up = rows - 1;
  if (up > 0) fprintf(editor->out, "\033[%dA", up);
  fputs("\r\033[J", editor->out);
}

static void to_the_end(ccl_editor *editor) {
  to_the_start(editor);
  const LineInfoW *info = el_wline(editor->line);
  el_cursor(editor->line, (int)(info->lastchar - info->cursor));
  refresh(editor);
}

// MARK: keys

// What the other side of the pipe has to say. Returns false when the read is over.
static bool wake_up(ccl_editor *editor) {
  char reason;
  if (read(editor->wake[0], &reason, 1) != 1) return true;
  switch (reason) {
    case CCL_WAKE_CANCELLED:
      editor->interrupted = true;
      return false;
    case CCL_WAKE_CONTINUED:
      // The shell has had the terminal meanwhile; libedit believes that it is still its own.
      el_wset(editor->line, EL_PREP_TERM, 0);
      el_wset(editor->line, EL_PREP_TERM, 1);
      ccl_guard_resume();
      fputs("\r\033[J", editor->out);
      break;
    default:
      to_the_start(editor);
      tell_size(editor);
  }
  refresh(editor);
  return true;
}

// More bytes from the terminal: 1, or 0 at its end, -1 for an error or a cancelled read, -2 after `milliseconds`.
static int fill(ccl_editor *editor, int milliseconds) {
  if (editor->start > 0) {
    memmove(editor->bytes, editor->bytes + editor->start, editor->count);
    editor->start = 0;
  }
  for (;;) {
    struct pollfd sources[] = {{editor->input, POLLIN, 0}, {editor->wake[0], POLLIN, 0}};
    int ready = poll(sources, 2, milliseconds);
    if (ready < 0 && errno != EINTR) return -1;
    if (ready == 0) return -2;
    if (ready < 0) continue;
    if (sources[1].revents & POLLIN && !wake_up(editor)) return -1;
    if (!sources[0].revents) continue;
    ssize_t got = read(editor->input, editor->bytes + editor->count, BYTES - editor->count);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    // EIO: the terminal has gone.
    if (got < 0) return errno == EIO ? 0 : -1;
    editor->count += (size_t)got;
    return got > 0;
  }
}

static void skip(ccl_editor *editor, size_t count) {
  editor->start += count;
  editor->count -= count;
}

// Whether the mark comes next. A part of it is waited for: terminals send it at once.
static bool at_mark(ccl_editor *editor, const char *mark) {
  for (;;) {
    size_t count = editor->count < MARK ? editor->count : MARK;
    if (memcmp(editor->bytes + editor->start, mark, count) != 0) return false;
    if (count == MARK) return true;
    if (fill(editor, MARK_WAIT_MS) != 1) return false;
  }
}

// A paste is text, never keys: it cannot press Return or Tab. Its lines are joined by one space, its ends are
// trimmed, other control characters are left out.
static bool pasted_text(ccl_editor *editor, wchar_t *point) {
  if (*point == '\n' || *point == '\r' || *point == '\t' || *point == ' ') {
    editor->pending_space = true;
    return false;
  }
  return *point >= ' ' && *point != 0x7f && !(*point >= 0x80 && *point < 0xa0);
}

// libedit asks for the next key.
static int next_key(EditLine *line, wchar_t *key) {
  ccl_editor *editor;
  el_wget(line, EL_CLIENTDATA, &editor);
  fflush(editor->out);
  for (;;) {
    if (editor->count == 0) {
      int got = fill(editor, -1);
      if (got != 1) return got;
    }
    if (editor->bytes[editor->start] == '\033') {
      if (!editor->pasted && at_mark(editor, paste_begin)) {
        skip(editor, MARK);
        editor->pasted = true;
        editor->pending_space = false;
        continue;
      }
      if (editor->pasted && at_mark(editor, paste_end)) {
        skip(editor, MARK);
        editor->pasted = false;
        continue;
      }
    }
    wchar_t point;
    size_t used = ccl_decode(editor->bytes + editor->start, editor->count, &point);
    if (used == 0) {
      int got = fill(editor, MARK_WAIT_MS);
      if (got == 0 || got == -1) return got;
      if (got == 1) continue;
      used = 1;
    }
    if (editor->pasted) {
      const LineInfoW *info = el_wline(line);
      bool full = info->lastchar - info->buffer >= LONGEST_LINE;
      if (full || !pasted_text(editor, &point)) {
        skip(editor, used);
        continue;
      }
      if (editor->pending_space) {
        editor->pending_space = false;
        if (info->cursor > info->buffer && info->cursor[-1] != ' ') {
          *key = ' ';
          return 1;
        }
      }
    }
    skip(editor, used);
    editor->previous = editor->last;
    editor->last = *key = point;
    return 1;
  }
}

static ccl_editor *of(EditLine *line) {
  ccl_editor *editor;
  el_wget(line, EL_CLIENTDATA, &editor);
  return editor;
}

static unsigned char complete(EditLine *line, wint_t key) {
  (void)key;
  ccl_editor *editor = of(line);
  editor->callbacks.complete(editor->callbacks.context, editor, editor->previous == TAB);
  return CC_REFRESH;
}

static unsigned char backspace(EditLine *line, wint_t key) {
  (void)key;
  ccl_editor *editor = of(line);
  const LineInfoW *info = el_wline(line);
  if (info->cursor == info->buffer) return CC_ERROR;
  char *before = ccl_narrow(info->buffer, (size_t)(info->cursor - info->buffer));
  if (!before) return CC_ERROR;
  el_wdeletestr(line, (int)editor->callbacks.last_character(before));
  free(before);
  return CC_REFRESH;
}

static unsigned char interrupt(EditLine *line, wint_t key) {
  (void)key;
  ccl_editor *editor = of(line);
  to_the_end(editor);
  fputs("^C", editor->out);
  editor->interrupted = true;
  return CC_EOF;
}

static unsigned char suspend(EditLine *line, wint_t key) {
  (void)key;
  ccl_editor *editor = of(line);
  to_the_end(editor);
  fputs("\r\n", editor->out);
  fflush(editor->out);
  el_wset(line, EL_PREP_TERM, 0);
  ccl_guard_suspend();
  // When the program goes on, SIGCONT's handler wakes the read, which takes the terminal again. Where no shell could
  // continue us, the system did not stop us.
  struct pollfd continued = {editor->wake[0], POLLIN, 0};
  if (poll(&continued, 1, 200) == 0) {
    el_wset(line, EL_PREP_TERM, 1);
    ccl_guard_resume();
    refresh(editor);
  }
  return CC_NORM;
}

// MARK: the editor

static wchar_t *prompt(EditLine *line) { return of(line)->prompt; }

static void bind_keys(EditLine *line) {
  static const char *const keys[][2] = {
      {"^I", "ccl-complete"},         {"^C", "ccl-interrupt"},      {"^Z", "ccl-suspend"},
      {"^?", "ccl-backspace"},        {"^H", "ccl-backspace"},      {"^W", "ed-delete-prev-word"},
      // No answer has a control character in it, so none can be quoted.
      {"^V", "ed-unassigned"},        {"^Q", "ed-unassigned"},
      {"^R", "em-inc-search-prev"},   {"\\e[3~", "ed-delete-next-char"},
      {"\\e[1~", "ed-move-to-beg"},   {"\\e[4~", "ed-move-to-end"}, {"\\e[H", "ed-move-to-beg"},
      {"\\e[F", "ed-move-to-end"},    {"\\eOH", "ed-move-to-beg"},  {"\\eOF", "ed-move-to-end"},
      {"\\e[1;5C", "em-next-word"},   {"\\e[1;5D", "ed-prev-word"},
  };
  el_wset(line, EL_ADDFN, L"ccl-complete", L"Complete the word", complete);
  el_wset(line, EL_ADDFN, L"ccl-interrupt", L"Give the line up", interrupt);
  el_wset(line, EL_ADDFN, L"ccl-suspend", L"Stop the program", suspend);
  el_wset(line, EL_ADDFN, L"ccl-backspace", L"Delete the character before", backspace);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    el_set(line, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static bool start(ccl_editor *editor) {
  HistEventW event;
  editor->line = el_init("ccl-setup", editor->in, editor->out, editor->out);
  editor->history = history_winit();
  if (!editor->line || !editor->history) return false;
  history_w(editor->history, &event, H_SETSIZE, 10000);
  el_wset(editor->line, EL_CLIENTDATA, editor);
  el_wset(editor->line, EL_EDITOR, L"emacs");
  el_wset(editor->line, EL_SIGNAL, 0);
  el_wset(editor->line, EL_HIST, history_w, editor->history);
  el_wset(editor->line, EL_PROMPT_ESC, prompt, L'\1');
  el_wset(editor->line, EL_GETCFN, next_key);
  // Ctrl-C and Ctrl-Z come as keys, so that no signal can end a read half-way.
  el_set(editor->line, EL_SETTY, "-d", "-isig", NULL);
  // Rows end with a line feed, not where the terminal happens to wrap: what it does with them when it is resized is
  // then known.
  el_set(editor->line, EL_SETTC, "am", "no", NULL);
  bind_keys(editor->line);
  return true;
}

ccl_editor *ccl_editor_open(int input, int output, ccl_callbacks callbacks) {
  ccl_utf8_locale();
  ccl_editor *editor = calloc(1, sizeof *editor);
  if (!editor) return NULL;
  editor->callbacks = callbacks;
  editor->input = input;
  editor->output = output;
  editor->wake[0] = editor->wake[1] = -1;
  editor->prompt = ccl_wide("");
  // Streams of our own on copies: closing them leaves the caller's descriptors open.
  int in = dup(input), out = dup(output);
  editor->in = in >= 0 ? fdopen(in, "r") : NULL;
  editor->out = out >= 0 ? fdopen(out, "w") : NULL;
  if (!editor->prompt || !editor->in || !editor->out || pipe(editor->wake) != 0) {
    ccl_editor_close(editor);
    return NULL;
  }
  for (int i = 0; i < 2; i++) {
    fcntl(editor->wake[i], F_SETFD, FD_CLOEXEC);
    fcntl(editor->wake[i], F_SETFL, O_NONBLOCK);
  }
  fcntl(in, F_SETFD, FD_CLOEXEC);
  fcntl(out, F_SETFD, FD_CLOEXEC);
  // libedit changes the terminal as soon as it starts.
  struct termios before;
  bool known = tcgetattr(input, &before) == 0;
  bool started = start(editor);
  if (known) tcsetattr(input, TCSADRAIN, &before);
  if (!started) {
    ccl_editor_close(editor);
    return NULL;
  }
  return editor;
}

void ccl_editor_close(ccl_editor *editor) {
  if (!editor) return;
  struct termios before;
  bool known = tcgetattr(editor->input, &before) == 0;
  if (editor->line) el_end(editor->line);
  if (known) tcsetattr(editor->input, TCSADRAIN, &before);
  if (editor->history) history_wend(editor->history);
  if (editor->in) fclose(editor->in);
  if (editor->out) fclose(editor->out);
  if (editor->wake[0] >= 0) close(editor->wake[0]);
  if (editor->wake[1] >= 0) close(editor->wake[1]);
  free(editor->prompt);
  free(editor);
}

enum ccl_outcome ccl_editor_read(ccl_editor *editor, const char *text, char **result) {
  *result = NULL;
  wchar_t *wide = ccl_wide(text);
  if (!wide) return CCL_FAILED;
  free(editor->prompt);
  editor->prompt = wide;
  editor->interrupted = editor->pasted = false;
  editor->last = editor->previous = 0;
  if (!ccl_guard_begin(editor->input, editor->output, editor->wake[1], true)) return CCL_FAILED;
  tell_size(editor);
  // libedit would take the terminal only after it has shown the prompt: a Ctrl-C between the two would end us.
  el_wset(editor->line, EL_PREP_TERM, 1);
  int count = 0;
  const wchar_t *line = el_wgets(editor->line, &count);
  fflush(editor->out);
  if (!line || editor->interrupted) fputs("\r\n", editor->out);
  fflush(editor->out);
  ccl_guard_end();
  if (editor->interrupted) return CCL_INTERRUPTED;
  if (!line) return count < 0 ? CCL_FAILED : CCL_END;
  while (count > 0 && (line[count - 1] == '\n' || line[count - 1] == '\r')) count--;
  *result = ccl_narrow(line, (size_t)count);
  return *result ? CCL_TEXT : CCL_FAILED;
}

void ccl_editor_remember(ccl_editor *editor, const char *line) {
  wchar_t *wide = ccl_wide(line);
  if (!wide) return;
  HistEventW event;
  history_w(editor->history, &event, H_ENTER, wide);
  free(wide);
}

void ccl_editor_line(ccl_editor *editor, char **before, char **after) {
  const LineInfoW *info = el_wline(editor->line);
  *before = ccl_narrow(info->buffer, (size_t)(info->cursor - info->buffer));
  *after = ccl_narrow(info->cursor, (size_t)(info->lastchar - info->cursor));
}

void ccl_editor_replace(ccl_editor *editor, size_t erased, const char *text) {
  wchar_t *wide = ccl_wide(text);
  if (!wide) return;
  if (erased > 0) el_wdeletestr(editor->line, (int)erased);
  el_winsertstr(editor->line, wide);
  free(wide);
}

void ccl_editor_print_below(ccl_editor *editor, const char *text) {
  const LineInfoW *info = el_wline(editor->line);
  int back = (int)(info->lastchar - info->cursor);
  to_the_end(editor);
  fprintf(editor->out, "\r\n%s", text);
  el_cursor(editor->line, -back);
  refresh(editor);
}

void ccl_editor_beep(ccl_editor *editor) {
  fputc('\a', editor->out);
  fflush(editor->out);
}

void ccl_editor_cancel(ccl_editor *editor) {
  char reason = CCL_WAKE_CANCELLED;
  (void)!write(editor->wake[1], &reason, 1);
}

void ccl_editor_forget_cancel(ccl_editor *editor) {
  char reason;
  while (read(editor->wake[0], &reason, 1) == 1) continue;
}
