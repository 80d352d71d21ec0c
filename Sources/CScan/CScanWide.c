#if defined(__x86_64__)
#include "rare.h"
#include "wide.h"
#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,bmi,popcnt"))), apply_to = function)

enum { WIDTH = 32 };
#define ALL 0xFFFFFFFFu
#define LINKAGE
#define NAMED(name) ccl_wide_##name

typedef __m256i block;
static inline block load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline void store(uint8_t *p, block b) { _mm256_storeu_si256((__m256i *)p, b); }
static inline block is(block b, char c) { return _mm256_cmpeq_epi8(b, _mm256_set1_epi8(c)); }
static inline uint32_t mask(block b) { return (uint32_t)_mm256_movemask_epi8(b); }
static inline block either(block a, block b) { return _mm256_or_si256(a, b); }
static inline block folded(block b) { return either(b, _mm256_set1_epi8(0x20)); }
static inline uint32_t equal(block b, char c) { return mask(is(b, c)); }
static inline uint32_t same(block a, block b) { return mask(_mm256_cmpeq_epi8(a, b)); }
static inline uint32_t rare(block b) {
  block punctuation = either(is(b, '-'), is(b, '_')), capital = either(either(is(b, 'I'), is(b, 'J')), is(b, 'B'));
  return mask(either(either(punctuation, capital), either(is(b, ':'), is(b, '='))));
}
static inline uint32_t special(block b) {
  // As signed numbers, control characters and everything beyond ASCII are less than a space.
  block low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), b);
  return mask(either(low, either(is(b, '"'), is(b, '\\'))));
}

#include "walk.h"

#pragma clang attribute pop
#endif
