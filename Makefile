# What people type. Every target works on a fresh machine with Python 3.11 or newer: the environment is made when it is missing.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PEOPLE ?= 46000
DEMO ?= demo
# Where `make ui` and `make installation` listen.
PORT ?= 3000
# Who takes part in the demo city; empty: all departments.
DEPARTMENTS ?= citizen_card,civil_affairs/cremation,health,human_resources,public_security/death_cancellation,public_security/resident
# Processes of the tests, each with an engine and servers of its own.
WORKERS ?= 2
# What a run of the tests and a soak found out: docs/reliability.md is made of it.
REPORTS := build
NIGHTS ?= 30
SIZE ?= 0.01
ROUNDS ?= 3

.PHONY: demo ui test test-fast seconds soak bench pictures reliability servers installation lint lock workdays clean

$(BIN)/citylake: pyproject.toml requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "citylake needs Python 3.11 to 3.13; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

demo: $(BIN)/citylake  ## a small city, three nights, and what was found
	$(BIN)/citylake demo --folder $(DEMO) --people $(PEOPLE) $(if $(DEPARTMENTS),--departments $(DEPARTMENTS))

ui: $(BIN)/citylake  ## Dagster on http://127.0.0.1:3000 (PORT=…), with the demo's history
	@test -f $(DEMO)/citylake.toml || (echo "There is no demo city yet: run 'make demo' first."; exit 1)
	@$(BIN)/python -c "import socket; socket.create_server(('127.0.0.1', $(PORT))).close()" 2>/dev/null || (echo "Port $(PORT) is in use: make ui PORT=3001"; exit 1)
	DAGSTER_HOME=$(abspath $(DEMO))/dagster CITYLAKE_CONFIG=$(abspath $(DEMO))/citylake.toml PATH="$(abspath $(BIN)):$$PATH" $(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p $(PORT)

test: $(BIN)/citylake  ## every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --junitxml $(REPORTS)/tests.xml --durations=30

test-fast: $(BIN)/citylake  ## the tests that take seconds
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow"

seconds: $(BIN)/citylake  ## tests/seconds.csv, by which files of tests are ordered, from the last `make test`
	$(BIN)/python -m tests.seconds $(REPORTS)/tests.xml

soak: $(BIN)/citylake  ## many nights in one process, each with faults; NIGHTS=30
	@mkdir -p $(REPORTS)
	$(BIN)/python -m tests.soak --nights $(NIGHTS) --out $(REPORTS)/soak.json --chart docs/images/soak.svg

bench: $(BIN)/citylake  ## the same job done in other ways, measured; SIZE=0.01 of a city of 4.6 million, ROUNDS=3
	$(BIN)/python -m bench --some --size $(SIZE) --rounds $(ROUNDS) --json $(REPORTS)/bench/bench-$(SIZE).json --chart $(REPORTS)/bench/bench-$(SIZE).svg

pictures: $(BIN)/citylake  ## those of the README, of the demo city: DEMO=demo
	$(BIN)/python -m tests.pictures $(DEMO) docs/images

reliability: $(BIN)/citylake  ## docs/reliability.md from the last `make test` and `make soak`
	$(BIN)/python -m tests.reliability $(REPORTS)/tests.xml --soak $(REPORTS)/soak.json

servers: $(BIN)/citylake  ## MinIO, PostgreSQL, Java and Spark's packages: for the tests that need them and a trial installation
	deploy/install-servers.sh $(BIN)/python

installation: servers  ## deploy/compose.yaml as plain processes: object store, PostgreSQL, Spark, Dagster on http://127.0.0.1:3000 (PORT=…)
	$(BIN)/python deploy/up.py --web-port $(PORT)

lint: $(BIN)/citylake  ## style, types, and the arrows between folders
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: pyproject.toml  ## resolve the pins anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra bench --extra dev --extra server --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.txt

workdays: $(BIN)/citylake  ## the calendar of workdays, once a year: after its notice stands in standards/calendar/notice.csv
	$(BIN)/uv run --quiet --no-project --python $(BIN)/python --with chinesecalendar standards/calendar/seed.py > $(REPORTS)/exception.csv
	mv $(REPORTS)/exception.csv standards/calendar/exception.csv

clean:
	rm -rf $(DEMO) $(VENV)
