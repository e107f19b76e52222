-- compatible: yes
-- step: transactional tables
-- Where the store can protect objects itself, it does so for holds; and what it protects is not deleted in vain. The columns
-- have no default, so that no row of the large table is written.
alter table segments add column legal_hold boolean;
comment on column segments.legal_hold is 'True while the store was told to keep the object, because of a hold.';
alter table segments add column expired_at timestamptz;
comment on column segments.expired_at is 'When its object was gone. Rows of segments that expired a month ago are removed.';
comment on column segments.state is 'Moves forward only: spooled, then stored, failed or lost; failed may become stored or lost; lost may become stored, when its bytes turn up; stored and lost may become expiring, which is the decision to delete, and then expired, which is final. Expiring becomes stored again where a hold was written meanwhile and the object is still there.';

alter table retention_status
    add column versions text check (versions in ('none', 'deleted', 'kept', 'unknown')),
    add column has_object_lock boolean;
comment on column retention_status.versions is 'What becomes of old versions in the bucket; null: it was not asked yet.';
comment on column retention_status.has_object_lock is 'Objects of the bucket can be locked.';

create table legal_holds (
    hold_id bigint primary key references holds (id),
    is_release boolean not null default false,
    cursor_id uuid,
    objects bigint not null default 0 check (objects >= 0),
    refused bigint not null default 0 check (refused >= 0),
    error text check (length(error) <= 1000),
    looked_at timestamptz,
    is_done boolean not null default false
);
comment on table legal_holds is 'How far the store has been told of each hold, where its bucket has Object Lock.';
comment on column legal_holds.is_release is 'The round takes the protection off, because the hold was released.';
comment on column legal_holds.cursor_id is 'The segment up to which the present round has come; null: none is under way.';
comment on column legal_holds.objects is 'The objects that are protected because of this hold.';
comment on column legal_holds.refused is 'The objects for which the store refused it in the present or last round.';
comment on column legal_holds.error is 'The store''s words about one of those.';
comment on column legal_holds.looked_at is 'When the last round ended: objects that are stored later get it with the next one.';
comment on column legal_holds.is_done is 'It was released, and nothing is left to take off.';

-- No foreign key: segments are partitioned, and their partitions are dropped.
create table locked_segments (
    id uuid primary key,
    until timestamptz,
    has_legal_hold boolean not null default false,
    tried_at timestamptz not null default now()
);
comment on table locked_segments is 'Segments that are expiring and that the store protects: they are not tried again before their time.';
comment on column locked_segments.until is 'What the store says; null: it does not say.';

-- step: concurrent expired_partitions
select format('create index concurrently if not exists %s_expired on %s (expired_at) where state = ''expired''', c.relname, c.relname)
from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'segments'::regclass order by 1

-- step: transactional expired
-- The oldest first, for their removal.
create index segments_expired on segments (expired_at) where state = 'expired';
