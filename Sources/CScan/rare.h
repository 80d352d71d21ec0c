#pragma once
#include <stdint.h>

static inline int is_rare(uint8_t x) {
  return x == '-' || x == '_' || x == 'I' || x == 'J' || x == 'B' || x == 'z' || x == 'Z';
}
