# shellcheck shell=bash
# The home: a folder that is Observer's, marked as such, and the folders in it.

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

# check_home refuses a folder that holds other things than Observer's.
check_home() {
    check_paths
    [[ -e $OBSERVER_HOME ]] || return 0
    [[ -d $OBSERVER_HOME ]] || fail "OBSERVER_HOME ($OBSERVER_HOME) is not a folder" "" "name a folder of its own"
    home_is_marked || [[ -z $(ls -A -- "$OBSERVER_HOME") && -O $OBSERVER_HOME ]] ||
        fail "$OBSERVER_HOME is not a folder of Observer's" "it holds other things, or belongs to somebody else" \
            "name a folder of its own, such as OBSERVER_HOME=${OBSERVER_HOME%/}/observer"
    [[ -O $OBSERVER_HOME ]] || fail "$OBSERVER_HOME belongs to user $(stat -c %U -- "$OBSERVER_HOME")" \
        "what one user has set up is not run by another" "call ./observer as that user, or choose another OBSERVER_HOME"
}

# True for a home that has its mark, or was set up before there was one.
home_is_marked() {
    [[ -f $OBSERVER_HOME/.observer-home ]] ||
        { [[ -f $CONFIG/settings && -d $RUN && -d $LOGS ]] && grep -q '^PG_ADMIN_PASSWORD=' "$CONFIG/settings"; }
}

# open_home makes the folders of the home and loads or makes its settings.
open_home() {
    check_home
    if ! make_home_folders 2>/dev/null; then
        fail "cannot make folders in $OBSERVER_HOME" "$(ls -ld "$(nearest_folder "$OBSERVER_HOME")")" \
            "choose another place with OBSERVER_HOME"
    fi
    clear_odd_files
    # Two set-ups of one home at once would undo each other's work. The lock goes with this process.
    exec {HOME_LOCK}>"$RUN/set-up.lock"
    flock -n "$HOME_LOCK" || fail "somebody else is setting up $OBSERVER_HOME at this moment" "" "wait for that to end"
    if [[ -n ${OBSERVER_SPOOL:-} && ! -d $OBSERVER_SPOOL ]]; then
        mkdir -p "$OBSERVER_SPOOL" || fail "cannot make OBSERVER_SPOOL ($OBSERVER_SPOOL)" "" "make it by hand"
    fi
    chmod 0750 "$OBSERVER_HOME"
    chmod 0700 "$CONFIG" "$OBSERVER_HOME/postgres" "$OBSERVER_HOME/rabbitmq"
    load_settings
    choose_ports
    choose_secrets
    save_settings
}

make_home_folders() {
    mkdir -p "$OBSERVER_HOME" || return 1
    [[ -f $OBSERVER_HOME/.observer-home ]] ||
        echo "This folder is Observer's; see ./observer up --help." >"$OBSERVER_HOME/.observer-home" || return 1
    mkdir -p "$CONFIG" "$RUN" "$LOGS" "$OBSERVER_HOME"/{postgres,rabbitmq,s3,nginx,spool}
}

# Links, pipes and the like in the place of logs, locks and drafts lead elsewhere, or hold up whoever opens them.
clear_odd_files() {
    find "$RUN" "$LOGS" -mindepth 1 -maxdepth 2 ! -type f ! -type d ! -type s -delete
    find "$CONFIG" -mindepth 1 -maxdepth 1 -name '*.new' -delete
}
