# shellcheck shell=bash
# What `up` says at its end: where the page is, the first password, and what is open that could be closed.

print_welcome() {
    local password="(as it was set before; ./observer password admin sets another)"
    [[ -z ${OBSERVER_ADMIN_PASSWORD:-}${OBSERVER_ADMIN_PASSWORD_FILE:-} ]] || password="(as it was given when the user was made)"
    [[ -z $FIRST_PASSWORD ]] || password="$FIRST_PASSWORD   (shown this once, and kept nowhere)"
    cat <<TEXT

Observer runs (set up in $(seconds_since "$1") s).

$(page_addresses | sed '1s/^/  Page      /; 2,$s/^/            /')
  User      admin
  Password  $password

  ./observer status    what runs          ./observer logs web -f    what it says
  ./observer token me  an API token       ./observer down           stop everything
TEXT
    print_openings
}

# The addresses by which people come, one a line: the public one, else those of the machine where the page is open to all.
page_addresses() {
    local address
    if [[ -n ${OBSERVER_PUBLIC_URL:-} ]]; then
        printf '%s\n' "${OBSERVER_PUBLIC_URL%/}/"
    elif listens_everywhere; then
        for address in $(hostname -I 2>/dev/null || echo 127.0.0.1); do
            [[ $address != *:* ]] || address="[$address]"
            [[ $WEB_LISTEN == :: || $address != '['* ]] && printf '%s://%s:%s/\n' "$(web_scheme)" "$address" "$WEB_PORT"
        done
    else
        printf '%s/\n' "$(web_address)"
    fi
}

listens_everywhere() { [[ $WEB_LISTEN == 0.0.0.0 || $WEB_LISTEN == '*' || $WEB_LISTEN == :: ]]; }

listens_on_loopback() { [[ $WEB_LISTEN == 127.* || $WEB_LISTEN == ::1 || $WEB_LISTEN == localhost ]]; }

# What whoever set it up should know, a paragraph each.
print_openings() {
    if ! listens_on_loopback && [[ $(web_scheme) == http ]]; then
        cat <<TEXT

  The page is open to the network without TLS (OBSERVER_LISTEN=$WEB_LISTEN): passwords and pictures can be read on the way.
  OBSERVER_TLS_CERTIFICATE and OBSERVER_TLS_KEY close that; so does OBSERVER_LISTEN=127.0.0.1 behind a proxy with TLS.
TEXT
    fi
    if may_read_everything; then
        cat <<TEXT

  The services may read every file of this machine: the clone or OBSERVER_HOME lies below a folder that is closed to user
  $(id -un). Move them below one that everybody may enter, such as /srv or /opt, and they have no such right.
TEXT
    fi
}

# True when root has lent this process the right to pass through closed folders (CAP_DAC_READ_SEARCH, number 2).
may_read_everything() {
    local capabilities
    capabilities=$(sed -n 's/^CapAmb:[[:space:]]*//p' /proc/self/status)
    ((0x${capabilities:-0} & 4))
}
