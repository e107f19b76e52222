-- The rights of the role that observer-web signs in with. `observerctl migrate` and `observerctl roles` run this as the owner of
-- the tables, after they have taken all rights from the role; what is not named here it cannot do.
-- It writes what people decide: cameras, accounts, rules, holds. What recorders and uploaders report it can only read, and no
-- recording can be deleted or changed by it.
grant select on all tables in schema public to observer_web;
grant usage on sequence cameras_id_seq to observer_web;
grant insert, update on cameras to observer_web;
grant insert on camera_switches to observer_web;
grant delete on camera_snapshots to observer_web;

-- People and programs that sign in.
grant insert, update on users, api_tokens to observer_web;
grant insert, update, delete on sessions, sign_in_places to observer_web;
grant delete on login_attempts to observer_web;

-- Retention is decided here and carried out elsewhere.
grant insert, update, delete on retention_policies to observer_web;
grant insert on retention_history to observer_web;
grant insert, update (released_at, released_by, release_reason) on holds to observer_web;
grant update (state, actor, objection, updated_at) on deletions to observer_web;
grant update (planned_at) on retention_status to observer_web;
grant insert, update on upload_retries to observer_web;
