# SPDX-License-Identifier: Apache-2.0
# Builds an application of modules with GNU make. Its Makefile is
#     NAME = cafe
#     include $(shell pkg-config --variable=makefile ashlar)
# `make V=1` shows the commands.
#
# It takes the *.c beside the Makefile and in each folder of $(MODULES) that has a module.yaml, and
# the files of $(PAGE), where there is such a folder, as the program's assets. A module's .proto has
# the module's name. A test_*.c is a program of its own, linked with all of it but main.c.
#
# To be set before the include: NAME, and what here has a `?=`. Rules after it are your own.

MODULES ?= modules
PAGE ?= page
OUT ?= build
CFLAGS ?= -O2 -g -Wall -Wextra
PROTOC ?= protoc
PKG_CONFIG ?= pkg-config

ifndef V
say = @echo "  $(1)"; 
endif
ashlar_get = $(shell $(PKG_CONFIG) --variable=$(1) ashlar)
ashlar_flags := $(shell $(PKG_CONFIG) --cflags ashlar) -I. -I$(OUT)/made
ashlar_libs := $(shell $(PKG_CONFIG) --libs ashlar)
ashlar_program := $(call ashlar_get,ashlar)

folders := $(patsubst %/module.yaml,%,$(wildcard $(MODULES)/*/module.yaml))
names := $(notdir $(folders))
made := $(foreach part,pb-c port module,$(names:%=$(OUT)/made/%.$(part)))
tests := $(foreach folder,$(folders),$(wildcard $(folder)/test_*.c))
sources := $(wildcard *.c) $(filter-out $(tests),$(foreach folder,$(folders),$(wildcard $(folder)/*.c)))
page := $(wildcard $(PAGE)/*)
objects := $(sources:%.c=$(OUT)/%.o) $(made:%=%.o) $(if $(page),$(OUT)/made/page.o)
programs := $(tests:%.c=$(OUT)/%)

.PHONY: all run test check clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(OUT)/$(NAME)

run: all
	@$(OUT)/$(NAME) run

# All tests, and what crosses the boundaries.
test: all $(programs)
	@failed=0; for program in $(programs); do $$program || failed=1; done; \
	$(ashlar_program) check --quiet || failed=1; exit $$failed

check:
	@$(ashlar_program) check

clean:
	rm -rf $(OUT)

$(OUT)/$(NAME): $(objects)
	$(call say,link $@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ashlar_libs)

$(programs): $(OUT)/%: $(OUT)/%.o $(filter-out $(OUT)/main.o,$(objects))
	$(call say,link $@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ashlar_libs)

# What is made must be there before anything is compiled that may include it.
headers := $(made:%=%.h) $(names:%=$(OUT)/made/%.messages.h) $(if $(page),$(OUT)/made/page.h)

$(OUT)/made/%.o: $(OUT)/made/%.c | $(headers)
	$(call say,cc   $<)$(CC) $(ashlar_flags) $(CPPFLAGS) $(CFLAGS) -w -MMD -MP -c -o $@ $<

$(OUT)/%.o: %.c | $(headers)
	@mkdir -p $(@D)
	$(call say,cc   $<)$(CC) $(ashlar_flags) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The plug-in comes first: it tells what is wrong with its line. The folder is a prerequisite, so
# that a migration that was taken away is noticed too; and all messages are, for one .proto may
# import another.
.SECONDEXPANSION:
$(OUT)/made/%.pb-c.c $(OUT)/made/%.pb-c.h $(OUT)/made/%.port.c $(OUT)/made/%.port.h \
$(OUT)/made/%.messages.h $(OUT)/made/%.module.c $(OUT)/made/%.module.h: $(MODULES)/%/module.yaml $$(MODULES)/$$*/$$*.proto \
		$(wildcard $(MODULES)/*/*.proto) $$(wildcard $$(MODULES)/$$*/migrations $$(MODULES)/$$*/migrations/*.sql)
	@mkdir -p $(@D)
	$(call say,make C of $(MODULES)/$*)$(PROTOC) -I$(MODULES)/$* $(folders:%=-I%) -I$(call ashlar_get,includedir) \
		--plugin=$(call ashlar_get,protoc_gen_ashlar) \
		--ashlar_out=$(OUT)/made --ashlar_opt=contract=$(MODULES)/$*/module.yaml \
		--c_out=$(OUT)/made $*.proto

$(OUT)/made/page.h: $(OUT)/made/page.c ;
$(OUT)/made/page.c: $(page)
	@mkdir -p $(@D)
	$(call say,make C of $(PAGE))$(call ashlar_get,assets) --header page.h PAGE $(OUT)/made/page.c $^

-include $(objects:.o=.d) $(programs:=.d)
