#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Walks over bytes sixteen or thirty-two at a time. They are here and not in Swift because the recorder spends nearly all its time in
// them, and Swift's SIMD types have no move-mask (measured: five times the time for the same walk).

/// Count of bytes at the beginning of `a` and `b` that are the same, at most `count`.
size_t ccl_same(const uint8_t *a, const uint8_t *b, size_t count);

/// First index from `start` on of one of the bytes by which keys are recognised (`-`, `_`, `I`, `J`, `B`, and `:` or `=`
/// behind what may be a credential's name); `count` if there is none.
size_t ccl_next_rare(const uint8_t *bytes, size_t start, size_t count);

/// Index after the JSON value that begins at `start`; 0 if it does not end before `count`. The value is not validated.
size_t ccl_skip_json(const uint8_t *bytes, size_t start, size_t count);

typedef struct {
  size_t used;
  size_t written;
  /// What stands at `used`: 0 the end, 1 a character that is cut off by the end, 2 bytes that are not UTF-8.
  int state;
} ccl_escaped;

/// Writes the inside of a JSON string; `target` has room for six bytes for each of the source's, and sixteen more.
ccl_escaped ccl_escape(uint8_t *target, const uint8_t *source, size_t count);

/// For tests of the walks of processors without AVX2 on one that has it.
void ccl_walk_narrowly(bool narrowly);
