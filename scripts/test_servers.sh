# shellcheck shell=bash
# The servers that the integration tests run against: PostgreSQL, RabbitMQ and two S3 servers in .build/test-home.

# start_test_servers: as whoever calls; by root, as the service user.
start_test_servers() {
    if ((EUID != 0)); then
        service_start_test_servers
        return
    fi
    choose_account make
    make_home
    prepare_service_user
    UNDO+=(stop_test_servers)
    as_service start-test-servers || fail "the test servers did not start" "see above" "rm -rf $OBSERVER_HOME, if it is of an older version"
    take_test_server_facts
}

stop_test_servers() { as_service down; }

# What the tests need to know of the servers; the answer comes from the service user, and has words of letters and digits alone, and ports.
TEST_SERVER_FACTS=(PG_PORT PG_ADMIN_PASSWORD AMQP_PORT AMQP_PASSWORD S3_PORT S3_PORTS RCLONE_PORT S3_KEY S3_SECRET
    WEB_KEY WEB_SECRET UPLOAD_KEY UPLOAD_SECRET RETENTION_KEY RETENTION_SECRET)

take_test_server_facts() {
    local line name facts
    facts=$(as_service test-server-facts) || fail "the test servers' passwords are not known" "see above" ""
    while IFS= read -r line; do
        for name in "${TEST_SERVER_FACTS[@]}"; do
            if [[ $line =~ ^$name=([A-Za-z0-9 ]+)$ ]]; then printf -v "$name" '%s' "${BASH_REMATCH[1]}"; fi
        done
    done <<<"$facts"
}

service_test_server_facts() {
    local name
    load_settings
    for name in "${TEST_SERVER_FACTS[@]}"; do printf '%s=%s\n' "$name" "${!name}"; done
}

service_start_test_servers() {
    SERVICES=(postgres rabbitmq s3 rclone)
    [[ -n ${CAPTURES[*]:-} ]] || name_services
    STEP_LOGS=${AS_SERVICE:+$LOGS/test}
    STEP_LOGS=${STEP_LOGS:-$REPO/.build/logs/test}
    open_home
    mkdir -p "$OBSERVER_HOME/rclone/test"
    render_all
    start_supervisor
    start_services epmd
    wait_for 10 port_answers "$EPMD_PORT" || fail "epmd does not answer" "" "see $LOGS/epmd.log"
    start_services rabbitmq s3 rclone
    if [[ ! -f $OBSERVER_HOME/postgres/data/PG_VERSION ]]; then
        step "make the test database cluster" "see the log" make_cluster
    fi
    start_services postgres
    await_service postgres 60 postgres_ready
    await_service s3 60 s3_answers
    await_service rclone 30 rclone_answers
    await_service rabbitmq 120 port_answers "$AMQP_PORT"
}

# Its own words, not only an open port: it refuses a request without a signature.
rclone_answers() { [[ $(curl -s --max-time 2 "http://127.0.0.1:$RCLONE_PORT/") == *'<Error>'* ]]; }

export_test_environment() {
    export OBSERVER_TEST_REQUIRED=1
    export OBSERVER_TEST_DATABASE_URL=postgresql://postgres:$PG_ADMIN_PASSWORD@127.0.0.1:$PG_PORT/postgres
    export OBSERVER_TEST_AMQP_URL=amqp://observer:$AMQP_PASSWORD@127.0.0.1:$AMQP_PORT/observer
    export OBSERVER_TEST_S3_ENDPOINT=http://127.0.0.1:$S3_PORT OBSERVER_TEST_RCLONE_ENDPOINT=http://127.0.0.1:$RCLONE_PORT
    export OBSERVER_TEST_S3_KEY=$S3_KEY OBSERVER_TEST_S3_SECRET=$S3_SECRET
    export OBSERVER_TEST_RCLONE_KEY=$S3_KEY OBSERVER_TEST_RCLONE_SECRET=$S3_SECRET
    export OBSERVER_TEST_S3_WEB=$WEB_KEY:$WEB_SECRET OBSERVER_TEST_S3_UPLOAD=$UPLOAD_KEY:$UPLOAD_SECRET
    export OBSERVER_TEST_S3_RETENTION=$RETENTION_KEY:$RETENTION_SECRET OBSERVER_TEST_S3_PORTS=${S3_PORTS// /,}
    export OBSERVER_TEST_NGINX=/usr/sbin/nginx OBSERVER_TEST_PYTHON=$TOOLS/bin/python3
}

# What the servers the tests ran against said of crashes and said last; a failure may be theirs.
show_server_logs() { if ((EUID == 0)); then as_service test-server-logs; else service_test_server_logs; fi; }

service_test_server_logs() {
    local name
    for name in supervisord postgres rabbitmq s3 rclone; do
        say "    the end of $LOGS/$name.log:"
        {
            grep -aE -m 3 'panic|fatal error|address already in use|EADDRINUSE' "$LOGS/$name.log"
            tail -n 5 "$LOGS/$name.log"
        } | cut -c 1-200 | sed 's/^/      /'
    done
}
