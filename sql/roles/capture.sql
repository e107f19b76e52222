-- The rights of the role that observer-capture signs in with. `observerctl migrate` and `observerctl roles` run this as the owner
-- of the tables, after they have taken all rights from the role; what is not named here it cannot do.
-- It reads what cameras are wanted, with their addresses and sealed passwords, and writes what it does. It sees no user, no
-- session and no token, and deletes no recording.
grant select on schema_migrations to observer_capture;
grant select (id, started_at) on segments_default to observer_capture;
grant select on cameras, camera_switches to observer_capture;
-- A camera is locked while it is claimed, which takes the right to change something of it.
grant update (updated_at) on cameras to observer_capture;
grant select, insert, update on recorders, assignments, camera_status, camera_snapshots to observer_capture;
grant select, insert, update, delete on gaps to observer_capture;

-- Recordings, with the sums that the same statements keep.
grant select, insert, update (state, previous_state, tries, error, etag, stored_at, destinations, legal_hold)
    on segments to observer_capture;
grant select, insert, update on camera_hours, camera_backlog, catalogue_hours to observer_capture;
