-- compatible: yes
create table uploaders (
    spool_id uuid primary key,
    name text not null check (length(name) between 1 and 63),
    instance uuid not null,
    place text not null check (length(place) between 1 and 128),
    beats bigint not null default 1 check (beats >= 1),
    started_at timestamptz not null default now(),
    reported_at timestamptz not null default now(),
    ended boolean not null default false,
    backlog_files bigint not null default 0 check (backlog_files >= 0),
    backlog_bytes bigint not null default 0 check (backlog_bytes >= 0),
    backlog_ms bigint not null default 0 check (backlog_ms >= 0),
    oldest_at timestamptz check (oldest_at >= '1970-01-01Z' and oldest_at < '2200-01-01Z'),
    store_state text not null default 'working' check (store_state in ('working', 'paused', 'refused')),
    store_detail text check (length(store_detail) <= 1000),
    rate bigint not null default 0 check (rate >= 0),
    free_bytes bigint not null default 0 check (free_bytes >= 0),
    full_at timestamptz check (full_at < '2200-01-01Z')
) with (fillfactor = 50);
comment on table uploaders is 'Which observer-upload has which spool, and its last report.';
comment on column uploaders.name is 'OBSERVER_RECORDER of its machine, for people.';
comment on column uploaders.instance is 'The process: another one gets the spool only when this one is known to be dead, or has been silent.';
comment on column uploaders.place is 'Where its spool lies. Who holds the lock of the same folder on the same start of a machine knows that it is dead.';
comment on column uploaders.beats is 'Rises with each report. Others watch it with their own clocks.';
comment on column uploaders.reported_at is 'Time of the last report, for people; nothing about the claim is decided by it.';
comment on column uploaders.ended is 'It ended in order, for people: nothing about the claim is decided by it.';
comment on column uploaders.backlog_files is 'Segments in the spool that are not in the store yet.';
comment on column uploaders.backlog_bytes is 'Their size; of many, by a sample of them.';
comment on column uploaders.backlog_ms is 'Their length; of many, by a sample of them.';
comment on column uploaders.store_state is 'working; paused: it does not answer; refused: it refuses all segments.';
comment on column uploaders.store_detail is 'Why, in the words of the store.';
comment on column uploaders.rate is 'Bytes a second that were stored lately.';
comment on column uploaders.free_bytes is 'Room on the disk of the spool.';
comment on column uploaders.full_at is 'When the disk is full if it fills on as it did lately; null while it does not.';
