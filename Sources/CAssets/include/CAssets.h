#pragma once
#include <stddef.h>

/// The bytes of an embedded file by its path from the package's top folder, NULL when it is not embedded.
const unsigned char *ccl_asset(const char *path, size_t *size);
