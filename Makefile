# `make help` lists the verbs. Each installs what it needs and the machine lacks (.ci/setup).

CONFIG ?= debug
SHARED_DIR ?= $(abspath ..)/shared
SWIFT_BUILD = swift build -c $(CONFIG)
BINARY = .build/$(CONFIG)/sluice

export SHARED_DIR

.DEFAULT_GOAL := help
.PHONY: help run test build release unit end-to-end fuzz-lab test-asan test-tsan soak torture fuzz fuzz-keep \
    fuzz-coverage fuzz-proof bench format lint clean

help: ## list these verbs
	@echo "make VERB [CONFIG=debug|release]"
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS='	' read -r verb does; do \
	    printf '  %-14s %s\n' "$$verb" "$$does"; done

run: build ## build and serve for development: directory store, fresh secret; ARGS="--listen 127.0.0.1:9000"
	@exec $(BINARY) serve --dev $(ARGS)

test: ## build and run every test
	@.ci/setup test
	@$(SWIFT_BUILD) --build-tests
	@failed=; $(MAKE) --no-print-directory unit-only || failed=1; \
	    $(MAKE) --no-print-directory end-to-end-only || failed=1; \
	    $(MAKE) --no-print-directory fuzz-lab-only || failed=1; test -z "$$failed"

build: ## build the daemon
	@.ci/setup build
	@$(SWIFT_BUILD) --product sluice

release: ## build the daemon for use: optimised, Swift's own libraries linked in
	@.ci/setup build
	@swift build -c release --static-swift-stdlib --product sluice
	@ls -l .build/release/sluice

unit: ## build and run the Swift tests; ARGS="--filter HTTPWireTests"
	@.ci/setup test
	@$(SWIFT_BUILD) --build-tests
	@$(MAKE) --no-print-directory unit-only

end-to-end: build ## build and run the tests of the real daemon; ARGS="-k pipelining"
	@.ci/setup test
	@$(MAKE) --no-print-directory end-to-end-only

fuzz-lab: ## run the tests of the fuzz lab's own tools; ARGS="-k disk"
	@.ci/setup test
	@$(MAKE) --no-print-directory fuzz-lab-only

.PHONY: unit-only end-to-end-only fuzz-lab-only
unit-only:
	@PATH="$(abspath .venv-test/bin):$$PATH" swift test -c $(CONFIG) --skip-build --disable-xctest $(ARGS)

end-to-end-only:
	@SLUICE_BIN=$${SLUICE_BIN:-$(abspath $(BINARY))} .venv-test/bin/python -m pytest \
	    -c Tests/EndToEnd/pytest.ini Tests/EndToEnd $(ARGS)

fuzz-lab-only:
	@.venv-test/bin/python -m pytest -c Tests/FuzzLab/pytest.ini Tests/FuzzLab $(ARGS)

test-asan: ## the tests of pure targets and fences, and all fuzz seeds, under AddressSanitizer; ARGS="--filter TLS"
	@.ci/setup test
	@.ci/sanitized address $(ARGS)

test-tsan: ## the tests of pure targets, loops and threads, and all fuzz seeds, under ThreadSanitizer
	@.ci/setup test
	@.ci/sanitized thread $(ARGS)

soak: build ## ten minutes of good, bad and hostile clients at once: SOAK_SECONDS=600
	@.ci/setup test
	@SLUICE_BIN=$${SLUICE_BIN:-$(abspath $(BINARY))} .venv-test/bin/python Tests/Soak/soak.py
	@SLUICE_BIN=$${SLUICE_BIN:-$(abspath $(BINARY))} .venv-test/bin/python Tests/Soak/large.py
	@SLUICE_BIN=$${SLUICE_BIN:-$(abspath $(BINARY))} .venv-test/bin/python Tests/Soak/testssl.py

torture: build ## kill the daemon a thousand times, at every step and under load; ARGS="--kills 300"
	@.ci/setup test
	@SLUICE_BIN=$${SLUICE_BIN:-$(abspath $(BINARY))} .venv-test/bin/python Tests/Soak/torture.py $(ARGS)

fuzz: ## fuzz every target for a minute and report: T=JSON,Chunked RUN_SECONDS=60 JOBS=2 STATE=folder
	@.ci/setup fuzz
	@exec python3 Fuzz/Lab/campaign.py "$(T)" --seconds "$(or $(RUN_SECONDS),60)" \
	    $(if $(JOBS),--jobs "$(JOBS)") $(if $(STATE),--state "$(STATE)") $(ARGS)

fuzz-keep: ## copy what a campaign found and the seeds lack into Fuzz/Corpus: T=JSON STATE=folder
	@.ci/setup fuzz
	@exec python3 Fuzz/Lab/keep.py "$(T)" $(if $(STATE),--state "$(STATE)")

fuzz-coverage: ## what the committed fuzz inputs reach, held against a floor: T=RequestSplit GAPS=1
	@.ci/setup fuzz
	@python3 Fuzz/Lab/coverage.py --target "$(T)" $(if $(GAPS),--gaps) $(ARGS)

fuzz-proof: ## plant known bugs in a copy, one at a time, and see each found; N="05 host" chooses, ARGS=--table
	@.ci/setup fuzz
	@python3 Fuzz/Lab/proof.py $(N) $(ARGS)

bench: ## compare with rivals, by the bench in $SHARED_DIR; ARGS="up -p nginx-stream,sluice -w 10k:c64"
	@test -d "$(SHARED_DIR)/bench" || \
	    { echo "no bench in $(SHARED_DIR): set SHARED_DIR to the folder that holds bench/" >&2; exit 2; }
	@$(MAKE) --no-print-directory release
	@cd "$(SHARED_DIR)/bench" && { test -d venv || ./setup.sh; } && \
	    BENCH_SLUICE_BIN="$(abspath .build/release/sluice)" python3 bench.py $(or $(ARGS),check -p sluice,sluice-put)

format: ## lay the Swift sources out as .swift-format says
	@swift format --version >/dev/null 2>&1 || { echo "this toolchain has no swift format" >&2; exit 2; }
	@swift format format --in-place --parallel --recursive Package.swift Sources Tests Fuzz

lint: ## say where the Swift sources differ from .swift-format
	@swift format --version >/dev/null 2>&1 || { echo "this toolchain has no swift format" >&2; exit 2; }
	@swift format lint --strict --parallel --recursive Package.swift Sources Tests Fuzz

clean: ## remove what was built, the test environment and the development folder
	@rm -rf .build .build-* .venv-test .sluice-dev .pytest_cache
