# Two commands on a fresh machine that has Swift: `make setup` and `make test`. `make help` lists the rest.

PREFIX ?= /usr/local
RELEASE := .build/release/ccl-setup
# The words of daily use are those of the program: of the build here, or else of the one that is installed.
CCL_SETUP = $(or $(wildcard $(RELEASE)),$(shell command -v ccl-setup),$(error There is no ccl-setup yet: run make setup))

# Exclusive access is checked at run time in the debug build, which the unit tests run; in the release each check is a call
# on the way of every byte.
release_flags := -Xswiftc -enforce-exclusivity=unchecked

# On Linux everything but the C library is linked statically, so that the binary runs on a machine without Swift and
# libedit: a folder with nothing but static libraries comes first on the search path. No symbol is exported (saves 4 MB),
# functions that are the same machine code are kept once (0.5 MB).
ifeq ($(shell uname),Linux)
static_libraries := edit bsd md tinfo z stdc++ gcc_eh
release_flags += --static-swift-stdlib -Xswiftc -L.build/static $(patsubst %,-Xlinker -l%,bsd md tinfo) \
  -Xlinker --gc-sections -Xlinker --icf=safe -Xlinker --no-export-dynamic -Xlinker -s
endif

.DEFAULT_GOAL := help
.PHONY: help setup build test bench soak faults fuzz install uninstall format lint parts \
  start start-gpu stop status warm pull models alias context remove profile update doctor fix shell logs clean \
  start-proxy logs-proxy

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 } /^## / { print "\n" substr($$0, 4) }' \
	  $(MAKEFILE_LIST)

## On a fresh machine

setup: ## Install what the build needs (or say what to run), build, start the wizard
	@scripts/check-swift
	@scripts/parts build
	@$(MAKE) --no-print-directory build
	@$(RELEASE)

install: build ## Install the program into PREFIX/bin (default: /usr/local)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 $(RELEASE) "$(DESTDIR)$(PREFIX)/bin/ccl-setup"
	install -d "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -m 644 templates/man/ccl-setup.1 "$(DESTDIR)$(PREFIX)/share/man/man1/ccl-setup.1"

uninstall: ## Take the program away again (what it set up: ccl-setup uninstall)
	rm -f "$(DESTDIR)$(PREFIX)/bin/ccl-setup" "$(DESTDIR)$(PREFIX)/share/man/man1/ccl-setup.1"

## For working on it

build: ## Build the release: one binary that needs only the C library
ifdef static_libraries
	@mkdir -p .build/static
	@for name in $(static_libraries); do \
	  case $$(cc -print-file-name=lib$$name.a) in \
	    /*) ln -sf "$$(cc -print-file-name=lib$$name.a)" ".build/static/lib$$name.a" ;; \
	    *) echo "make build: no static lib$$name, the shared one is used" ;; \
	  esac; \
	done
	@ln -sf libgcc_eh.a .build/static/libgcc_s.a
endif
	swift build -c release --product ccl-setup $(release_flags)

test: ## Install the real parts, then lint, unit tests, release build and end-to-end tests
	@scripts/test

bench: build ## Measure what the project promises about speed
	@Benchmarks/run

soak: build ## Hold the proxy under everything that clients and engines do to it
	@Soak/run

faults: ## Kill it and fail its disk hundreds of times: nothing may be lost
	@Faults/run

fuzz: ## Feed what parses foreign bytes with libFuzzer's, ten minutes each
	@Fuzz/run

parts: ## Install the real parts that the tests need
	@scripts/parts all

format: ## Format the Swift sources
	swift format -i -r Package.swift Sources Tests Fuzz/Package.swift Fuzz/Sources/fuzz Fuzz/Sources/Fuzzed

lint: ## Check format and shell scripts
	swift format lint --strict -r Package.swift Sources Tests Fuzz/Package.swift Fuzz/Sources/fuzz Fuzz/Sources/Fuzzed
	shellcheck -x scripts/check-release scripts/check-swift scripts/parts scripts/parts.d/* scripts/test Benchmarks/run Faults/run Fuzz/run .ci/run

# To the shell they go as values, whatever is in them.
export MODEL FROM TO SIZE NAME PROFILE

## Daily use: the same words as `ccl-setup WORD`

start: ## Start Ollama
	@$(CCL_SETUP) start
start-gpu: ## Start Ollama on an NVIDIA GPU
	@$(CCL_SETUP) start --gpu
stop: ## Stop everything
	@$(CCL_SETUP) proxy stop
	@$(CCL_SETUP) stop
status: ## Show what runs
	@$(CCL_SETUP) status
warm: ## Have the model read Claude Code's own prompt beforehand
	@$(CCL_SETUP) warm
pull: ## Download a model: make pull MODEL=qwen3:1.7b
	@: $(if $(MODEL),,$(error Which model? make pull MODEL=qwen3:1.7b))
	@$(CCL_SETUP) pull "$$MODEL"
models: ## List the downloaded models
	@$(CCL_SETUP) models
alias: ## Give a model another name: make alias FROM=qwen3:1.7b TO=claude-sonnet-4-6
	@: $(if $(and $(FROM),$(TO)),,$(error Which names? make alias FROM=qwen3:1.7b TO=claude-sonnet-4-6))
	@$(CCL_SETUP) alias "$$FROM" "$$TO"
context: ## Give a model more context: make context MODEL=qwen3-coder SIZE=64k
	@: $(if $(and $(MODEL),$(SIZE)),,$(error Which model and size? make context MODEL=qwen3-coder SIZE=64k))
	@$(CCL_SETUP) context "$$MODEL" "$$SIZE"
remove: ## Take back one model, alias or context: make remove NAME=claude-sonnet-4-6
	@: $(if $(NAME),,$(error Which one? make remove NAME=claude-sonnet-4-6))
	@$(CCL_SETUP) remove "$$NAME"
profile: ## All of the client's tools, or six: make profile PROFILE=lean
	@: $(if $(PROFILE),,$(error Which one? make profile PROFILE=lean))
	@$(CCL_SETUP) profile "$$PROFILE"
update: ## Say what could be newer, and bring the container up to date
	@$(CCL_SETUP) update
doctor: ## Look at the whole setup and say what is broken
	@$(CCL_SETUP) doctor
fix: ## Show the repair of what is broken, and do it
	@$(CCL_SETUP) fix
shell: ## Open a shell in the container
	@$(CCL_SETUP) shell
logs: ## Show Ollama's log
	@$(CCL_SETUP) logs
start-proxy: ## Start Ollama and the logging proxy
	@$(CCL_SETUP) start
	@$(CCL_SETUP) proxy --detach
logs-proxy: ## Watch the traffic
	@$(CCL_SETUP) proxy --follow
clean: ## Remove containers and volumes: deletes the models, asks first
	@$(CCL_SETUP) clean
