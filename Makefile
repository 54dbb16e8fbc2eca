# PYTHON= names another Python, PORT= another port, ARGS= is passed on.
PYTHON ?= python3
UV ?= uv
export PORT ARGS APP NAME
# For the fleet: a number of replicas, a version, a service, an archive, an address, newest images.
export N TAG SERVICE FILE FORCE URL PULL
EXPORT = $(UV) export --quiet --frozen --no-emit-project --no-header
BOOTSTRAP = $(PYTHON) -m embedded.bootstrap
FLEET = $(PYTHON) -m fleet

.PHONY: help run dev test lint fmt bench eval manage migration lock clean \
	quickstart build pull up down migrate createsuperuser populate status info health logs-backend \
	logs-celery logs-nginx logs-all celery-status scale-backends scale-workers scale-video-workers \
	scale-streams restart-backends backup-db restore-db deploy rollback smoke test-fleet bench-fleet
help: ## Show this list
	@sed -n -e 's/^\([a-z-]*\):.*## /\1	/p' -e 's/^## /\n/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22
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
eval: ## Measure how questions are answered (tests/leads/evaluation)
	@$(BOOTSTRAP) eval
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

## The fleet: replicas in Docker (docs/operations.md)
quickstart: ## Check the host, make secrets and a certificate, build, start, smoke
	@$(FLEET) quickstart
build: ## Build the images of this working tree, as TAG (local); PULL=1: on the newest Debian and Python
	@$(FLEET) build
pull: ## Fetch the newest images of the servers, for `up`
	@$(FLEET) pull
up: ## Start all that does not run, and wait until it is healthy
	@$(FLEET) up
down: ## End all containers; data stays in the volumes
	@$(FLEET) down
migrate: ## Bring the schema up to date, as `up` and `deploy` do
	@$(FLEET) migrate
createsuperuser: ## Make an account for the admin
	@$(FLEET) createsuperuser
populate: ## Load demo data
	@$(FLEET) populate
status: ## List the containers with version, state and health
	@$(FLEET) status
info: ## Versions, replicas, CPU, memory and disk of each container, addresses
	@$(FLEET) info
health: ## What each dependency and each container says of itself
	@$(FLEET) health
logs-backend: ## Follow the logs of the web
	@$(FLEET) logs-backend
logs-celery: ## Follow the logs of workers and beat
	@$(FLEET) logs-celery
logs-nginx: ## Follow the logs of nginx
	@$(FLEET) logs-nginx
logs-all: ## Follow all logs
	@$(FLEET) logs-all
celery-status: ## Workers, queues with length and age, tasks, beat's last tick
	@$(FLEET) celery-status
scale-backends: ## Run N web replicas from now on
	@$(FLEET) scale-backends
scale-workers: ## Run N workers from now on
	@$(FLEET) scale-workers
scale-video-workers: ## Run N video workers from now on
	@$(FLEET) scale-video-workers
scale-streams: ## Run N replicas of the stream service from now on
	@$(FLEET) scale-streams
restart-backends: ## Renew the processes of all web replicas without a failed request
	@$(FLEET) restart-backends
backup-db: ## Write a backup now, beside the nightly ones
	@$(FLEET) backup-db
restore-db: ## Replace the database by the archive FILE; FORCE=1 overwrites
	@$(FLEET) restore-db
deploy: ## Bring out the version TAG, of one SERVICE or all; what does not work is taken back
	@$(FLEET) deploy
rollback: ## Go back to the version before
	@$(FLEET) rollback
smoke: ## Check the site at URL: health, docs, the chat, a token, one event joined
	@$(FLEET) smoke
test-fleet: ## Test the fleet in a Docker Engine
	@$(BOOTSTRAP) test-fleet
bench-fleet: ## Measure the fleet
	@$(BOOTSTRAP) bench-fleet
