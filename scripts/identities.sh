# shellcheck shell=bash
# Who may do what: each service has a database role and an access key of the store with the rights that it needs, in an
# environment file of its own beside observer.env. The owner of the tables and of the bucket is `observerctl` alone.

# The services with a role, and those of them with an access key.
DATABASE_ROLES=(migrate web capture upload retention)
STORE_KEYS=(web upload retention)
SETTINGS+=(WEB_PASSWORD CAPTURE_PASSWORD UPLOAD_PASSWORD WEB_KEY WEB_SECRET UPLOAD_KEY UPLOAD_SECRET FILER_SECRET)

# choose_identities makes the passwords and keys that the home does not have yet. Those of the owner are PG_PASSWORD, S3_KEY
# and S3_SECRET.
choose_identities() {
    local name
    for name in WEB CAPTURE UPLOAD RETENTION; do choose_secret "${name}_PASSWORD" "$(random_hex 32)"; done
    for name in WEB UPLOAD RETENTION; do
        choose_secret "${name}_KEY" "OBS$(random_hex 16)"
        choose_secret "${name}_SECRET" "$(random_hex 40)"
    done
    choose_secret FILER_SECRET "$(random_hex 64)"
}

# choose_secret NAME VALUE: the value, unless the home has one.
choose_secret() { [[ -n ${!1} ]] || printf -v "$1" '%s' "$2"; }

# secret_of NAME KIND: one of them by the service's name.
secret_of() {
    local variable=${1^^}_$2
    [[ $1 == migrate ]] && variable=PG_$2
    printf '%s' "${!variable}"
}

# The environment files of one service each, mode 0600. What the caller gave for a server elsewhere is in observer.env, for all.
render_identities() {
    local name
    for name in web capture upload retention; do
        {
            if runs_here postgres; then database_url "$name"; fi
            if runs_here s3 && [[ " ${STORE_KEYS[*]} " == *" $name "* ]]; then
                store_key "$(secret_of "$name" KEY)" "$(secret_of "$name" SECRET)"
            fi
        } | write_private "$CONFIG/$name.env"
    done
    {
        if runs_here postgres; then database_url migrate; fi
        if runs_here s3; then store_key "$S3_KEY" "$S3_SECRET"; fi
    } | write_private "$CONFIG/observerctl.env"
}

database_url() {
    printf 'OBSERVER_DATABASE_URL=postgresql://observer_%s:%s@127.0.0.1:%s/observer\n' "$1" "$(secret_of "$1" PASSWORD)" "$PG_PORT"
}

store_key() { printf 'AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n' "$1" "$2"; }

# The roles with their passwords, and the database, which belongs to observer_migrate. What the other roles may do comes with
# `observerctl migrate`.
make_database() {
    local name
    {
        # One role was the owner and the services once.
        cat <<'SQL'
SELECT 'ALTER ROLE observer RENAME TO observer_migrate' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'observer')
    AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'observer_migrate') \gexec
SQL
        for name in "${DATABASE_ROLES[@]}"; do
            # \gexec runs what the query prints: the statement when the thing is missing, nothing when it is there.
            cat <<SQL
SELECT 'CREATE ROLE observer_$name LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'observer_$name') \gexec
ALTER ROLE observer_$name NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '$(secret_of "$name" PASSWORD)';
SQL
        done
        cat <<'SQL'
SELECT 'CREATE DATABASE observer OWNER observer_migrate' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'observer') \gexec
SQL
    } | as_database_admin
}

# The private store: its access keys, and what closes the servers under its S3 API.
render_s3() {
    local name
    for name in S3_KEY S3_SECRET {WEB,UPLOAD,RETENTION}_{KEY,SECRET} FILER_SECRET; do export "${name?}"; done
    "$REPO/scripts/render-store" identities | write_private "$CONFIG/s3.json"
    if [[ ! -s $CONFIG/s3.crt ]]; then
        "$REPO/scripts/render-store" key | write_private "$CONFIG/s3.key"
        "$REPO/scripts/render-store" certificate <"$CONFIG/s3.key" | write_private "$CONFIG/s3.crt"
    fi
    "$REPO/scripts/render-store" security "$CONFIG" | write_private "$CONFIG/security.toml"
    export -n S3_KEY S3_SECRET {WEB,UPLOAD,RETENTION}_{KEY,SECRET} FILER_SECRET
}
