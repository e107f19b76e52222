# shellcheck shell=bash
# `up`: from a fresh machine to the first recording in S3.

command_up() {
    check_up_arguments "$@"
    local begun=${SET_UP_BEGUN:-$EPOCHREALTIME}
    check_home
    use_private "${ALL_SERVICES[@]}"
    # Root has done that by now.
    if [[ -z $AS_SERVICE ]]; then
        STEP_LOGS=$REPO/.build/logs/up
        say "Observer: setting up in $OBSERVER_HOME"
        prepare_machine
    fi
    STEP_LOGS=$LOGS/up
    open_home
    check_web_port
    keep_given_settings
    render_all
    start_supervisor
    start_dependencies
    start_observer
    forget_old_setup_token
    if runs_here camera; then set_up_demo_camera; fi
    UNDO=()
    settle_home
    print_welcome "$begun"
}

check_up_arguments() {
    [[ $# == 0 || ($# == 1 && $1 == --change) ]] || fail "up takes --change or nothing, not '$*'" "" "./observer up --help"
}

# What root asks before the packages are installed: would `up` refuse, and which services are this home's own?
service_preview() {
    check_up_arguments "$@"
    check_home
    use_kept_settings up "$@"
    name_services
    use_private "${ALL_SERVICES[@]}"
    say "${SERVICES[*]}"
}

# Packages, tools and binaries.
prepare_machine() {
    local packages
    # Before anything is installed: without a compiler nothing can come of it.
    if build_needed; then find_swift; fi
    mapfile -t packages < <(needed_packages)
    install_packages "${packages[@]}"
    install_tools "${RUN_TOOLS[@]}"
    build_release
}

check_web_port() {
    # The one that this home's nginx holds; a change is to another one.
    if service_runs nginx; then
        [[ -f $CONFIG/given && $(sed -n 's/^OBSERVER_PORT=//p' "$CONFIG/given") != "${OBSERVER_PORT:-}" ]] || return 0
    fi
    [[ $WEB_PORT =~ ^[0-9]{1,5}$ ]] || fail "OBSERVER_PORT is '$WEB_PORT', not a port number" "" "OBSERVER_PORT=8081 ./observer up"
    if ! ports_free "$WEB_PORT"; then
        fail "port $WEB_PORT is taken" "another program listens on it, or a port below 1024 needs rights" \
            "OBSERVER_PORT=$(free_ports 1) ./observer up"
    fi
}

# The broker takes longest to boot, so it starts first and is waited for last.
start_dependencies() {
    if runs_here rabbitmq; then
        start_services epmd
        wait_for 10 port_answers "$EPMD_PORT" || fail "epmd does not answer" "$(last_reason "$LOGS/epmd.log")" "see $LOGS/epmd.log"
        start_services rabbitmq
    fi
    runs_here s3 && start_services s3
    if runs_here postgres; then
        [[ -f $OBSERVER_HOME/postgres/data/PG_VERSION ]] ||
            step "make the database cluster" "see the log" make_cluster
        start_services postgres
        await_service postgres 60 postgres_ready
        step "make the database" "see the log" make_database
    fi
    step "migrate the database" "./observer doctor" observerctl migrate
    runs_here s3 && await_service s3 60 s3_answers
    step "make the bucket" "./observer doctor" make_bucket
}

make_cluster() {
    local password=$CONFIG/pg-admin-password
    printf '%s\n' "$PG_ADMIN_PASSWORD" | write_private "$password"
    # A cluster that was only half made is of no use to anybody.
    rm -rf "$OBSERVER_HOME/postgres/data.new"
    (cd "$OBSERVER_HOME" && "$PG_BIN/initdb" -D "$OBSERVER_HOME/postgres/data.new" -U postgres \
        --pwfile="$password" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --data-checksums) || return 1
    # What was set up in an earlier database is not in this one.
    rm -f "$CONFIG/demo-camera" "$CONFIG/setup-token"
    mv "$OBSERVER_HOME/postgres/data.new" "$OBSERVER_HOME/postgres/data"
}

# psql as the private server's own administrator.
as_database_admin() {
    PGPASSWORD=$PG_ADMIN_PASSWORD PGCONNECT_TIMEOUT=5 "$PG_BIN/psql" -X -q -At -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$PG_PORT" -U postgres -d postgres "$@"
}

# Asks the server's own file first: a connection before that would leave a FATAL line in its log.
postgres_ready() { grep -q '^ready' "$OBSERVER_HOME/postgres/data/postmaster.pid" && as_database_admin -c 'SELECT 1'; }

# Any answer over HTTP will do here: the bucket step asks with credentials.
s3_answers() { curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$S3_PORT/"; }

# SeaweedFS answers before its volumes are ready, so the first tries may be refused.
make_bucket() { wait_for 30 observerctl bucket || observerctl bucket; }

# observerctl with the environment of the home and the rights of the owner.
observerctl() (
    export_settings "$CONFIG/observer.env" || { note "nothing is set up in $OBSERVER_HOME" && exit 1; }
    export_settings "$CONFIG/observerctl.env"
    unset OBSERVER_HOME
    exec "$BINARIES/observerctl" "$@"
)

start_observer() {
    make_first_user
    step "check nginx's configuration" "correct nginx/*.conf, or the setting that it names" check_nginx
    start_services web "${CAPTURES[@]}" upload retention nginx
    runs_here camera && start_services camera
    await_service web 30 own_curl -fsS -o /dev/null --max-time 3 "$(web_address)/api/v1/controller/healthcheck"
    runs_here rabbitmq && await_service rabbitmq 120 port_answers "$AMQP_PORT"
    local name
    for name in "${CAPTURES[@]}"; do await_service "$name" 15 service_is_steady "$name"; done
    await_service upload 15 service_is_steady upload
    await_service retention 15 service_is_steady retention
}

# A service that cannot run (a wrong setting, say) is started again each second; one that has been up for two can.
service_is_steady() {
    service_runs "$1" && (($(date +%s) - $(stat -c %Y "$RUN/$1.group") >= 2))
}

# Through a pipe: nginx opens its standard output by name, for its logs.
check_nginx() { /usr/sbin/nginx -t -q -p "$OBSERVER_HOME/nginx" -e stderr -c "$CONFIG/nginx.conf" 2>&1 | cat; }

web_address() {
    local host=$WEB_LISTEN
    case $host in 0.0.0.0 | '*') host=127.0.0.1 ;; ::) host='[::1]' ;; *:*) host="[$host]" ;; esac
    printf '%s://%s:%s' "$(web_scheme)" "$host" "$WEB_PORT"
}

web_scheme() { if [[ -n $(environment_value OBSERVER_TLS_CERTIFICATE) ]]; then echo https; else echo http; fi; }

# curl to nginx of this home, by an address of this machine, which no certificate names.
own_curl() {
    local options=()
    if [[ $(web_scheme) == https ]]; then options=(--insecure); fi
    curl "${options[@]}" "$@"
}

# The first admin, with a password that is given or made up; `up` shows it once and keeps it nowhere. A user of that name who was
# there before keeps a password that nobody here knows.
FIRST_PASSWORD=''

make_first_user() {
    local password
    password=$(given_admin_password) || fail "the first administrator's password cannot be read" \
        "user $(id -un) cannot read OBSERVER_ADMIN_PASSWORD_FILE (${OBSERVER_ADMIN_PASSWORD_FILE:-})" "let that user read it"
    step "make the first user" "./observer password admin" make_admin "$password"
    if grep -q '^created ' "$STEP_LOG" && [[ -z ${OBSERVER_ADMIN_PASSWORD:-}${OBSERVER_ADMIN_PASSWORD_FILE:-} ]]; then
        FIRST_PASSWORD=$password
    fi
    # Set-ups of before kept it.
    rm -f "$CONFIG/admin-password"
}

given_admin_password() {
    if [[ -n ${OBSERVER_ADMIN_PASSWORD_FILE:-} ]]; then head -n 1 -- "$OBSERVER_ADMIN_PASSWORD_FILE"; else
        printf '%s\n' "${OBSERVER_ADMIN_PASSWORD:-$(random_hex 20)}"
    fi
}

make_admin() { observerctl create-admin admin 2>&1 <<<"$1"; }

# api METHOD PATH [JSON]: one request with the token of the set-up; prints the body, fails on an HTTP error.
api() {
    local body=()
    [[ -n ${3:-} ]] && body=(-H 'Content-Type: application/json' --data "$3")
    own_curl -sS --fail-with-body --max-time 10 -X "$1" -H @- "${body[@]}" "$(web_address)/api/v1$2" \
        <<<"Authorization: Bearer $SETUP_TOKEN"
}

set_up_demo_camera() {
    trap revoke_setup_token EXIT
    make_setup_token || fail "no token for the set-up" "" "./observer up"
    step "set up the demo camera" "./observer logs web; then ./observer up" add_demo_camera
    if [[ $(demo_camera | jq -r '.is_active') == true ]]; then
        step "first recording in S3" "./observer logs capture; ./observer logs upload" wait_for_recording
    else
        say "  The demo camera is left as it is: it was switched off, changed or deleted."
    fi
    revoke_setup_token
}

# Added and switched on once. From then on it belongs to the user, and only its port is kept right.
add_demo_camera() {
    local camera wanted="rtsp://127.0.0.1:$CAMERA_PORT/demo"
    wait_for 15 port_answers "$CAMERA_PORT" || { echo "the demo camera does not answer"; return 1; }
    if [[ ! -s $CONFIG/demo-camera ]]; then
        camera=$(api POST /cameras/ "$(jq -n --arg url "$wanted" '{name: "Demo camera", url: $url, is_active: true,
            location: "This machine", location_details: "A generated picture with a clock and a frame counter",
            transport: "tcp", audio: "copy"}')") || { echo "$camera"; return 1; }
        jq -r .id <<<"$camera" >"$CONFIG/demo-camera"
        return
    fi
    camera=$(demo_camera)
    [[ -z $camera || $(jq -r .url <<<"$camera") == "$wanted" ]] && return 0
    api PATCH "/cameras/$(<"$CONFIG/demo-camera")" "$(jq -n --arg url "$wanted" '{url: $url}')"
}

# The demo camera as it stands; nothing when it was deleted or has another address by now.
demo_camera() {
    api GET "/cameras/$(<"$CONFIG/demo-camera")" |
        jq 'select(.url | strings | test("^rtsp://127\\.0\\.0\\.1:[0-9]+/demo$"))' 2>/dev/null
}

# Stored, not older than a minute, and begun since capture was started: an earlier run's proves nothing about this one.
wait_for_recording() {
    local camera segments deadline=$((SECONDS + 90)) from=$(($(date +%s) - 60)) started
    camera=$(<"$CONFIG/demo-camera")
    started=$(stat -c %Y "$RUN/capture.group")
    from=$(date -u -d "@$((started > from ? started : from))" +%Y-%m-%dT%H:%M:%S.000Z)
    while ((SECONDS < deadline)); do
        segments=$(api GET "/cameras/$camera/segments?from=$from")
        if jq -e 'any(.state == "stored")' <<<"$segments" >/dev/null 2>&1; then return 0; fi
        jq -r '"waiting: \(length) recorded, \(map(select(.state == "stored")) | length) stored"' <<<"$segments" 2>/dev/null
        sleep 0.3
    done
    echo "no recording was stored within 90 s; the camera's state:"
    api GET "/cameras/$camera" | jq -c .status
    # Last, so that what the store says is what people see first.
    observerctl check --only s3
    return 1
}

require_running() { supervisor_runs || fail "nothing runs in $OBSERVER_HOME" "" "./observer up"; }

command_bench() {
    local name=${1:-} scripts=()
    if [[ -z $name ]]; then
        shopt -s nullglob
        for name in bench/*; do [[ -x $name && -f $name ]] && scripts+=("$(basename "$name")"); done
        ((${#scripts[@]})) || fail "there are no comparisons yet" "bench/ has none" ""
        say "./observer bench NAME, one of: ${scripts[*]}"
        return 0
    fi
    [[ $name =~ ^[a-z0-9_.-]+$ && -x bench/$name ]] || fail "there is no comparison '$name'" "" "./observer bench lists them"
    STEP_LOGS=$REPO/.build/logs/bench
    use_private "${ALL_SERVICES[@]}"
    install_packages "${RUN_PACKAGES[@]}" "${TEST_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"
    install_tools "${RUN_TOOLS[@]}" "${TEST_TOOLS[@]}"
    build_release
    exec "bench/$name" "${@:2}"
}
