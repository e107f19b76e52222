# shellcheck shell=bash
# What root does himself: packages, the account, the build, an empty home. For everything else he becomes the service user
# before anything in the home is looked at: that user's files could say anything, and so could the programs that parse what
# strangers send. Nothing of theirs is run, read, written or given away by root, and what they print is passed on as text.

DEFAULT_ACCOUNT=observer

# command_as_root COMMAND [ARGUMENT…]: a command of root's, from its beginning to its end.
command_as_root() {
    umask 022
    if [[ $1 == up ]]; then
        up_as_root "${@:2}"
    else
        [[ -d $OBSERVER_HOME || $1 != down ]] || { say "Nothing runs in $OBSERVER_HOME."; exit 0; }
        choose_account
        check_home_owner
    fi
    prepare_service_user
    # Terminal and input are root's alone: what belongs to the command goes on through a pipe.
    local line
    case " $* " in
    ' password '*) if [[ -t 0 ]]; then line=$(ask_new_password "${2:-}") || exit; else IFS= read -r line; fi ;;
    ' user add '*' --stdin '*) IFS= read -r line ;;
    *) exec "${RELAY[@]}" "${AS_USER[@]}" /bin/bash "$REPO/observer" --as-service "$@" ;;
    esac
    printf '%s\n' "$line" | "${RELAY[@]}" --input "${AS_USER[@]}" /bin/bash "$REPO/observer" --as-service "$@"
    exit
}

# Packages, tools, binaries and an empty home; what is set up in it is the service user's.
up_as_root() {
    local answer packages
    export SET_UP_BEGUN=$EPOCHREALTIME
    STEP_LOGS=$REPO/.build/logs/up
    say "Observer: setting up in $OBSERVER_HOME"
    check_paths
    # Before anything is installed: without a compiler nothing can come of it.
    if build_needed; then find_swift; fi
    [[ -x /usr/bin/python3 ]] || install_packages python3
    choose_account make
    make_home
    prepare_service_user
    answer=$(as_service preview "$@") || exit
    keep_user
    if [[ -n ${OBSERVER_SPOOL:-} && ! -e $OBSERVER_SPOOL ]]; then make_folder "$OBSERVER_SPOOL" OBSERVER_SPOOL; fi
    SERVICES=()
    for answer in $answer; do
        case $answer in postgres | rabbitmq | s3 | camera) SERVICES+=("$answer") ;; esac
    done
    mapfile -t packages < <(needed_packages)
    install_packages "${packages[@]}"
    install_tools "${RUN_TOOLS[@]}"
    build_release
}

# choose_account [make]: sets SERVICE_USER, and AS_USER, which runs a command as that user. Where none was named, now or before, it
# is an account of Observer's own, which `make` makes.
choose_account() {
    [[ -n ${OBSERVER_USER:-} ]] || OBSERVER_USER=$(kept_user)
    SERVICE_USER=${OBSERVER_USER:-$DEFAULT_ACCOUNT}
    [[ $SERVICE_USER =~ ^[A-Za-z_][A-Za-z0-9_.@-]*$ ]] ||
        fail "OBSERVER_USER is '$SERVICE_USER', not the name of a user" "" "name a user of this machine"
    if ! id -u "$SERVICE_USER" >/dev/null 2>&1; then
        [[ -z ${OBSERVER_USER:-} ]] || fail "there is no user '$SERVICE_USER'" "OBSERVER_USER names it" "name a user of this machine"
        [[ ${1:-} == make ]] || fail "nothing has been set up here by root" "there is no user '$SERVICE_USER', which services run as" \
            "./observer up makes it; or OBSERVER_USER=NAME, as it was given to \`up\`"
        /usr/sbin/useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
            --comment "Observer's services" "$SERVICE_USER" ||
            fail "the account '$SERVICE_USER', which services run as, cannot be made" "see above" "make it, or name another: OBSERVER_USER=NAME"
    fi
    [[ $(id -u "$SERVICE_USER") != 0 ]] ||
        fail "OBSERVER_USER is '$SERVICE_USER', which is root" "services read what strangers send" "name another user, or none"
    if [[ -z ${OBSERVER_USER:-} && $(id -u "$SERVICE_USER") -ge 1000 ]]; then
        fail "the user '$SERVICE_USER' is a person's, not Observer's own" "its number is 1000 or above" \
            "OBSERVER_USER=$SERVICE_USER if that is meant, or the name of another user"
    fi
    # Without any right of root's.
    AS_USER=(/usr/bin/setpriv "--reuid=$SERVICE_USER" "--regid=$(id -g "$SERVICE_USER")" --init-groups --no-new-privs)
}

# A user that was named for this home, kept where only root writes: a line is a home's path and the user.
kept_user() { awk -v home="$OBSERVER_HOME" '$1 == home { user = $2 } END { print user }' "$REPO/.build/home-users" 2>/dev/null; }

keep_user() {
    [[ -z ${OBSERVER_USER:-} || $(kept_user) == "$OBSERVER_USER" ]] || printf '%s %s\n' "$OBSERVER_HOME" "$OBSERVER_USER" >>"$REPO/.build/home-users"
}

# check_clone: root runs nothing that the service user could have written.
check_clone() {
    local found=
    only_root_writes_above "$REPO/observer" || found=$REPO
    [[ -n $found ]] || found=$("${AS_USER[@]}" /usr/bin/find "$REPO"/{observer,scripts,scripts/*,.build,.build/release,.build/release/*} \
        "$REPO"/.build/{tools,tools/bin,tools/bin/*} -maxdepth 0 ! -type l -writable -print -quit 2>/dev/null)
    [[ -z $found ]] || fail "user $SERVICE_USER can write $found, which root runs" "whatever that user puts there would run as root" \
        "call ./observer as user $SERVICE_USER, or let the clone belong to somebody else"
}

# prepare_service_user sets RELAY, which runs a command apart from root's terminal, and lets AS_USER pass where the way is closed.
prepare_service_user() {
    RELAY=(/usr/bin/python3 -I "$REPO/scripts/relay.py")
    open_closed_folders
    check_clone
}

open_closed_folders() {
    local folder
    for folder in "$OBSERVER_HOME" "$REPO/.build" "$REPO/scripts"; do
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
may_enter() { "${AS_USER[@]}" /usr/bin/stat "$(nearest_folder "$1")/." >/dev/null 2>&1; }

# as_service COMMAND…: a command of ./observer, also one that only scripts use, as that user.
as_service() { "${RELAY[@]}" "${AS_USER[@]}" /bin/bash "$REPO/observer" --as-service "$@"; }

# check_home_owner: a home belongs to the user that its services run as, or does not exist yet.
check_home_owner() {
    local owner
    owner=$(stat -c %U -- "$OBSERVER_HOME" 2>/dev/null) || return 0
    [[ $owner == "$SERVICE_USER" ]] && return 0
    [[ $owner != root ]] || fail "$OBSERVER_HOME is not a folder of Observer's" "it belongs to root" "name a folder of its own: OBSERVER_HOME=DIR"
    fail "$OBSERVER_HOME belongs to user $owner, and services are to run as $SERVICE_USER" \
        "what one user has set up is not run by another" \
        "OBSERVER_USER=$owner, or hand it over: OBSERVER_USER=$owner ./observer down && chown -hR --from=$owner $SERVICE_USER: $OBSERVER_HOME"
}

# make_home makes an empty folder for the service user. A folder that is there stays whose it is, except an empty one of root's.
make_home() {
    if [[ ! -e $OBSERVER_HOME ]]; then
        make_folder "$OBSERVER_HOME" OBSERVER_HOME
    elif [[ ! -d $OBSERVER_HOME ]]; then
        fail "OBSERVER_HOME ($OBSERVER_HOME) is not a folder" "" "name a folder of its own"
    elif [[ $(stat -c %u -- "$OBSERVER_HOME") == 0 ]]; then
        check_folder_is_free "$OBSERVER_HOME"
        give_empty_folder "$OBSERVER_HOME"
    fi
    check_home_owner
}

# check_folder_is_free FOLDER: not the system's, not a person's, and empty.
check_folder_is_free() {
    local next="name a folder of its own, such as OBSERVER_HOME=${1%/}/observer"
    [[ $REPO/ != "$1"/* ]] || fail "$1 is not a folder of Observer's" "the clone lies in it" "$next"
    [[ ! $1 =~ ^/($|(bin|boot|dev|etc|home|lib|lib32|lib64|libx32|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$) &&
        ! $1 =~ ^/(boot|dev|etc|home|proc|root|run|sys|usr|var)/[^/]*$ ]] ||
        fail "$1 is not a folder of Observer's" "it is one of the system's" "$next"
    ! getent passwd | cut -d: -f6 | grep -qxF -- "$1" || fail "$1 is not a folder of Observer's" "it is the home of a user" "$next"
    [[ -z $(ls -A -- "$1") ]] || fail "$1 is not a folder of Observer's" "it belongs to root and is not empty" "$next"
}

# make_folder PATH SETTING: a new folder of the service user's, made by root only where nobody else can put another in its place.
make_folder() {
    if ! only_root_writes_above "$1"; then
        "${AS_USER[@]}" /bin/mkdir -p -- "$1" && return 0
        fail "cannot make $2 ($1)" "user $SERVICE_USER may not write there" "make it by hand, and give it to $SERVICE_USER"
    fi
    if ! { mkdir -p -- "$(dirname "$1")" && mkdir -m 0750 -- "$1"; }; then
        fail "cannot make $2 ($1)" "see above" "choose another place"
    fi
    give_empty_folder "$1"
}

# only_root_writes_above PATH: no folder above lets the service user put something in the place of what root has made.
only_root_writes_above() {
    local folder=$1
    while [[ $folder != / ]]; do
        folder=$(dirname "$folder")
        [[ -d $folder ]] || continue
        [[ -k $folder && $(stat -c %u -- "$folder") == 0 ]] && continue
        [[ $(stat -c %U -- "$folder") != "$SERVICE_USER" ]] || return 1
        ! "${AS_USER[@]}" /usr/bin/test -w "$folder" || return 1
    done
}

# give_empty_folder FOLDER: from inside it, so that it is this folder and no other, root's and empty.
give_empty_folder() {
    (
        cd -P -- "$1" && [[ $(stat -c %u .) == 0 && -z $(ls -A) ]] && chmod 0750 . && chown -h "$SERVICE_USER:" .
    ) || fail "cannot give $1 to user $SERVICE_USER" "see above" "choose another place"
}
