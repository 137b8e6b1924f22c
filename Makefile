# `make run` starts a development server; `make test` runs every test. The rest is for developers.

CARGO = cargo
export CARGO_TERM_COLOR ?= auto
FUZZ_SECONDS ?= 60

.PHONY: run build dist test test-rust test-sdk fuzz lint codegen docs bench clean

run: ## Start a development server that keeps its keys in .trent
	$(CARGO) run --release --package trent -- dev --data-dir .trent

build:
	$(CARGO) build --release --package trent

dist: ## The binary to install, target/dist/trent: as `build`, optimized as a whole
	$(CARGO) build --profile dist --package trent

test: test-rust test-sdk ## Run every test

test-rust:
	$(CARGO) test --release --workspace

test-sdk: build
	scripts/python-env
	scripts/node-env
	scripts/softhsm
	.venv/bin/pytest -c tests/pytest.ini tests
	TRENT_TEST_STORE=postgres .venv/bin/pytest -c tests/pytest.ini tests/sdk

fuzz: ## Fuzz every target for FUZZ_SECONDS
	scripts/fuzz $(FUZZ_SECONDS)

lint: ## Check format, lints, generated files, the table of permissions
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings
	$(CARGO) xtask codegen --check
	$(CARGO) xtask compatibility --check
	$(CARGO) xtask coverage --check

codegen: ## Write what is generated: the API types and docs/compatibility.md
	$(CARGO) xtask codegen
	$(CARGO) xtask compatibility

bench: dist ## Measure; prints ratios to a bare echo of the same run
	$(CARGO) run --profile dist --package trent-bench

clean:
	$(CARGO) clean
	rm -rf .venv .trent tests/clients/node_modules
