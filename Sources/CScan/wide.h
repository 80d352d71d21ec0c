#pragma once
#include "CScan.h"

// The walks thirty-two bytes at a time, for processors with AVX2.
size_t ccl_wide_same(const uint8_t *a, const uint8_t *b, size_t count);
size_t ccl_wide_next_rare(const uint8_t *bytes, size_t start, size_t count);
size_t ccl_wide_skip_json(const uint8_t *bytes, size_t start, size_t count);
ccl_escaped ccl_wide_escape(uint8_t *target, const uint8_t *source, size_t count);
