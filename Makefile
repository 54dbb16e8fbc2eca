# PYTHON= names another Python, PORT= another port, ARGS= is passed on.
PYTHON ?= python3
UV ?= uv
export PORT ARGS APP NAME
EXPORT = $(UV) export --quiet --frozen --no-emit-project --no-header
BOOTSTRAP = $(PYTHON) -m embedded.bootstrap

.PHONY: help run dev test lint fmt bench manage migration lock clean
help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10
run: ## Start everything and serve on PORT (8000) until Ctrl-C
	@$(BOOTSTRAP) run
dev: ## As run, restarting on changes, with DEBUG and all output on the console
	@$(BOOTSTRAP) dev
test: ## Lint, types, checks and all tests; ARGS="tests/events -k join" runs only those
	@$(BOOTSTRAP) test
lint: ## Ruff, mypy and the import rules
	@$(BOOTSTRAP) lint
fmt: ## Mend style and format
	@$(BOOTSTRAP) fmt
bench: ## Measure speed (tests/load)
	@$(BOOTSTRAP) bench
manage: ## Run manage.py ARGS on what `make run` has running
	@$(BOOTSTRAP) manage
migration: ## Write the migration NAME of APP for what changed in its models
	@$(BOOTSTRAP) migration
lock: ## Lock the dependencies and export them with hashes; ARGS=--upgrade takes newer ones
	$(UV) lock $(ARGS)
	$(EXPORT) -o requirements/base.txt
	$(EXPORT) --group production -o requirements/production.txt
	$(EXPORT) --group production --group local -o requirements/local.txt
	$(EXPORT) --group production --group local --group test -o requirements/test.txt
clean: ## Remove .run/ with all its data
	@$(BOOTSTRAP) clean
