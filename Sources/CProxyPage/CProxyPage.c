#include "CProxyPage.h"

static const unsigned char page[] = {
#embed "../../templates/proxy/page.html"
};

static const unsigned char style[] = {
#embed "../../templates/proxy/style/base.css"
    ,
#embed "../../templates/proxy/style/frame.css"
    ,
#embed "../../templates/proxy/style/list.css"
    ,
#embed "../../templates/proxy/style/detail.css"
    ,
#embed "../../templates/proxy/style/talk.css"
};

// One after the other they are one script: words first, the beginning last.
static const unsigned char script[] = {
#embed "../../templates/proxy/script/words.js"
    ,
#embed "../../templates/proxy/script/exchanges.js"
    ,
#embed "../../templates/proxy/script/list.js"
    ,
#embed "../../templates/proxy/script/detail.js"
    ,
#embed "../../templates/proxy/script/prompt.js"
    ,
#embed "../../templates/proxy/script/events.js"
    ,
#embed "../../templates/proxy/script/difference.js"
    ,
#embed "../../templates/proxy/script/talk.js"
    ,
#embed "../../templates/proxy/script/start.js"
};

struct ccl_proxy_page ccl_proxy_page(void) {
  return (struct ccl_proxy_page){
      {page, sizeof page}, {style, sizeof style}, {script, sizeof script}};
}
