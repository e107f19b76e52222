# shellcheck shell=bash
# What one home remembers between runs (ports, passwords) in config/settings.

# shellcheck source=scripts/home.sh
. "$REPO/scripts/home.sh"
# shellcheck source=scripts/given.sh
. "$REPO/scripts/given.sh"

# name_services lists the services of the home. Several recorders are capture, capture-2, capture-3 and so on.
name_services() {
    local count=${OBSERVER_CAPTURE_PROCESSES:-1} number
    [[ $count =~ ^([1-9]|1[0-6])$ ]] ||
        fail "OBSERVER_CAPTURE_PROCESSES is '$count', not a whole number from 1 to 16" "" "OBSERVER_CAPTURE_PROCESSES=2 ./observer up"
    CAPTURES=(capture)
    for ((number = 2; number <= count; number++)); do CAPTURES+=("capture-$number"); done
    # shellcheck disable=SC2034 # used by those who read this file
    ALL_SERVICES=(postgres rabbitmq s3 nginx web "${CAPTURES[@]}" upload retention camera)
}

# read_settings FILE, export_settings FILE: take NAME=value lines as they are, the first those of SETTINGS, the second those of
# the product, for programs to see. The file is never run as shell code, no other name is taken, and a value keeps each of its
# characters (base64 may end in "=").
read_settings() {
    local line
    [[ -f $1 ]] || return 0
    while IFS= read -r line; do
        [[ $line =~ ^[A-Z][A-Z0-9_]*= && " ${SETTINGS[*]} " == *" ${line%%=*} "* ]] && printf -v "${line%%=*}" '%s' "${line#*=}"
    done <"$1"
}

export_settings() {
    local line
    [[ -f $1 ]] || return 1
    while IFS= read -r line; do
        # shellcheck disable=SC2163 # the line is NAME=value
        [[ $line =~ ^(OBSERVER|AWS)_[A-Z0-9_]*= ]] && export "$line"
    done <"$1"
}

# write_private FILE: standard input becomes FILE, mode 0600, replaced in one move.
write_private() {
    local draft=$1.new
    (umask 077 && rm -f "$draft" && cat >"$draft") || fail "cannot write $1"
    mv -f "$draft" "$1"
}

# All that config/settings may name.
SETTINGS=(PG_PORT PG_PASSWORD PG_ADMIN_PASSWORD AMQP_PORT AMQP_DIST_PORT EPMD_PORT AMQP_PASSWORD
    AMQP_COOKIE S3_PORT S3_PORTS S3_KEY S3_SECRET CAMERA_PORT RCLONE_PORT NODE
    RETENTION_PASSWORD RETENTION_KEY RETENTION_SECRET)

load_settings() {
    local name
    for name in "${SETTINGS[@]}"; do printf -v "$name" '%s' ''; done
    read_settings "$CONFIG/settings"
    WEB_PORT=${OBSERVER_PORT:-8080}
    # shellcheck disable=SC2034 # used by those who read this file
    WEB_LISTEN=${OBSERVER_LISTEN:-127.0.0.1}
}

save_settings() {
    local name
    for name in "${SETTINGS[@]}"; do printf '%s=%s\n' "$name" "${!name}"; done | write_private "$CONFIG/settings"
}

# True when all the loopback ports are free.
ports_free() {
    /usr/bin/python3 - "$@" <<'PYTHON'
import socket, sys
held = []
for port in sys.argv[1:]:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind(("127.0.0.1", int(port)))
        s.listen(1)
    except OSError:
        sys.exit(1)
    held.append(s)
PYTHON
}

# free_ports N [TAKEN…]: N free loopback ports below the range the kernel hands out to clients, none of them TAKEN.
free_ports() {
    /usr/bin/python3 - "$@" <<'PYTHON'
import random, socket, sys
held, found, taken = [], [], sys.argv[2:]
while len(found) < int(sys.argv[1]):
    port = random.randrange(20000, 32000)
    if str(port) in taken:
        continue
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
        s.listen(1)
    except OSError:
        continue
    held.append(s)
    found.append(str(port))
print(*found)
PYTHON
}

# choose_ports keeps a service's ports while they are free or the service itself holds them, else takes new ones.
choose_ports() {
    keep_ports postgres "$PG_PORT" || PG_PORT=$(new_ports 1)
    keep_ports rabbitmq "$AMQP_PORT" "$AMQP_DIST_PORT" "$EPMD_PORT" ||
        read -r AMQP_PORT AMQP_DIST_PORT EPMD_PORT < <(new_ports 3)
    # shellcheck disable=SC2086 # a list of ports
    if ! keep_ports s3 "$S3_PORT" $S3_PORTS; then
        read -r S3_PORT S3_PORTS < <(new_ports 8)
    fi
    keep_ports camera "$CAMERA_PORT" || CAMERA_PORT=$(new_ports 1)
    keep_ports rclone "$RCLONE_PORT" || RCLONE_PORT=$(new_ports 1)
}

# new_ports N: free ports that no other service of this home has been given; none of them may listen yet.
new_ports() {
    # shellcheck disable=SC2086 # a list of ports
    free_ports "$1" "$WEB_PORT" "$PG_PORT" "$AMQP_PORT" "$AMQP_DIST_PORT" "$EPMD_PORT" "$S3_PORT" $S3_PORTS \
        "$CAMERA_PORT" "$RCLONE_PORT"
}

keep_ports() {
    [[ -n $2 ]] || return 1
    service_runs "$1" && return 0
    shift
    ports_free "$@"
}

choose_secrets() {
    PG_PASSWORD=${PG_PASSWORD:-$(random_hex 32)}
    PG_ADMIN_PASSWORD=${PG_ADMIN_PASSWORD:-$(random_hex 32)}
    AMQP_PASSWORD=${AMQP_PASSWORD:-$(random_hex 32)}
    AMQP_COOKIE=${AMQP_COOKIE:-$(random_hex 32)}
    S3_KEY=${S3_KEY:-OBS$(random_hex 16)}
    S3_SECRET=${S3_SECRET:-$(random_hex 40)}
    choose_identities
    NODE=${NODE:-node-$(random_hex 4)}
    [[ -s $CONFIG/key ]] || head -c 32 /dev/urandom | base64 -w 0 | write_private "$CONFIG/key"
}
