-- The rights of the role that observer-retention signs in with. `observerctl migrate` and `observerctl roles` run this as the owner
-- of the tables, after they have taken all rights from the role; what is not named here it cannot do.
-- It sees no address, no user and no password, changes nothing of a segment but its state, and drops no table.
grant select on schema_migrations to observer_retention;
grant select (id, started_at) on segments_default to observer_retention;
grant select (id, tags, retention_days, discards_recordings) on cameras to observer_retention;
grant select, update (state, previous_state, error, stored_at, expired_at, legal_hold, destinations) on segments to observer_retention;
grant select, insert, update on camera_hours, camera_backlog to observer_retention;
grant select on retention_policies, holds to observer_retention;
grant select, insert, update, delete on deletions, locked_segments to observer_retention;
grant select, insert, update on legal_holds to observer_retention;
grant select, update on retention_status to observer_retention;

-- It writes the catalogue to the bucket: what a camera is called and when it was wanted, gaps, holds.
grant select (name, location, location_details, segment_seconds, priority, audio, is_active, version, created_at, deleted_at)
    on cameras to observer_retention;
grant select on camera_switches, gaps to observer_retention;
grant select, insert, update, delete on catalogue_hours to observer_retention;
grant select, insert, update on catalogue_cameras, catalogue_runs to observer_retention;
grant select, update on catalogue_status to observer_retention;

-- It brings rows back that a database lacks which was restored to an earlier state. An address is written for a camera that is
-- not there: one that leads nowhere.
grant insert, update (etag, stored_at) on segments to observer_retention;
grant insert, update (ended_at, epoch, cause, detail) on gaps to observer_retention;
grant insert on camera_switches to observer_retention;
grant insert, update (released_at, released_by, release_reason) on holds to observer_retention;
grant insert (id, name, location, location_details, url, tags, retention_days, segment_seconds, priority, audio, version,
    created_at, deleted_at, discards_recordings),
    update (name, location, location_details, tags, retention_days, segment_seconds, priority, audio, version, deleted_at,
    discards_recordings, is_active, updated_at) on cameras to observer_retention;
grant select, insert, update on assignments to observer_retention;
grant select, update on sequence cameras_id_seq, holds_id_seq to observer_retention;
