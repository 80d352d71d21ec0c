#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE
#include "internal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

size_t ccl_decode(const unsigned char *bytes, size_t count, wchar_t *point) {
  static const wchar_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char first = bytes[0];
  *point = first;
  if (first < 0x80) return 1;
  size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : 2;
  *point = 0xfffd;
  if (first < 0xc2 || first > 0xf4) return 1;
  wchar_t value = first & (0xff >> (length + 1));
  for (size_t i = 1; i < length; i++) {
    if (i == count) return 0;
    if ((bytes[i] & 0xc0) != 0x80) return i;
    value = (value << 6) | (bytes[i] & 0x3f);
  }
  if (value >= least[length] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff))
    *point = value;
  return length;
}

wchar_t *ccl_wide(const char *text) {
  size_t rest = strlen(text);
  wchar_t *wide = malloc((rest + 1) * sizeof *wide);
  if (!wide) return NULL;
  const unsigned char *bytes = (const unsigned char *)text;
  size_t length = 0;
  while (rest > 0) {
    size_t used = ccl_decode(bytes, rest, &wide[length]);
    if (used == 0) used = rest;
    bytes += used;
    rest -= used;
    length++;
  }
  wide[length] = 0;
  return wide;
}

char *ccl_narrow(const wchar_t *text, size_t length) {
  char *narrow = malloc(length * 4 + 1);
  if (!narrow) return NULL;
  unsigned char *out = (unsigned char *)narrow;
  for (size_t i = 0; i < length; i++) {
    unsigned long point = (unsigned long)text[i];
    if (point < 0x80) {
      *out++ = (unsigned char)point;
    } else if (point < 0x800) {
      *out++ = (unsigned char)(0xc0 | point >> 6);
      *out++ = (unsigned char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      *out++ = (unsigned char)(0xe0 | point >> 12);
      *out++ = (unsigned char)(0x80 | (point >> 6 & 0x3f));
      *out++ = (unsigned char)(0x80 | (point & 0x3f));
    } else {
      *out++ = (unsigned char)(0xf0 | (point >> 18 & 0x07));
      *out++ = (unsigned char)(0x80 | (point >> 12 & 0x3f));
      *out++ = (unsigned char)(0x80 | (point >> 6 & 0x3f));
      *out++ = (unsigned char)(0x80 | (point & 0x3f));
    }
  }
  *out = 0;
  return narrow;
}

int ccl_width(const wchar_t *text, size_t length) {
  int width = 0;
  bool hidden = false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == 1) {
      hidden = !hidden;
    } else if (!hidden) {
      int columns = wcwidth(text[i]);
      if (columns > 0) width += columns;
    }
  }
  return width;
}

int ccl_text_width(const char *text) {
  ccl_utf8_locale();
  wchar_t *wide = ccl_wide(text);
  if (!wide) return 0;
  int width = ccl_width(wide, wcslen(wide));
  free(wide);
  return width;
}

void ccl_utf8_locale(void) {
  static const char *const locales[] = {"", "C.UTF-8", "en_US.UTF-8", "UTF-8"};
  for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
    if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return;
    setlocale(LC_CTYPE, locales[i]);
  }
}
