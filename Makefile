# SPDX-License-Identifier: Apache-2.0
# A thin front for Meson: `make run`, `make test`. What is missing is installed by tools/setup.
#   make run                  the shop, on SQLite; Ctrl-C ends it
#   make run STORE=postgres   the same on a PostgreSQL of its own
#   make run PLACEMENT=three  the same in the processes of examples/shop/deploy/three.yaml, on
#                             its ports
#   make run PORT=9000        on that port instead of 8080, or another where that is taken
#   make run REPO=path        what the tree there is made of

REPO ?=
STORE ?= sqlite
PORT ?=
PLACEMENT ?=
BUILD = build/release
CHECKED = build/checked

.PHONY: run build test gates bench bench-tax oracle fuzz kills install clean

run: build
ifeq ($(REPO),)
	@$(if $(filter postgres,$(STORE)),tools/setup build postgres,:)
	@PORT='$(PORT)' tools/shop $(BUILD) '$(STORE)' '$(PLACEMENT)'
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

# What distribution costs: docs/tax.md. About a quarter of an hour.
bench-tax:
	@tools/setup build test
	@bench/tax/run --rounds 2

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
