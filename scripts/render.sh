# shellcheck shell=bash
# Writes the configuration of every service into $OBSERVER_HOME/config. Nothing here starts anything.

# use_private decides which services this home runs itself: those whose address is not given by the environment.
use_private() {
    SERVICES=() EXTERNAL=()
    local name
    for name in "$@"; do
        case $name in
        postgres) [[ -z ${OBSERVER_DATABASE_URL:-}${OBSERVER_DATABASE_URL_FILE:-} ]] ;;
        rabbitmq) [[ -z ${OBSERVER_AMQP_URL:-}${OBSERVER_AMQP_URL_FILE:-} ]] ;;
        s3) [[ -z ${AWS_ENDPOINT_URL_S3:-}${AWS_ENDPOINT_URL_S3_FILE:-} ]] ;;
        camera) [[ ${OBSERVER_DEMO:-1} != 0 ]] ;;
        *) true ;;
        esac
        # shellcheck disable=SC2181 # the status of the whole case
        if (($? == 0)); then SERVICES+=("$name"); else EXTERNAL+=("$name"); fi
    done
}

runs_here() { [[ " ${SERVICES[*]} " == *" $1 "* ]]; }

render_all() {
    render_supervisor
    runs_here postgres && render_postgres
    runs_here rabbitmq && render_rabbitmq
    runs_here s3 && render_s3
    runs_here web && render_environment
    runs_here web && render_identities
    runs_here nginx && render_nginx
    return 0
}

render_supervisor() {
    local name priority=10
    {
        cat <<CONF
; Made by ./observer. Restarts: scripts/run-service paces them (at most one a second), for ever.
[supervisord]
directory=$OBSERVER_HOME
pidfile=$RUN/supervisord.pid
logfile=$LOGS/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
childlogdir=$LOGS
umask=077
nocleanup=true
[unix_http_server]
file=$RUN/supervisor.sock
chmod=0600
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://$RUN/supervisor.sock
CONF
        for name in epmd "${SERVICES[@]}"; do
            [[ $name == epmd ]] && ! runs_here rabbitmq && continue
            program_section "$name" $((priority += 10))
        done
    } | write_private "$CONFIG/supervisord.conf"
}

program_section() {
    local signal=TERM seconds=15
    case $1 in
    postgres) signal=INT seconds=30 ;; # fast shutdown: ends sessions, writes a checkpoint
    rabbitmq) seconds=30 ;;
    # SeaweedFS waits 15 s for its own idle connections; its files are written as they come.
    s3) seconds=4 ;;
    epmd) signal=KILL ;; # keeps nothing, and takes its time over a TERM
    nginx) seconds=5 ;;
    capture | capture-*) seconds=35 ;; # 30 s to hand cameras over and to commit open segments
    upload) seconds=30 ;;              # 25 s to finish uploads
    web) seconds=25 ;; # 20 s to answer requests that have begun
    esac
    cat <<CONF
[program:$1]
command=/bin/bash $REPO/scripts/run-service $1
directory=$OBSERVER_HOME
environment=OBSERVER_HOME="$OBSERVER_HOME",OBSERVER_SERVICE="$1"
priority=$2
autostart=false
autorestart=true
startsecs=0
stopsignal=$signal
stopwaitsecs=$seconds
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile=$LOGS/$1.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
CONF
}

render_postgres() {
    write_private "$CONFIG/postgresql.conf" <<CONF
# A small private server. Everything that protects data (fsync, synchronous_commit, full_page_writes) is on.
data_directory = '$OBSERVER_HOME/postgres/data'
hba_file = '$CONFIG/pg_hba.conf'
ident_file = '$CONFIG/pg_ident.conf'
listen_addresses = '127.0.0.1'
port = $PG_PORT
unix_socket_directories = '$RUN'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 64MB
dynamic_shared_memory_type = posix
password_encryption = scram-sha-256
synchronous_commit = on
max_wal_size = 512MB
checkpoint_timeout = 10min
wal_compression = on
random_page_cost = 1.1
autovacuum_max_workers = 2
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
tcp_keepalives_idle = 30
idle_in_transaction_session_timeout = 60s
CONF
    write_private "$CONFIG/pg_ident.conf" </dev/null
    write_private "$CONFIG/pg_hba.conf" <<'CONF'
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
CONF
}

render_rabbitmq() {
    write_private "$CONFIG/rabbitmq.conf" <<CONF
listeners.tcp.local = 127.0.0.1:$AMQP_PORT
default_vhost = observer
default_user = observer
default_pass = $AMQP_PASSWORD
default_user_tags.administrator = true
vm_memory_high_watermark.relative = 0.2
disk_free_limit.absolute = 256MB
heartbeat = 10
log.console = true
log.console.level = info
log.file = false
CONF
    write_private "$CONFIG/rabbitmq.plugins" <<<'[].'
    printf '%s' "$AMQP_COOKIE" | write_private "$OBSERVER_HOME/rabbitmq/.erlang.cookie.draft"
    # The cookie must be readable by its owner alone, and RabbitMQ refuses to start with a changed one.
    mv -f "$OBSERVER_HOME/rabbitmq/.erlang.cookie.draft" "$OBSERVER_HOME/rabbitmq/.erlang.cookie"
    chmod 0400 "$OBSERVER_HOME/rabbitmq/.erlang.cookie"
}

# The environment that the Observer processes and observerctl share: one file, mode 0600, NAME=value lines. Passwords and keys
# of one service each are in identities.sh.
render_environment() {
    local name networks=${OBSERVER_CAMERA_NETWORKS:-default}
    runs_here camera && networks+=",127.0.0.1/32:$CAMERA_PORT"
    {
        runs_here rabbitmq && echo "OBSERVER_AMQP_URL=amqp://observer:$AMQP_PASSWORD@127.0.0.1:$AMQP_PORT/observer"
        if runs_here s3; then
            printf '%s\n' "AWS_ENDPOINT_URL_S3=http://127.0.0.1:$S3_PORT" "AWS_REGION=us-east-1" "OBSERVER_S3_BUCKET=observer"
        fi
        echo "OBSERVER_CAMERA_NETWORKS=$networks"
        printf '%s\n' "OBSERVER_SPOOL=$(spool_folder)" "OBSERVER_FASTCGI_SOCKET=$RUN/web.sock" \
            "OBSERVER_TEMPLATES=$REPO/templates" "OBSERVER_LIVE_LISTEN=${OBSERVER_LIVE_LISTEN:-$RUN}" "OBSERVER_RECORDER=${OBSERVER_RECORDER:-$NODE}"
        if [[ -z ${OBSERVER_KEY:-}${OBSERVER_KEY_FILE:-} ]]; then echo "OBSERVER_KEY_FILE=$CONFIG/key"; fi
        # What the caller set besides wins over the product's defaults; an empty value is none.
        for name in $(compgen -e | grep -E '^(OBSERVER|AWS)_'); do
            [[ -n ${!name} ]] || continue
            is_known_setting "$name" || is_known_setting "${name%_FILE}" || continue
            case ${name%_FILE} in
            OBSERVER_PORT | OBSERVER_LISTEN | OBSERVER_DEMO | OBSERVER_CAPTURE_PROCESSES | \
                OBSERVER_RECORDER | OBSERVER_CAMERA_NETWORKS | OBSERVER_SPOOL | OBSERVER_LIVE_LISTEN) ;;
            OBSERVER_S3_PREFIX) printf '%s=%s\n' "$name" "${!name}" ;;
            # Further stores, and how many are to have a recording, go with the private one as well.
            OBSERVER_S3_SECOND_* | OBSERVER_S3_THIRD_* | OBSERVER_S3_COPIES | OBSERVER_S3_FALLBACK_SECONDS)
                printf '%s=%s\n' "$name" "${!name}" ;;
            # What is said about another store does not fit the private one.
            AWS_* | OBSERVER_S3_*)
                runs_here s3 || printf '%s=%s\n' "$name" "${!name}" ;;
            *) printf '%s=%s\n' "$name" "${!name}" ;;
            esac
        done
    } | write_private "$CONFIG/observer.env"
}

render_nginx() {
    local store part name
    for store in SECOND THIRD; do
        for part in ENDPOINT BUCKET REGION ADDRESSING CERTIFICATES; do
            name=OBSERVER_S3_${store}_$part
            export "$name=$(environment_value "$name")"
        done
    done
    local certificate key
    certificate=$(environment_value OBSERVER_TLS_CERTIFICATE) key=$(environment_value OBSERVER_TLS_KEY)
    if [[ -n $certificate && -n $key ]]; then
        "$REPO/scripts/render-nginx" pair "$certificate" "$key" ||
            fail "the certificate or its key cannot be used" "see above" \
                "OBSERVER_TLS_CERTIFICATE=FILE OBSERVER_TLS_KEY=FILE ./observer up, or neither"
    fi
    OBSERVER_LISTEN=$WEB_LISTEN OBSERVER_PORT=$WEB_PORT OBSERVER_HOST='' OBSERVER_RUN=$RUN \
        OBSERVER_PUBLIC_URL=$(environment_value OBSERVER_PUBLIC_URL) \
        OBSERVER_TRUSTED_PROXIES=$(environment_value OBSERVER_TRUSTED_PROXIES) \
        OBSERVER_TLS_CERTIFICATE=$certificate OBSERVER_TLS_KEY=$key \
        OBSERVER_TEMP=$OBSERVER_HOME/nginx OBSERVER_STATIC=$REPO/templates/static \
        OBSERVER_ERRORS=$REPO/nginx/errors OBSERVER_SPOOL=$(spool_folder) \
        S3_ENDPOINT=$(environment_value AWS_ENDPOINT_URL_S3) OBSERVER_S3_BUCKET=$(environment_value OBSERVER_S3_BUCKET) \
        OBSERVER_S3_ADDRESSING=$(environment_value OBSERVER_S3_ADDRESSING) AWS_REGION=$(environment_value AWS_REGION) \
        AWS_CA_BUNDLE=$(environment_value AWS_CA_BUNDLE) \
        "$REPO/scripts/render-nginx" "$REPO/nginx" "$CONFIG" || fail "nginx's configuration could not be written" "" "see above"
}

spool_folder() { printf '%s' "${OBSERVER_SPOOL:-$OBSERVER_HOME/spool}"; }

# The value of one setting in observer.env, of its own or in the file that NAME_FILE names.
environment_value() {
    local value file
    value=$(sed -n "s/^$1=//p" "$CONFIG/observer.env" | tail -n 1)
    file=$(sed -n "s/^$1_FILE=//p" "$CONFIG/observer.env" | tail -n 1)
    if [[ -z $value && -n $file ]]; then value=$(<"$file"); fi
    printf '%s' "$value"
}
