# SPDX-License-Identifier: Apache-2.0
# A thin front for Meson: `make run`, `make test`. What is missing is installed by tools/setup.
#   make run                  the shop, on SQLite; Ctrl-C ends it
#   make run STORE=postgres   the same on a PostgreSQL of its own
#   make run REPO=path        what the tree there is made of

REPO ?=
STORE ?= sqlite
BUILD = build/release
CHECKED = build/checked

.PHONY: run build test gates bench oracle fuzz kills install clean

run: build
ifeq ($(REPO),)
	@$(if $(filter postgres,$(STORE)),tools/setup build postgres,:)
	@tools/shop $(BUILD) '$(STORE)'
else
	@printf '\n'
	@$(BUILD)/src/cli/ashlar check $(if $(filter .,$(REPO)),,'$(REPO)')
endif

build:
	@tools/setup build
	@[ -d $(BUILD) ] || meson setup $(BUILD) --buildtype=release -Dwerror=false -Dtests=false >/dev/null
	@tools/quietly "building an optimised ashlar in $(BUILD)" ninja -C $(BUILD)

test:
	@tools/setup build test
	@tools/test

# The gates of docs/development.md: format, style, clang-tidy, ashlar on itself.
gates:
	@tools/setup build test
	@tools/gates

bench:
	@tools/setup build test
	@bench/run

oracle:
	@tools/setup build test
	@tests/oracle/run

fuzz:
	@tools/setup build test
	@tests/fuzz/run 600

# 1,000 rounds of kills over each store, every fault point, disks and servers that go away.
kills:
	@tools/setup build test
	@tools/kills

# PREFIX is /usr/local unless it is given, or was before.
install: build
	@[ -z '$(PREFIX)' ] || meson configure $(BUILD) --prefix='$(abspath $(PREFIX))'
	@tools/quietly "installing" meson install -C $(BUILD)

clean:
	rm -rf build
