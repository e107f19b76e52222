# shellcheck shell=bash
# People and programs that may come in: `./observer user`, `password` and `token`.

# What all three need: the home's settings, and a database that answers.
ready_for_people() {
    require_running
    load_settings
}

command_token() {
    ready_for_people
    observerctl token "$@"
}

command_user() {
    ready_for_people
    observerctl user "$@"
}

command_password() {
    local user=${1:-} first
    [[ -n $user && $# == 1 ]] || fail "password needs one user name" "" "./observer password admin"
    ready_for_people
    if [[ -t 0 ]]; then first=$(ask_new_password "$user") || exit; else IFS= read -r first; fi
    [[ -n $first ]] || fail "an empty password" "" "type one, or give it on standard input"
    observerctl password "$user" <<<"$first"
}

# The token that `up` itself uses: made when it is needed, good for an hour at most, and revoked when `up` ends, however
# that is. It is a variable of this shell and nothing else; curl reads it from a pipe, because command lines are public.
SETUP_TOKEN=''
SETUP_TOKEN_NAME=''

make_setup_token() {
    [[ -n $SETUP_TOKEN ]] && return 0
    local name
    name="set-up-$(date +%s)-$(random_hex 4)"
    SETUP_TOKEN=$(observerctl token "$name" --role operator --expires 1h) || return 1
    SETUP_TOKEN_NAME=$name
}

# A failure here must not hide the one that ended `up`; the token is over within the hour by itself.
revoke_setup_token() {
    [[ -n $SETUP_TOKEN_NAME ]] || return 0
    observerctl token revoke "$SETUP_TOKEN_NAME" --no-wait >/dev/null 2>&1 || true
    SETUP_TOKEN=''
    SETUP_TOKEN_NAME=''
}

# Releases before kept one in a file, good for ever.
forget_old_setup_token() {
    local name
    [[ -e $CONFIG/setup-token ]] || return 0
    for name in $(observerctl token list | awk '$1 ~ /^set-up-[0-9]+$/ && $NF == "valid" { print $1 }'); do
        observerctl token revoke "$name" --no-wait || return 1
    done
    rm -f "$CONFIG/setup-token"
}
