#include "CProxyPage.h"

static const unsigned char page[] = {
#embed "../../templates/proxy/page.html"
};

const unsigned char *ccl_proxy_page(size_t *size) {
  *size = sizeof page;
  return page;
}
