-- The rights of the role that observer-upload signs in with. `observerctl migrate` and `observerctl roles` run this as the owner of
-- the tables, after they have taken all rights from the role; what is not named here it cannot do.
-- It writes what became of recordings. It sees no camera, no address, no user, no session and no token, and deletes no recording.
grant select on schema_migrations to observer_upload;
grant select (id, started_at) on segments_default to observer_upload;
grant select, insert, update (state, previous_state, tries, error, etag, stored_at, destinations, legal_hold)
    on segments to observer_upload;
grant select, insert, update on camera_hours, camera_backlog, catalogue_hours to observer_upload;
grant select, insert, update on uploaders to observer_upload;
-- Rows are locked before they are taken away, which takes the right to change something of them.
grant select, delete, update (asked_at) on upload_retries to observer_upload;

-- It sees to the weekly partitions by functions of the owner, each of which checks what it is asked to do.
grant execute on function create_segment_partition, drop_expired_partition, remove_expired_segments, remove_empty_hours
    to observer_upload;
