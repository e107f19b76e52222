-- The rights of the role that observer-retention signs in with; for the owner of the tables to run, again after an update:
--   create role observer_retention login password '…';
--   psql -v ON_ERROR_STOP=1 -f sql/roles/retention.sql DATABASE
-- It sees no address, no user and no password, changes nothing of a segment but its state, and drops no table.
grant select (id, tags, retention_days, discards_recordings) on cameras to observer_retention;
grant select, update (state, previous_state, error, stored_at, expired_at, legal_hold) on segments to observer_retention;
grant select, insert, update on camera_hours, camera_backlog to observer_retention;
grant select on retention_policies, holds to observer_retention;
grant select, insert, update, delete on deletions, locked_segments to observer_retention;
grant select, insert, update on legal_holds to observer_retention;
grant select, update on retention_status to observer_retention;
