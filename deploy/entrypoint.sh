#!/bin/sh
# Runs a command with the password of Dagster's database in its environment: dagster.yaml can read it from nowhere else.
set -eu
DAGSTER_POSTGRES_PASSWORD="$(cat "$DAGSTER_POSTGRES_PASSWORD_FILE")"
export DAGSTER_POSTGRES_PASSWORD
exec "$@"
