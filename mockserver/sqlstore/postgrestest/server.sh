programs=$1 dir=$2 port=$3
trap '' PIPE # the test may be gone while it is answered
unset PGDATA PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS

answer() { # COMMAND...
  if "$@" >"$dir/out" 2>&1; then echo ok 2>/dev/null; else cat "$dir/out" "$dir/log"; return 1; fi
}

# Without fsync: what it protects from, an end of the whole machine, no test brings about.
make() { "$programs/initdb" --pgdata "$dir/data" --username counterpart --auth trust --encoding UTF8 --locale C --no-sync; }
start() { "$programs/pg_ctl" start -D "$dir/data" -w -l "$dir/log" -o "-F -p $port -k $dir -c listen_addresses=127.0.0.1 -c max_connections=200"; }
stop() { "$programs/pg_ctl" stop -D "$dir/data" -w -m immediate; }
begin() { make && start; }

if answer begin; then
  while read -r word; do answer "$word" || break; done
fi
stop >/dev/null 2>&1
cd / && rm -rf "$dir"
