#pragma once

#include "CLineEditor.h"

#include <histedit.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <termios.h>
#include <wchar.h>

// utf8.c: wide characters are code points on both systems; the locale is left out of it.
wchar_t *ccl_wide(const char *text);
char *ccl_narrow(const wchar_t *text, size_t length);
int ccl_width(const wchar_t *text, size_t length);
/// Decodes one code point, or U+FFFD for bytes that are none; returns how many bytes it took, 0 when more are needed.
size_t ccl_decode(const unsigned char *bytes, size_t count, wchar_t *point);
/// libedit and wcwidth() follow the locale: make it one that knows UTF-8 if it does not.
void ccl_utf8_locale(void);

// terminal.c: the state of the terminal around a read, and the signals that concern it.
/// Returns false when another read is under way. `wake` gets a byte for each signal that the read must see.
bool ccl_guard_begin(int input, int output, int wake, bool editing);
void ccl_guard_end(void);
/// Stops the process as Ctrl-Z does, with the terminal as it was before; returns when it goes on.
void ccl_guard_suspend(void);
/// libedit sets the terminal up itself: take over what belongs to us besides.
void ccl_guard_resume(void);

enum { CCL_WAKE_RESIZED = 'w', CCL_WAKE_CONTINUED = 'c', CCL_WAKE_CANCELLED = 'x' };
