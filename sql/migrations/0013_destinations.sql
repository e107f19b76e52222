-- compatible: yes
-- step: transactional column
-- Where the object of a segment is, once it is stored: until now, all are at home. The default is kept beside the table, so
-- that no row is written, and the check is not made for the rows that there are while the table is locked.
alter table segments add column destinations smallint not null default 1;
alter table segments add constraint segments_destinations_check check (destinations between 1 and 7) not valid;
comment on column segments.destinations is 'Where the object is, once it is stored: 1 home, 2 the second store, 4 the third, added up. Means nothing before that.';

-- step: concurrent destinations_valid
alter table segments validate constraint segments_destinations_check;

-- step: concurrent elsewhere_partitions
select format('create index concurrently if not exists %s_elsewhere on %s (id) where state = ''stored'' and destinations in (2, 4, 5, 6)', c.relname, c.relname)
from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'segments'::regclass order by 1

-- step: transactional elsewhere
-- What lies elsewhere because home, or another of the first, took nothing for a while.
create index segments_elsewhere on segments (id) where state = 'stored' and destinations in (2, 4, 5, 6);

-- step: transactional uploaders
alter table uploaders
    add column second_state text check (second_state in ('working', 'paused', 'refused')),
    add column second_detail text check (length(second_detail) <= 1000),
    add column third_state text check (third_state in ('working', 'paused', 'refused')),
    add column third_detail text check (length(third_detail) <= 1000),
    add column passed_over smallint not null default 0 check (passed_over between 0 and 7);
comment on column uploaders.store_state is 'Of home: working; paused: it does not answer; refused: it refuses all segments.';
comment on column uploaders.second_state is 'The same of the second store; null: there is none.';
comment on column uploaders.passed_over is 'The destinations that have taken nothing for a while, so that others take their place: numbers as in segments.destinations.';
