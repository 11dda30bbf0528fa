#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# postgres_cluster.sh -- A PostgreSQL of a test's own, on a unix socket only:
#   postgres_cluster.sh run DIR [-c NAME=VALUE ...]
#                                      makes the cluster in DIR and runs it until its parent ends
#   postgres_cluster.sh create DIR DB  makes a data base in it, waiting until it runs
# Connect with host=DIR user=byport. PostgreSQL refuses root: then it runs as the user `postgres`.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
dir=$2
as_user=""
if [ "$(id -u)" -eq 0 ]; then
	as_user="--reuid postgres --regid postgres --clear-groups"
	chown postgres "$dir"
fi
cd "$dir"
case $1 in
run)
	[ -d "$dir/data" ] || setpriv $as_user "$bin/initdb" -D "$dir/data" -U byport -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
	exec setpriv $as_user --pdeathsig INT "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= \
		-c fsync=off -c shared_buffers=16MB -c max_connections=20 -c log_min_messages=fatal -c log_destination=stderr "${@:3}" 2>"$dir/log"
	;;
create)
	for _ in $(seq 300); do
		"$bin/pg_isready" -q -h "$dir" -U byport && exec "$bin/createdb" -h "$dir" -U byport "$3"
		sleep 0.1
	done
	echo "PostgreSQL does not come up in $dir" >&2
	exit 1
	;;
esac
