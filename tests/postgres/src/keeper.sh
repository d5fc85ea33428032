# Runs PostgreSQL until standard input ends, and removes its directory then: however the tests end, no
# server is left. One line says that its files are made. Lines of standard input start it at a port, stop it
# and start it again; each is answered by one line.
bin=$1 directory=$2
trap '' INT TERM HUP
cd "$directory" || exit 1

start() {
    "$bin/postgres" -D data -k "$directory" -p "$port" -c listen_addresses=127.0.0.1 \
        -c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=32MB \
        -c log_min_messages=fatal -c dynamic_shared_memory_type=mmap >>log 2>&1 </dev/null &
    server=$!
    until "$bin/pg_isready" -q -h "$directory" -p "$port"; do
        kill -0 "$server" 2>/dev/null || return 1
        sleep 0.02
    done
}

finish() {
    [ -n "$server" ] || return
    kill "-$1" "$server" 2>/dev/null
    wait "$server" 2>/dev/null
}

answer() {
    if "$@"; then echo done; else echo failed; fi
}

if "$bin/initdb" -D data -U drawbridge -A trust -E UTF8 --locale=C --no-sync >>log 2>&1; then
    echo done
else
    echo failed
fi
while read -r command argument; do
    case $command in
        stop) finish INT; echo done ;;
        kill) finish QUIT; echo done ;;
        start)
            port=${argument:-$port}
            answer start
            ;;
    esac
done
finish INT
cd / && rm -rf "$directory"
