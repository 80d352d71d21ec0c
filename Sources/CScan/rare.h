#pragma once
#include <stddef.h>
#include <stdint.h>

static inline int is_rare(uint8_t x) {
  return x == '-' || x == '_' || x == 'I' || x == 'J' || x == 'B' || x == ':' || x == '=';
}

/// Separators are many: one counts only behind what may be the end of a credential's name, or as the beginning of `://`.
static inline int may_lead(const uint8_t *bytes, size_t at, size_t count) {
  if (bytes[at] != ':' && bytes[at] != '=') return 1;
  if (at + 2 < count && bytes[at + 1] == '/' && bytes[at + 2] == '/') return 1;
  size_t end = at;
  while (end > 0 && at - end < 8 &&
         (bytes[end - 1] == '"' || bytes[end - 1] == '\\' || bytes[end - 1] == '\'' || bytes[end - 1] == ' '))
    end--;
  if (end < 2) return 0;
  switch ((bytes[end - 2] | 0x20) << 8 | (bytes[end - 1] | 0x20)) {
  case 'e' << 8 | 'y': // key
  case 'e' << 8 | 'n': // token
  case 'e' << 8 | 't': // secret
  case 'r' << 8 | 'd': // password
  case 'w' << 8 | 'd': // passwd
  case 'o' << 8 | 'n': // authorization
    return 1;
  default: return 0;
  }
}
