# Every command that a user or developer needs. Set-up (Debian and Python packages) happens by itself.
SHELL := /bin/bash
BUILD := build
PREFIX ?= /usr/local
PYTHON := $(BUILD)/venv/bin/python
# Other run-time systems that `make bench` measures where they can be had.
PEERS := $(BUILD)/bench/peers
CONFIGURE := -DSQUINT_WERROR=$(or $(SQUINT_WERROR),OFF)
# Lets a compiler cache serve clones in other folders.
export CCACHE_BASEDIR := $(CURDIR)

.DEFAULT_GOAL := help
.PHONY: help setup configure build sanitized demo test docs bench bench-gpu tune tune-nvptx fuzz install clean conformance nightly golden-methods

help:
	@echo 'make demo      compile a sentence encoder in float, int8 and int4, and compare it with ONNX Runtime;'
	@echo '               compile a language model to four bits, and let it write a story'
	@echo 'make test      build and run all tests'
	@echo 'make conformance  run the ONNX backend tests in SUITE (folders or archives; default: those of SQUINT_TEST_DATA)'
	@echo 'make nightly   all of test, conformance and fuzz, and 2,000 random graphs against ONNX Runtime; SEED=N'
	@echo 'make build     build the tools into $(BUILD)/bin'
	@echo 'make docs      generate the reference of operators, passes and formats into $(BUILD)/docs'
	@echo 'make bench     measure: machine limits, kernels against them, models beside other systems'
	@echo '               BENCH="--quick --filter=REGEX --json=FILE --compare=FILE"'
	@echo 'make bench-gpu measure products on an NVIDIA GPU beside cuBLAS, and decoding; BENCH="--shape=NxK --model=FILE.gguf"'
	@echo 'make tune      measure which tiles are best here, for lib/Target/Tuning.def; TUNE="--cpu=CPU"'
	@echo 'make tune-nvptx  the same on an NVIDIA GPU, for lib/Kernels/Gpu/Tiles.def; TUNE="--write"'
	@echo 'make fuzz      fuzz what reads files under sanitizers, a minute each; FUZZ="--seconds=N --only=NAME"'
	@echo 'make golden-methods  write anew what other packages make of one layer (downloads some gigabytes)'
	@echo 'make install   install tools, headers and the CMake package into PREFIX ($(PREFIX))'
	@echo 'make clean     remove what was built (the Python environment stays)'

setup:
	@setup/install.sh $(BUILD)

# Configured again only when the settings change; a changed CMakeLists.txt is ninja's affair.
configure: setup
	@if [ ! -f $(BUILD)/build.ninja ] || [ "$$(cat $(BUILD)/settings 2>/dev/null)" != "$(CONFIGURE)" ]; then \
	  echo '== configuring $(BUILD)'; \
	  cmake --preset release $(CONFIGURE) > $(BUILD)/configure.log 2>&1 || { cat $(BUILD)/configure.log; exit 1; }; \
	  echo '$(CONFIGURE)' > $(BUILD)/settings; \
	fi

build: configure
	@echo '== building the tools'
	@ninja -C $(BUILD) squint-tools

demo: build
	@echo '== running the demo'
	@$(PYTHON) examples/encoder/demo.py --bin $(BUILD)/bin --work $(BUILD)/demo
	@$(PYTHON) examples/llm/demo.py --bin $(BUILD)/bin --work $(BUILD)/demo

test: build sanitized
	@echo '== building the unit tests'
	@ninja -C $(BUILD) squint-unit-tests
	@ninja -C $(BUILD) check-squint

SUITE ?= $(wildcard $(or $(SQUINT_TEST_DATA),../shared/data)/onnx_backend/*.tar.gz)
conformance: build
	@$(PYTHON) test/Conformance/run.py $(SUITE) --bin $(BUILD)/bin --work $(BUILD)/conformance \
	  --list $(BUILD)/conformance.txt; status=$$?; echo '== the list is in $(BUILD)/conformance.txt'; exit $$status

# What takes too long for every change: all tests, the ONNX backend suite, thousands of random graphs, the fuzzers.
nightly: test conformance fuzz
	@mkdir -p $(BUILD)/random-graphs
	@SQUINT_BIN=$(BUILD)/bin PYTHONPATH=test/Support $(PYTHON) test/Integration/random-graphs.py $(BUILD)/random-graphs $(or $(SEED),1000) 2000

docs: configure
	@ninja -C $(BUILD) squint-docs
	@echo '== the reference is in $(BUILD)/docs'

bench: build
	@ninja -C $(BUILD) squint-bench
	@[ -d $(PEERS) ] || $(PYTHON) -m pip install -q --no-deps --target $(PEERS) -r bench/requirements.txt || echo '== without OpenVINO'
	@$(PYTHON) bench/bench.py --bin $(BUILD)/bin --work $(BUILD)/bench/work --kernels $(BUILD)/bench/squint-bench \
	  --peers $(PEERS) $(BENCH)

bench-gpu: build
	@$(PYTHON) bench/gpu.py --bin $(BUILD)/bin --work $(BUILD)/bench/work $(BENCH)

tune: configure
	@ninja -C $(BUILD) KernelBench
	@$(PYTHON) bench/tune.py --kernel-bench $(BUILD)/bench/KernelBench $(TUNE)

tune-nvptx: build
	@$(PYTHON) bench/tune_nvptx.py --bin $(BUILD)/bin --work $(BUILD)/bench/work $(TUNE)

# What reads untrusted bytes is built a second time.
sanitized: setup
	@if [ ! -f $(BUILD)/asan-ubsan/build.ninja ]; then \
	  echo '== configuring $(BUILD)/asan-ubsan'; \
	  cmake --preset asan-ubsan > $(BUILD)/configure-asan.log 2>&1 || { cat $(BUILD)/configure-asan.log; exit 1; }; \
	fi
	@echo '== building the importer and the fuzzers with sanitizers'
	@ninja -C $(BUILD)/asan-ubsan squint-translate squint-fuzzers

fuzz: sanitized
	@$(PYTHON) test/Support/fuzz.py --bin $(BUILD)/asan-ubsan/bin --work $(BUILD)/fuzz $(FUZZ)

golden-methods:
	@[ -d $(BUILD)/golden-venv ] || python3 -m venv $(BUILD)/golden-venv
	@$(BUILD)/golden-venv/bin/pip install -q --prefer-binary -r test/Support/golden-requirements.txt
	@$(BUILD)/golden-venv/bin/pip install -q --no-deps --no-build-isolation autoawq==0.2.9 auto-gptq==0.7.1
	@$(BUILD)/golden-venv/bin/python test/Support/golden_methods.py
	@$(BUILD)/golden-venv/bin/python test/Support/golden_packings.py

install: build
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	@if [ -f $(BUILD)/build.ninja ]; then ninja -C $(BUILD) -t clean; fi
