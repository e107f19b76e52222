-- compatible: yes
-- No foreign key: partitions of segments are dropped.
create table upload_retries (
    segment_id uuid primary key,
    spool_id uuid not null,
    actor text not null check (length(actor) between 1 and 80),
    asked_at timestamptz not null default now()
);
comment on table upload_retries is 'Failed uploads that people want to be tried anew. The uploader of the spool takes the rows away when it begins.';
create index upload_retries_spool on upload_retries (spool_id);
