# shellcheck shell=bash
# What one home remembers between runs (ports, passwords) in config/settings, and who the services run as.

# name_services lists the services of the home. Several recorders are capture, capture-2, capture-3 and so on; how many is
# remembered, like a port.
name_services() {
    local count=${OBSERVER_CAPTURE_PROCESSES:-} number
    [[ -n $count ]] || count=$(sed -n 's/^CAPTURE_PROCESSES=//p' "$CONFIG/settings" 2>/dev/null)
    count=${count:-1}
    [[ $count =~ ^([1-9]|1[0-6])$ ]] ||
        fail "OBSERVER_CAPTURE_PROCESSES is '$count', not a whole number from 1 to 16" "" "OBSERVER_CAPTURE_PROCESSES=2 ./observer up"
    CAPTURES=(capture)
    for ((number = 2; number <= count; number++)); do CAPTURES+=("capture-$number"); done
    # shellcheck disable=SC2034 # used by those who read this file
    ALL_SERVICES=(postgres rabbitmq s3 nginx web "${CAPTURES[@]}" upload retention camera)
}

# read_settings FILE, export_settings FILE: take NAME=value lines as they are, the second for programs to see. The file is
# never run as shell code, and a value keeps each of its characters (base64 may end in "=").
read_settings() {
    local line
    [[ -f $1 ]] || return 0
    while IFS= read -r line; do
        [[ $line =~ ^[A-Z][A-Z0-9_]*= ]] && printf -v "${line%%=*}" '%s' "${line#*=}"
    done <"$1"
}

export_settings() {
    local line
    while IFS= read -r line; do
        # shellcheck disable=SC2163 # the line is NAME=value
        [[ $line =~ ^[A-Z][A-Z0-9_]*= ]] && export "$line"
    done <"$1"
}

# write_private FILE: standard input becomes FILE, mode 0600, owned by the service user, replaced in one move.
write_private() {
    local draft=$1.new
    (umask 077 && cat >"$draft") || fail "cannot write $1"
    [[ -n $SERVICE_USER ]] && chown "$SERVICE_USER:" "$draft"
    mv -f "$draft" "$1"
}

# choose_user decides who the services run as: whoever calls, or, when that is root, an unprivileged user, because
# PostgreSQL refuses root and nothing else here needs it. Sets SERVICE_USER (empty: the caller) and AS_USER.
choose_user() {
    SERVICE_USER='' AS_USER=()
    ((EUID == 0)) || return 0
    SERVICE_USER=${OBSERVER_USER:-postgres}
    id "$SERVICE_USER" >/dev/null 2>&1 || SERVICE_USER=nobody
    AS_USER=(setpriv "--reuid=$SERVICE_USER" "--regid=$(id -g "$SERVICE_USER")" --init-groups)
    local folder
    for folder in "$OBSERVER_HOME" "$REPO/.build"; do
        may_enter "$folder" && continue
        # A folder above is closed to that user (a clone in /root, say): let the services pass through it, read only.
        # The secure bit makes access(2), which RabbitMQ asks, count the capability too.
        AS_USER+=("--inh-caps=+dac_read_search" "--ambient-caps=+dac_read_search" "--securebits=+no_setuid_fixup")
        may_enter "$folder" && return 0
        fail "user $SERVICE_USER, which the services run as, cannot enter $folder" \
            "a folder above it is closed to other users, and this machine does not let root lend the right to read" \
            "put the clone (or OBSERVER_HOME) below a folder that everybody may enter, such as /srv, or run as a user"
    done
}

# Asks the system itself: `test -x` looks at mode bits alone and knows nothing of capabilities.
may_enter() { "${AS_USER[@]}" stat "$(nearest_folder "$1")/." >/dev/null 2>&1; }

# The nearest existing folder at or above a path.
nearest_folder() {
    local folder=$1
    while [[ ! -d $folder ]]; do folder=$(dirname "$folder"); done
    printf '%s' "$folder"
}

# check_paths refuses places that the services cannot live in, before anything is installed or built.
check_paths() {
    local socket=$RUN/supervisor.sock
    if ((${#socket} > 100)); then
        fail "the path of OBSERVER_HOME is too long (${#OBSERVER_HOME} characters)" \
            "unix sockets live in it, and the system takes at most 107 bytes for a socket's path ($socket)" \
            "set OBSERVER_HOME to a shorter path, for example OBSERVER_HOME=\$HOME/.observer"
    fi
    if [[ $OBSERVER_HOME$REPO == *[[:space:]\"\'\;%]* ]]; then
        fail "the path '$OBSERVER_HOME' or '$REPO' has a space, a quote, ';' or '%' in it" \
            "the configuration files of nginx and the supervisor cannot carry it" "move it to a plain path"
    fi
}

# open_home makes the folders of the home and loads or makes its settings.
open_home() {
    check_paths
    mkdir -p "$CONFIG" "$RUN" "$LOGS" "$OBSERVER_HOME"/{postgres,rabbitmq,s3,nginx,spool} 2>/dev/null ||
        fail "cannot make folders in $OBSERVER_HOME" "$(ls -ld "$(nearest_folder "$OBSERVER_HOME")")" \
            "choose another place with OBSERVER_HOME"
    # Two set-ups of one home at once would undo each other's work. The lock goes with this process.
    exec {HOME_LOCK}>"$RUN/set-up.lock"
    flock -n "$HOME_LOCK" || fail "somebody else is setting up $OBSERVER_HOME at this moment" "" "wait for that to end"
    [[ -n $SERVICE_USER ]] && chown "$SERVICE_USER:" "$OBSERVER_HOME" "$OBSERVER_HOME"/*/
    if [[ -n ${OBSERVER_SPOOL:-} && ! -d $OBSERVER_SPOOL ]]; then
        mkdir -p "$OBSERVER_SPOOL" || fail "cannot make OBSERVER_SPOOL ($OBSERVER_SPOOL)" "" "make it by hand"
        [[ -n $SERVICE_USER ]] && chown "$SERVICE_USER:" "$OBSERVER_SPOOL"
    fi
    chmod 0750 "$OBSERVER_HOME"
    chmod 0700 "$CONFIG" "$OBSERVER_HOME/postgres" "$OBSERVER_HOME/rabbitmq"
    load_settings
    choose_ports
    choose_secrets
    save_settings
}

SETTINGS=(WEB_PORT WEB_LISTEN PG_PORT PG_PASSWORD PG_ADMIN_PASSWORD AMQP_PORT AMQP_DIST_PORT EPMD_PORT AMQP_PASSWORD
    AMQP_COOKIE S3_PORT S3_PORTS S3_KEY S3_SECRET CAMERA_PORT RCLONE_PORT NODE CAPTURE_PROCESSES
    RETENTION_PASSWORD RETENTION_KEY RETENTION_SECRET)

load_settings() {
    local name
    for name in "${SETTINGS[@]}"; do printf -v "$name" '%s' ''; done
    read_settings "$CONFIG/settings"
    WEB_PORT=${OBSERVER_PORT:-${WEB_PORT:-8080}}
    WEB_LISTEN=${OBSERVER_LISTEN:-${WEB_LISTEN:-127.0.0.1}}
    # shellcheck disable=SC2034 # saved by its name
    CAPTURE_PROCESSES=${#CAPTURES[@]}
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
