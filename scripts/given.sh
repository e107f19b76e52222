# shellcheck shell=bash
# What was given once is kept: the product's settings that came by the environment are in config/given of the home, and hold for
# every later call. Another value is taken only by `up --change`.

# KEPT and GIVEN have, by a setting's name, `=value` or `_FILE=path`: both forms are the same setting.
declare -A KEPT=() GIVEN=() SECRET_SETTINGS=()
KNOWN_SETTINGS=()

# Where recordings, accounts and keys are: a home that has its own of these is not moved by the way.
PLACES=" OBSERVER_DATABASE_URL OBSERVER_AMQP_URL AWS_ENDPOINT_URL_S3 OBSERVER_S3_BUCKET OBSERVER_KEY OBSERVER_SPOOL OBSERVER_RECORDER "

# use_kept_settings COMMAND [--change]: `up` takes what is given; others use what is kept, and those that would act on something
# else than the caller names refuse it. Afterwards the environment has what holds.
use_kept_settings() {
    local change=
    [[ $1 == up && ${2:-} == --change ]] && change=1
    know_settings
    read_kept_settings
    case $1 in
    down | status | logs) [[ -f $CONFIG/given ]] || read_given_settings ;;
    *) read_given_settings ;;
    esac
    take_given_settings "$change"
    export_kept_settings
}

# know_settings reads the names from SETTINGS.md, which is generated from the product's own list.
know_settings() {
    local line name
    KNOWN_SETTINGS=()
    while IFS= read -r line; do
        name=${line#'| `'}
        name=${name%%'`'*}
        case $name in
        # Not the home's to keep: where it is, whose it is, what is needed once, what `up` itself decides, what is for tests.
        OBSERVER_HOME | OBSERVER_USER | OBSERVER_ADMIN_PASSWORD | OBSERVER_FASTCGI_SOCKET | OBSERVER_TEMPLATES | OBSERVER_CRASH_AT) ;;
        *)
            KNOWN_SETTINGS+=("$name")
            [[ $line == *' Secret.'* ]] && SECRET_SETTINGS[$name]=1
            ;;
        esac
    done < <(grep -E "^\| .(OBSERVER|AWS)_[A-Z0-9_]+. \|" "$REPO/SETTINGS.md")
}

is_known_setting() { [[ $1 =~ ^[A-Z0-9_]+$ && " ${KNOWN_SETTINGS[*]} " == *" $1 "* ]]; }

# keep_line NAME=value: puts it into KEPT, if it is a setting in one of its forms.
keep_line() {
    local name=${1%%=*}
    if is_known_setting "$name"; then KEPT[$name]="=${1#*=}"; elif is_known_setting "${name%_FILE}"; then KEPT[${name%_FILE}]="_FILE=${1#*=}"; fi
}

read_kept_settings() {
    local line
    if [[ -f $CONFIG/given ]]; then
        while IFS= read -r line; do keep_line "$line"; done <"$CONFIG/given"
    elif [[ -f $CONFIG/settings ]]; then
        # Of a home that kept these three with its own.
        while IFS= read -r line; do keep_line "$line"; done \
            < <(sed -nE 's/^WEB_PORT=/OBSERVER_PORT=/p; s/^WEB_LISTEN=/OBSERVER_LISTEN=/p; s/^(CAPTURE_PROCESSES=)/OBSERVER_\1/p' "$CONFIG/settings")
    fi
}

# read_given_settings takes what the environment has; an empty value is the wish to go back to the default.
read_given_settings() {
    local name file
    for name in "${KNOWN_SETTINGS[@]}"; do
        file=${name}_FILE
        if [[ -n ${!name:-} && -n ${!file:-} ]]; then fail "$name and $file are both given" "they are one setting" "give one of them"; fi
        [[ ${!name:-}${!file:-} != *$'\n'* ]] || fail "$name has more than one line" "" "give one line"
        if [[ -n ${!file:-} ]]; then GIVEN[$name]="_FILE=${!file}"; elif [[ -v $name ]]; then GIVEN[$name]="=${!name}"; elif [[ -v $file ]]; then GIVEN[$name]='='; fi
    done
}

# take_given_settings CHANGE: GIVEN into KEPT; where that would change what holds, only with CHANGE.
take_given_settings() {
    local name refused=() endpoint=${GIVEN[AWS_ENDPOINT_URL_S3]:-${KEPT[AWS_ENDPOINT_URL_S3]:-=}}
    for name in "${KNOWN_SETTINGS[@]}"; do
        [[ -v GIVEN[$name] ]] || continue
        # What a shell has for other programs of AWS is not for the home's own store.
        [[ $name != AWS_* || $name == AWS_ENDPOINT_URL_S3 || $endpoint != '=' ]] || continue
        is_same_setting "${GIVEN[$name]}" "${KEPT[$name]:-=}" && continue
        # A home whose set-up never came to its end holds nothing yet.
        if [[ -z $1 && -f $CONFIG/settled && (-v KEPT[$name] || $PLACES == *" $name "*) ]]; then
            refused+=("$(told_apart "$name" "${KEPT[$name]:-=}" "${GIVEN[$name]}")")
        elif [[ ${GIVEN[$name]} == '=' ]]; then
            unset "KEPT[$name]"
        else
            KEPT[$name]=${GIVEN[$name]}
        fi
    done
    ((${#refused[@]})) || return 0
    printf -v name '\n          %s' "${refused[@]}"
    fail "${name:11}" "what was given once is kept; nothing was changed or started anew" \
        "leave it out to go on as before, or ./observer up --change to change it"
}

is_same_setting() {
    [[ $1 == "$2" ]] && return 0
    # One by its file, the other by its value: the same if that is what the file says.
    [[ $1 == _FILE=* || $2 == _FILE=* ]] || return 1
    local one other
    one=$(setting_value "$1") && other=$(setting_value "$2") && [[ -n $one && $one == "$other" ]]
}

setting_value() {
    case $1 in
    _FILE=*) [[ -f ${1#_FILE=} ]] && cat -- "${1#_FILE=}" 2>/dev/null ;;
    *) printf '%s' "${1#=}" ;;
    esac
}

# told_apart NAME FORM FORM: what is kept and what is given, in words.
told_apart() {
    local old new
    old=$(shown_setting "$1" "$2") new=$(shown_setting "$1" "$3")
    [[ $old != "$new" ]] || new+=" with another secret"
    echo "$1 is kept as $old, and given as $new"
}

# shown_setting NAME FORM: for people; secrets are masked, also those inside addresses.
shown_setting() {
    local value=${2#=}
    case $2 in
    =) [[ $PLACES == *" $1 "* ]] && echo "the home's own" || echo "the default" ;;
    _FILE=*) echo "the file '${2#_FILE=}'" ;;
    *)
        if [[ -v SECRET_SETTINGS[$1] && ! ($1 == *_URL && $value == *://*) ]]; then value='***'; fi
        echo "'$(masked_address "$value")'"
        ;;
    esac
}

# From the first colon of the user information to the last @, and the values of whatever is called like a secret.
masked_address() {
    sed -E 's,://([^:/?#@]*):.*@,://\1:***@,
        s/([?&;][^=&;]*(pass|pwd|secret|token|key|auth|sig)[^=&;]*=)[^&;]*/\1***/gI' <<<"$1"
}

# export_kept_settings makes the environment what is kept, in the form in which it was given.
export_kept_settings() {
    local name
    for name in "${KNOWN_SETTINGS[@]}"; do
        unset "$name" "${name}_FILE"
        if [[ -v KEPT[$name] ]]; then export "$name${KEPT[$name]}"; fi
    done
}

# keep_given_settings writes KEPT into the home; settle_home notes that its set-up has come to its end.
keep_given_settings() {
    local name
    for name in "${KNOWN_SETTINGS[@]}"; do
        if [[ -v KEPT[$name] ]]; then printf '%s%s\n' "$name" "${KEPT[$name]}"; fi
    done | write_private "$CONFIG/given"
}

settle_home() { [[ -f $CONFIG/settled ]] || write_private "$CONFIG/settled" </dev/null; }
