#pragma once
#include <stddef.h>

struct ccl_proxy_text {
  const unsigned char *bytes;
  size_t count;
};

struct ccl_proxy_page {
  struct ccl_proxy_text page;
  struct ccl_proxy_text style;
  struct ccl_proxy_text script;
};

/// The proxy's page and what belongs into it, embedded so that the program works without its sources beside it.
struct ccl_proxy_page ccl_proxy_page(void);
