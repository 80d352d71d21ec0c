#pragma once
#include <stddef.h>

/// The proxy's page, embedded so that the program works without its sources beside it.
const unsigned char *ccl_proxy_page(size_t *size);
