// The files of the top folders, inside the program: the installed binary needs nothing beside it.
// `#embed` is C23: https://www.open-std.org/jtc1/sc22/wg14/www/docs/n3017.htm

#include "CAssets.h"
#include <string.h>

static const unsigned char bash_function[] = {
#embed "../../templates/bash/claude-local.bash"
};
static const unsigned char bash_rc_line[] = {
#embed "../../templates/bash/rc-line.bash"
};
static const unsigned char zsh_function[] = {
#embed "../../templates/zsh/claude-local.zsh"
};
static const unsigned char zsh_rc_line[] = {
#embed "../../templates/zsh/rc-line.zsh"
};
static const unsigned char fish_function[] = {
#embed "../../templates/fish/claude-local.fish"
};
static const unsigned char bash_completion[] = {
#embed "../../templates/bash/completion.bash"
};
static const unsigned char zsh_completion[] = {
#embed "../../templates/zsh/completion.zsh"
};
static const unsigned char fish_completion[] = {
#embed "../../templates/fish/ccl-setup.fish"
};
static const unsigned char fish_function_completion[] = {
#embed "../../templates/fish/claude-local-completion.fish"
};
static const unsigned char manual[] = {
#embed "../../templates/man/ccl-setup.1"
};
static const unsigned char claude_settings[] = {
#embed "../../templates/claude/settings.json"
};
static const unsigned char compose[] = {
#embed "../../docker-compose.yml"
};
static const unsigned char compose_gpu[] = {
#embed "../../docker-compose.gpu.yml"
};
static const unsigned char dockerfile[] = {
#embed "../../Dockerfile"
};
static const unsigned char environment_example[] = {
#embed "../../.env.example"
};
static const unsigned char catalogue[] = {
#embed "../../models/catalogue.json"
};
static const unsigned char modelfile[] = {
#embed "../../models/Modelfile"
};

static const struct {
  const char *path;
  const unsigned char *bytes;
  size_t size;
} assets[] = {
    {"templates/bash/claude-local.bash", bash_function, sizeof bash_function},
    {"templates/bash/rc-line.bash", bash_rc_line, sizeof bash_rc_line},
    {"templates/zsh/claude-local.zsh", zsh_function, sizeof zsh_function},
    {"templates/zsh/rc-line.zsh", zsh_rc_line, sizeof zsh_rc_line},
    {"templates/fish/claude-local.fish", fish_function, sizeof fish_function},
    {"templates/bash/completion.bash", bash_completion, sizeof bash_completion},
    {"templates/zsh/completion.zsh", zsh_completion, sizeof zsh_completion},
    {"templates/fish/ccl-setup.fish", fish_completion, sizeof fish_completion},
    {"templates/fish/claude-local-completion.fish", fish_function_completion,
     sizeof fish_function_completion},
    {"templates/man/ccl-setup.1", manual, sizeof manual},
    {"templates/claude/settings.json", claude_settings, sizeof claude_settings},
    {"docker-compose.yml", compose, sizeof compose},
    {"docker-compose.gpu.yml", compose_gpu, sizeof compose_gpu},
    {"Dockerfile", dockerfile, sizeof dockerfile},
    {".env.example", environment_example, sizeof environment_example},
    {"models/catalogue.json", catalogue, sizeof catalogue},
    {"models/Modelfile", modelfile, sizeof modelfile},
};

const unsigned char *ccl_asset(const char *path, size_t *size) {
  for (size_t i = 0; i < sizeof assets / sizeof *assets; i++) {
    if (strcmp(assets[i].path, path) == 0) {
      *size = assets[i].size;
      return assets[i].bytes;
    }
  }
  *size = 0;
  return NULL;
}
