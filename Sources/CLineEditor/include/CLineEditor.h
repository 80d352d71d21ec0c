#pragma once

// What Swift cannot call in libedit: its variadic functions, its callbacks with wide characters, and the signal
// handlers around a read. Text goes in and out as UTF-8. One thread at a time may use an editor.

#include <stddef.h>

typedef struct ccl_editor ccl_editor;

enum ccl_outcome { CCL_TEXT, CCL_INTERRUPTED, CCL_END, CCL_FAILED };

/// Called in the middle of a read, on its thread, when a key needs an answer from outside.
typedef struct {
  void *context;
  /// Tab. `again`: the key before was Tab, too.
  void (*complete)(void *context, ccl_editor *editor, int again);
  /// Backspace: how many code points the last character before the cursor has, given the text up to there.
  size_t (*last_character)(const char *before);
} ccl_callbacks;

/// NULL where libedit cannot start. The descriptors stay the caller's.
ccl_editor *ccl_editor_open(int input, int output, ccl_callbacks callbacks);
void ccl_editor_close(ccl_editor *editor);

/// Reads a line; `*text` is to be freed by the caller, and NULL unless the outcome is CCL_TEXT. In the prompt the
/// character \1 stands around what has no width, and is always followed by something that has.
enum ccl_outcome ccl_editor_read(ccl_editor *editor, const char *prompt, char **text);

/// Makes the line the newest of the history.
void ccl_editor_remember(ccl_editor *editor, const char *line);

/// The text of the line so far, up to the cursor and after it; both to be freed by the caller.
void ccl_editor_line(ccl_editor *editor, char **before, char **after);
/// Puts `text` in the place of the `erased` code points before the cursor.
void ccl_editor_replace(ccl_editor *editor, size_t erased, const char *text);
/// Prints a text that ends its last line below the line being edited, which is then drawn again.
void ccl_editor_print_below(ccl_editor *editor, const char *text);
void ccl_editor_beep(ccl_editor *editor);

/// Ends the read that is under way, from any thread.
void ccl_editor_cancel(ccl_editor *editor);
/// Forgets a cancellation that came after the end of the read that it was for.
void ccl_editor_forget_cancel(ccl_editor *editor);

/// Reads a line without editing, for input that is no terminal (or one that cannot move its cursor).
enum ccl_outcome ccl_plain_read(int input, int output, const char *prompt, char **text);

/// Puts the terminal back as it was before the read that is under way. Can be called in a signal handler.
void ccl_terminal_restore(void);
/// Whether the lines can be edited there: both are terminals, and this kind of terminal can move its cursor.
int ccl_terminal_can_edit(int input, int output);
/// The size of the terminal, 80 by 24 where it is not told.
void ccl_terminal_size(int output, int *columns, int *rows);
/// How many columns the text takes; control characters take none.
int ccl_text_width(const char *text);
