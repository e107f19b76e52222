# shellcheck shell=bash
# What every part uses: paths, messages, and `step`, which runs one long piece of work with progress and a log.

OBSERVER_HOME=${OBSERVER_HOME:-$(realpath -m "$REPO/var")}
export OBSERVER_HOME
CONFIG=$OBSERVER_HOME/config RUN=$OBSERVER_HOME/run LOGS=$OBSERVER_HOME/logs
TOOLS=$REPO/.build/tools
BINARIES=$REPO/.build/release
PG_BIN=/usr/lib/postgresql/15/bin
STEP_PID='' STEP_LOG=''
# Not empty where root's part is done, and this is the rest of it.
AS_SERVICE=''

say() { printf '%s\n' "$*"; }
note() { printf '%s\n' "$*" >&2; }

# fail WHAT [WHY] [NEXT]: says what failed, why and what to do; undoes what this run started; ends with status 1.
fail() {
    note ""
    note "observer: $1"
    [[ -n ${2:-} ]] && note "  why:  $2"
    [[ -n ${3:-} ]] && note "  next: $3"
    # It is kept nowhere, and the user exists.
    [[ -z ${FIRST_PASSWORD:-} ]] || note "  user: admin, password $FIRST_PASSWORD (shown this once)"
    undo
    exit 1
}

# undo ends what this run has started and nobody else needs. Parts add to UNDO as they start things.
UNDO=()
undo() {
    local i
    for ((i = ${#UNDO[@]} - 1; i >= 0; i--)); do "${UNDO[i]}" >/dev/null 2>&1; done
    UNDO=()
}

# descendants PID: the pids of its children, their children and so on.
descendants() {
    local child
    for child in $(pgrep -P "$1"); do
        printf '%s\n' "$child"
        descendants "$child"
    done
}

on_signal() {
    note ""
    note "observer: interrupted; stopping what was started"
    if [[ -n $STEP_PID ]]; then
        # The compiler driver gives its children groups of their own, so the tree is walked first.
        # shellcheck disable=SC2046 # a list of pids
        kill -TERM -- "-$STEP_PID" $(descendants "$STEP_PID") 2>/dev/null
    fi
    undo
    exit 130
}
trap on_signal INT TERM HUP

# seconds_since START: tenths of a second since START (a value of $EPOCHREALTIME), such as 3.2
seconds_since() {
    local now=${EPOCHREALTIME/[.,]/} start=${1/[.,]/}
    local tenths=$(((now - start) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# step TITLE NEXT COMMAND…: one long piece of work. A failure says what, why and what next, and ends the run.
step() {
    local title=$1 next=$2 status
    shift 2
    run_step "$title" "$@" && return 0
    status=$?
    note "  the end of $STEP_LOG:"
    tail -n 20 "$STEP_LOG" | sed 's/^/    /' >&2
    fail "$title: failed with status $status" "$(last_reason "$STEP_LOG")" "$next"
}

# run_step TITLE COMMAND…: runs COMMAND in its own process group with its output in a log (STEP_LOG). On a terminal one
# line shows the newest log line; elsewhere a plain line appears every 20 s. Returns the command's status.
run_step() {
    local title=$1 start=$EPOCHREALTIME status
    shift
    STEP_LOG=$STEP_LOGS/$(tr -cs 'a-z0-9' '-' <<<"${title,,}" | sed 's/^-*//; s/-*$//').log
    mkdir -p "$STEP_LOGS" && rm -f "$STEP_LOG"
    set -m
    ("$@") >"$STEP_LOG" 2>&1 </dev/null &
    STEP_PID=$!
    set +m
    show_progress "$title" "$start" "$STEP_LOG"
    wait "$STEP_PID"
    status=$?
    STEP_PID=
    printf '  %-44s %6s s%s\n' "$title" "$(seconds_since "$start")" "$( ((status)) && echo '  FAILED')"
    return "$status"
}

# The last line of a log that looks like a reason, or simply the last line.
last_reason() {
    local line
    line=$(grep -aiE 'error|fail|denied|cannot|fatal|refused' "$1" | tail -n 1)
    [[ -n $line ]] || line=$(tail -n 1 "$1")
    printf '%s' "${line:0:300}"
}

# On a terminal, also on root's that this only reaches through a pipe, a line is written over again.
show_progress() {
    local title=$1 start=$2 log=$3 waited=0 columns=${PROGRESS_COLUMNS:-} last
    if [[ -t 1 ]]; then columns=$(tput cols 2>/dev/null); fi
    # A terminal that does not tell its width.
    if [[ $columns =~ ^[0-9]+$ ]] && ((columns < 40)); then columns=100; fi
    while kill -0 "$STEP_PID" 2>/dev/null; do
        sleep 0.1
        ((waited += 1))
        if [[ $columns =~ ^[0-9]+$ ]]; then
            last=$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1 | tr -d '[:cntrl:]')
            printf '\r%-*s' "$((columns - 1))" "$(printf '  %-44s %6s s  %s' "$title" "$(seconds_since "$start")" "$last" | cut -c "1-$((columns - 1))")"
        elif ((waited % 200 == 0)); then
            last=$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1 | tr -d '[:cntrl:]')
            printf '  %s … %s s: %s\n' "$title" "$(seconds_since "$start")" "${last:0:120}"
        fi
    done
    if [[ $columns =~ ^[0-9]+$ ]]; then printf '\r%*s\r' "$((columns - 1))" ''; fi
}

# ask_new_password USER: asks twice on the terminal; prints it for whoever called.
ask_new_password() {
    local first second
    [[ -n $1 ]] || fail "password needs one user name" "" "./observer password admin"
    read -rsp "New password for $1: " first && note ""
    read -rsp "Again: " second && note ""
    [[ $first == "$second" ]] || fail "the two are not the same" "" "try again"
    printf '%s\n' "$first"
}

# wait_for SECONDS COMMAND…: polls COMMAND ten times a second until it succeeds; fails when the time is up.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# True when something accepts connections on the loopback port.
port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A random word of N hexadecimal digits.
random_hex() { od -An -vtx1 -N "$(($1 / 2))" /dev/urandom | tr -d ' \n'; }
