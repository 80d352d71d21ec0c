#include "CScan.h"
#include "rare.h"
#include <string.h>

// A block is sixteen bytes, a mask has one bit for each of them. CScanWide.c has twice as many.
enum { WIDTH = 16 };
#define ALL 0xFFFFu
#define LINKAGE static
#define NAMED(name) narrow_##name

#if defined(__SSE2__)
#include <emmintrin.h>
typedef __m128i block;
static inline block load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
static inline void store(uint8_t *p, block b) { _mm_storeu_si128((__m128i *)p, b); }
static inline uint32_t equal(block b, char c) { return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(b, _mm_set1_epi8(c))); }
static inline uint32_t same(block a, block b) { return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)); }
static inline uint32_t rare(block b) {
  block found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, _mm_set1_epi8('-')), _mm_cmpeq_epi8(b, _mm_set1_epi8('_'))),
                             _mm_or_si128(_mm_cmpeq_epi8(b, _mm_set1_epi8('I')), _mm_cmpeq_epi8(b, _mm_set1_epi8('J'))));
  block separators = _mm_or_si128(_mm_cmpeq_epi8(b, _mm_set1_epi8(':')), _mm_cmpeq_epi8(b, _mm_set1_epi8('=')));
  found = _mm_or_si128(found, _mm_or_si128(_mm_cmpeq_epi8(b, _mm_set1_epi8('B')), separators));
  return (uint32_t)_mm_movemask_epi8(found);
}
static inline uint32_t special(block b) {
  // As signed numbers, control characters and everything beyond ASCII are less than a space.
  block found = _mm_or_si128(_mm_cmplt_epi8(b, _mm_set1_epi8(0x20)),
                             _mm_or_si128(_mm_cmpeq_epi8(b, _mm_set1_epi8('"')), _mm_cmpeq_epi8(b, _mm_set1_epi8('\\'))));
  return (uint32_t)_mm_movemask_epi8(found);
}
static inline block folded(block b) { return _mm_or_si128(b, _mm_set1_epi8(0x20)); }
#else
typedef struct { uint8_t bytes[16]; } block;
static inline block load(const uint8_t *p) { block b; memcpy(&b, p, 16); return b; }
static inline void store(uint8_t *p, block b) { memcpy(p, &b, 16); }
#define EACH(condition) \
  uint32_t mask = 0; \
  for (int i = 0; i < 16; i++) { uint8_t x = b.bytes[i]; (void)x; mask |= (uint32_t)(condition) << i; } \
  return mask;
static inline uint32_t equal(block b, char c) { EACH(x == (uint8_t)c) }
static inline uint32_t same(block b, block a) { EACH(x == a.bytes[i]) }
static inline uint32_t rare(block b) { EACH(is_rare(x)) }
static inline uint32_t special(block b) { EACH(x < 0x20 || x >= 0x80 || x == '"' || x == '\\') }
static inline block folded(block b) { for (int i = 0; i < 16; i++) b.bytes[i] |= 0x20; return b; }
#endif

#include "walk.h"

// ---- the width that this machine has ----

static _Atomic bool is_narrow;
void ccl_walk_narrowly(bool narrowly) { is_narrow = narrowly; }

#if defined(__x86_64__)
#include "wide.h"
#define WALK(name, ...) \
  (!is_narrow && __builtin_cpu_supports("avx2") ? ccl_wide_##name(__VA_ARGS__) : narrow_##name(__VA_ARGS__))
#else
#define WALK(name, ...) narrow_##name(__VA_ARGS__)
#endif

size_t ccl_same(const uint8_t *a, const uint8_t *b, size_t count) { return WALK(same, a, b, count); }
size_t ccl_next_rare(const uint8_t *bytes, size_t start, size_t count) { return WALK(next_rare, bytes, start, count); }
size_t ccl_skip_json(const uint8_t *bytes, size_t start, size_t count) { return WALK(skip_json, bytes, start, count); }
ccl_escaped ccl_escape(uint8_t *target, const uint8_t *source, size_t count) { return WALK(escape, target, source, count); }
