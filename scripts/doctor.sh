# shellcheck shell=bash
# `doctor`: looks at everything that Observer depends on, one line each, and says how to fix what is wrong.

FAILURES=0

# report STATE WHAT [HOW]: STATE is ok, note (worth knowing) or fail.
report() {
    printf '%-5s %s\n' "$1" "$2"
    [[ -n ${3:-} ]] && printf '      %s\n' "$3"
    [[ $1 == fail ]] && ((FAILURES += 1))
    return 0
}

command_doctor() {
    (($# == 0)) || fail "doctor takes no argument" "" "./observer doctor --help"
    use_private "${ALL_SERVICES[@]}"
    doctor_machine
    doctor_home
    doctor_clock
    doctor_certificate
    doctor_services
    if ((FAILURES)); then
        say "$FAILURES checks failed."
        exit 1
    fi
    say "All checks passed."
}

doctor_machine() {
    local needed missing version
    # shellcheck source=/dev/null
    version=$(. /etc/os-release && echo "${PRETTY_NAME:-unknown}")
    if [[ $version == "Debian GNU/Linux 12"* ]]; then report ok "$version"; else
        report note "$version" "Observer is tried on Debian 12; other systems may lack packages of these names"
    fi
    mapfile -t needed < <(needed_packages)
    mapfile -t missing < <(missing_packages "${needed[@]}")
    if ((${#missing[@]})); then report fail "packages missing: ${missing[*]}" "./observer up installs them"; else
        report ok "packages: all ${#needed[@]} installed"
    fi
    command -v swift >/dev/null || PATH=$PATH:/opt/swift/usr/bin
    version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9.]+')
    if [[ $version =~ \ (6\.[2-9]|[7-9]) ]]; then report ok "$version"; else
        report fail "Swift 6.2 or newer is needed${version:+, this is $version}" "install it for Debian 12 and put its usr/bin on PATH"
    fi
    version="$(/usr/sbin/nginx -v 2>&1 | grep -oE 'nginx/[0-9.]+') · PostgreSQL $("$PG_BIN/postgres" --version 2>/dev/null | grep -oE '[0-9.]+' | head -n 1)"
    report ok "$version · RabbitMQ $(dpkg-query -W -f '${Version}' rabbitmq-server 2>/dev/null)"
    if [[ -x $BINARIES/observer-web ]]; then report ok "binaries: built"; else
        report fail "the binaries are not built" "./observer up builds them"
    fi
}

doctor_home() {
    local free file mode
    free=$(df -Pk "$(nearest_folder "$OBSERVER_HOME")" | awk 'NR == 2 { print int($4 / 1024) }')
    if ((free < 1024)); then report fail "disk: $free MiB free for $OBSERVER_HOME" "make room, or move it: OBSERVER_HOME=DIR"; else
        report ok "disk: $free MiB free for $OBSERVER_HOME"
    fi
    file=$RUN/supervisor.sock
    if ((${#file} > 100)); then report fail "the path $OBSERVER_HOME is too long for unix sockets" "a shorter OBSERVER_HOME"; else
        report ok "socket paths: ${#file} of 107 bytes"
    fi
    for file in "$CONFIG"/{key,{observer,observerctl,web,capture,upload,retention}.env,security.toml,s3.key,settings,given}; do
        [[ -e $file ]] || continue
        mode=$(stat -c %a "$file")
        [[ $mode == 600 ]] || report fail "$file can be read by others (mode $mode)" "chmod 600 $file"
    done
}

# S3 refuses signatures of a clock that is 15 minutes off; recordings should be right to the second.
doctor_clock() {
    local endpoint=${AWS_ENDPOINT_URL_S3:-} there difference
    if command -v timedatectl >/dev/null && [[ -d /run/systemd/system ]]; then
        if [[ $(timedatectl show -p NTPSynchronized --value 2>/dev/null) == yes ]]; then report ok "clock: synchronised"; else
            report fail "clock: not synchronised" "timedatectl set-ntp true, or install chrony"
        fi
    fi
    [[ -n $endpoint ]] || return 0
    there=$(curl -sI --max-time 5 "$endpoint" | tr -d '\r' | sed -n 's/^[Dd]ate: //p')
    [[ -n $there ]] || { report fail "S3 at $endpoint does not answer" "check the address and the network"; return; }
    difference=$(($(date +%s) - $(date -d "$there" +%s)))
    if ((${difference#-} > 60)); then report fail "clock: ${difference} s away from the S3 server's" "set this machine's clock (chrony)"; else
        report ok "clock: within ${difference#-} s of the S3 server's"
    fi
}

# Renewed in time, a certificate is used at once: nginx reads it at each handshake.
doctor_certificate() {
    local file until
    [[ -r $CONFIG/observer.env ]] || return 0
    file=$(environment_value OBSERVER_TLS_CERTIFICATE)
    [[ -n $file ]] || return 0
    until=$(openssl x509 -in "$file" -noout -enddate 2>/dev/null) || {
        report fail "the certificate $file cannot be read" "OBSERVER_TLS_CERTIFICATE names a PEM file"
        return
    }
    until=${until#notAfter=}
    if ! openssl x509 -in "$file" -noout -checkend 0 >/dev/null; then
        report fail "the certificate ended on $until" "renew it; nginx takes the new one by itself"
    elif ! openssl x509 -in "$file" -noout -checkend $((14 * 86400)) >/dev/null; then
        report note "the certificate ends on $until" "renew it; nginx takes the new one by itself"
    else
        report ok "certificate: good until $until"
    fi
}

doctor_services() {
    load_settings
    if ! supervisor_runs; then
        if [[ -n $(leftovers) ]]; then
            report fail "the supervisor is gone, but services of it run: $(leftovers | tr '\n' ' ')" "./observer up, or ./observer down"
            return
        fi
        if [[ $WEB_PORT =~ ^[0-9]+$ ]] && ports_free "$WEB_PORT"; then report ok "port $WEB_PORT is free"; else
            report fail "port $WEB_PORT is taken by another program" "OBSERVER_PORT=$(free_ports 1) ./observer up"
        fi
        report note "nothing runs in $OBSERVER_HOME" "./observer up"
        return
    fi
    local name state rest
    while read -r name state rest; do
        case $state in
        running | external) report ok "$name: $state" ;;
        *) report fail "$name: $state ($rest)" "./observer logs $name" ;;
        esac
    done < <(print_status text)
    if observerctl check; then report ok "database, broker and S3 with the rights that are needed"; else
        report fail "observerctl check found something (above)" "./observer logs"
    fi
}
