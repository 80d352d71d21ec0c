#pragma once
#include <stddef.h>
#include <stdint.h>

// SHA-256 by the system's own library (libmd on Linux, which libedit already brings; CommonCrypto on macOS).
void ccl_sha256(const uint8_t *bytes, size_t count, uint8_t digest[32]);
