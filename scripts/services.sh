# shellcheck shell=bash
# Starting, stopping and showing the services of a home, through supervisord.

# shellcheck source=scripts/leftovers.sh
. "$REPO/scripts/leftovers.sh"

supervisor_pid() {
    local pid
    pid=$(cat "$RUN/supervisord.pid" 2>/dev/null) || return 1
    # The number may belong to somebody else by now: the command line must name our configuration, and the process be our own.
    grep -qsaF "$CONFIG/supervisord.conf" "/proc/$pid/cmdline" || return 1
    kill -0 "$pid" 2>/dev/null || return 1
    printf '%s' "$pid"
}

supervisor_runs() { supervisor_pid >/dev/null; }

supervisorctl() { timeout 120 "$TOOLS/bin/supervisorctl" -c "$CONFIG/supervisord.conf" "$@"; }

# service_runs NAME: true when its process group lives.
service_runs() { [[ -n $(leftovers "$1") ]]; }

start_supervisor() {
    if supervisor_runs; then
        # Programs that were added or left out since then.
        supervisorctl update >/dev/null 2>&1
        return 0
    fi
    end_leftovers TERM
    rm -f "$RUN/supervisor.sock" "$RUN/supervisord.pid"
    UNDO+=(stop_everything)
    env -i PATH="$PATH" LANG=C.UTF-8 TZ=UTC HOME="$OBSERVER_HOME" \
        "$TOOLS/bin/python3" "$REPO/scripts/supervisord.py" -c "$CONFIG/supervisord.conf" </dev/null >>"$LOGS/supervisord.start.log" 2>&1 {HOME_LOCK}>&- ||
        fail "the supervisor did not start" "$(tail -n 1 "$LOGS/supervisord.start.log")" "see $LOGS/supervisord.start.log"
    wait_for 10 supervisorctl pid || fail "the supervisor does not answer" "" "see $LOGS/supervisord.log"
}

# stamp_of NAME: what the service was started with; when it changes, the service is started anew.
stamp_of() {
    local inputs=("$REPO/scripts/run-service")
    case $1 in
    postgres) inputs+=("$CONFIG"/postgresql.conf "$CONFIG"/pg_hba.conf) ;;
    epmd) printf '%s' "$EPMD_PORT" && return ;;
    rabbitmq) inputs+=("$CONFIG/rabbitmq.conf") ;;
    s3) inputs+=("$CONFIG/s3.json" "$CONFIG/security.toml") ;;
    nginx) inputs+=("$CONFIG/nginx.conf" "$CONFIG"/nginx/*.conf) ;;
    camera) inputs+=("$REPO/demo/camera.py") ;;
    capture | capture-*) inputs+=("$CONFIG"/{observer,capture}.env "$BINARIES/observer-capture" "$BINARIES/observer-media") ;;
    web | upload | retention) inputs+=("$CONFIG"/{observer,"$1"}.env "$BINARIES/observer-$1") ;;
    esac
    cat "${inputs[@]}" 2>/dev/null | sha256sum | cut -d' ' -f1
}

# start_services NAME…: starts those that do not run and those whose binary or configuration has changed.
start_services() {
    local name stamp starting=() output
    for name in "$@"; do
        stamp=$(stamp_of "$name")
        if service_runs "$name"; then
            [[ $(cat "$RUN/$name.stamp" 2>/dev/null) == "$stamp" ]] && continue
            supervisorctl stop "$name" >/dev/null
        fi
        printf '%s' "$stamp" >"$RUN/$name.stamp"
        starting+=("$name")
    done
    ((${#starting[@]})) || return 0
    output=$(supervisorctl start "${starting[@]}" 2>&1) ||
        grep -q 'already started' <<<"$output" ||
        fail "could not start ${starting[*]}" "$(tail -n 1 <<<"$output")" "see $LOGS"
}

# await_service NAME SECONDS COMMAND…: until COMMAND succeeds; says why when it does not.
await_service() {
    local name=$1 seconds=$2 start=$EPOCHREALTIME
    shift 2
    if ! wait_for "$seconds" "$@"; then
        fail "$name is not ready after $seconds s" "$(last_reason "$LOGS/$name.log")" "see $LOGS/$name.log"
    fi
    printf '  %-44s %6s s\n' "wait for $name" "$(seconds_since "$start")"
}

# stop_at_once NAME…: returns when all of them have stopped.
stop_at_once() {
    local name pids=()
    for name; do
        supervisorctl stop "$name" >/dev/null 2>&1 &
        pids+=("$!")
    done
    wait "${pids[@]}"
}

# Stops Observer, then what it depends on, each lot at once; then the supervisor with the rest, and whatever a crash has
# left. True when all is gone.
stop_everything() {
    local pid i
    if pid=$(supervisor_pid); then
        stop_at_once nginx camera web "${CAPTURES[@]}" upload retention
        stop_at_once rabbitmq s3 postgres rclone
        supervisorctl stop epmd >/dev/null 2>&1
        # With nothing left to watch, supervisord would still take a second a program to go; it keeps no state.
        if [[ -z $(leftovers) ]]; then kill -KILL "$pid"; else kill -TERM "$pid"; fi
        for ((i = 0; i < 900; i++)); do
            supervisor_runs || break
            sleep 0.1
        done
        supervisor_runs && kill -KILL "$pid"
    fi
    end_leftovers TERM
    rm -f "$RUN"/*.group "$RUN"/*.stamp "$RUN"/*.sock "$RUN/supervisord.pid"
    [[ -z $(leftovers) ]]
}

command_down() {
    (($# == 0)) || fail "down takes no argument" "" "./observer down --help"
    local start=$EPOCHREALTIME remaining
    if ! supervisor_runs && [[ -z $(leftovers) ]]; then
        say "Nothing runs in $OBSERVER_HOME."
        return 0
    fi
    say "Stopping the services of $OBSERVER_HOME …"
    if ! stop_everything; then
        remaining=$(leftovers | tr '\n' ' ')
        fail "some processes could not be stopped" "still there: $remaining" "kill -KILL $remaining"
    fi
    printf 'Stopped in %s s. The data stays in %s.\n' "$(seconds_since "$start")" "$OBSERVER_HOME"
}

command_status() {
    local format=text
    case "$*" in
    '') ;;
    --json) format=json ;;
    *) fail "status takes --json or nothing" "" "./observer status --help" ;;
    esac
    print_status "$format"
}

print_status() { OBSERVER_SERVICES="${ALL_SERVICES[*]}" /usr/bin/python3 "$REPO/scripts/status.py" "$1"; }

command_logs() {
    local follow='' names=() argument files=()
    for argument in "$@"; do
        case $argument in
        -f | --follow) follow=1 ;;
        *)
            [[ " ${ALL_SERVICES[*]} supervisord " == *" $argument "* ]] ||
                fail "there is no service '$argument'" "the services are: ${ALL_SERVICES[*]}" "./observer logs web"
            names+=("$argument")
            ;;
        esac
    done
    ((${#names[@]})) || names=("${ALL_SERVICES[@]}")
    for argument in "${names[@]}"; do
        [[ -f $LOGS/$argument.log ]] && files+=("$LOGS/$argument.log")
    done
    ((${#files[@]})) || fail "there is no log yet" "nothing has been started in $OBSERVER_HOME" "./observer up"
    # Whatever strangers had written into it: nothing that steers a terminal.
    tail -n "$((follow == 1 ? 20 : 100))" ${follow:+-F} "${files[@]}" | stdbuf -o0 tr -d '\000-\010\013\014\016-\037\177'
}
