-- compatible: yes
-- step: transactional columns
-- A month of a camera is read from 744 rows instead of 268,000: each hour knows which of its milliseconds are recorded.
create function segment_cover(started_at timestamptz, duration_ms integer, hour timestamptz) returns int4range
language sql immutable parallel safe
-- Whole milliseconds, rounded down also before the full hour; written thrice, so that it becomes part of the statement.
return case
    when least(((date_part('epoch', started_at - hour) * 1000000)::bigint + 3600000000000) / 1000 - 3600000000 + duration_ms, 3600000)
        > greatest(((date_part('epoch', started_at - hour) * 1000000)::bigint + 3600000000000) / 1000 - 3600000000, 0)
    then int4range(
        greatest(((date_part('epoch', started_at - hour) * 1000000)::bigint + 3600000000000) / 1000 - 3600000000, 0)::integer,
        least(((date_part('epoch', started_at - hour) * 1000000)::bigint + 3600000000000) / 1000 - 3600000000 + duration_ms, 3600000)::integer + 50) end;
comment on function segment_cover is 'The part of an hour that a segment covers, in milliseconds from the full hour, with 50 ms added at its end; null: none. The union of such ranges has no seams where segments follow each other.';

create function hour_cover(camera bigint, kind smallint, of_hour timestamptz) returns int4multirange
language plpgsql stable parallel safe
as $$
begin
    return (
        select coalesce(range_agg(segment_cover(s.started_at, s.duration_ms, of_hour)), '{}') from segments s
        where s.camera_id = camera and s.stream = kind and s.state <> 'expired' and s.state in ('spooled', 'stored', 'failed')
            and s.id >= segment_id_at(of_hour - interval '121 minutes') and s.id < segment_id_at(of_hour + interval '2 hours')
            and s.started_at < of_hour + interval '1 hour' and s.started_at + s.duration_ms * interval '1 ms' > of_hour
    );
end
$$;
comment on function hour_cover is 'What the segments of a stream cover of an hour, as camera_hours.covered has it.';

alter table camera_hours
    add column covered int4multirange not null default '{}',
    add column counted_ms bigint not null default 0;
comment on column camera_hours.covered is 'What segments cover of the hour: the union of their segment_cover. Good where counted_ms is covered_ms.';
comment on column camera_hours.counted_ms is 'The part of covered_ms that was written together with covered. Other than covered_ms: a segment went, or a release wrote here that knows nothing of covered; until it is made anew the segments of the hour tell.';

alter table users add column zone text check (length(zone) between 1 and 64);
comment on column users.zone is 'Name of the time zone in which pages show times; null: that of the browser.';

-- step: concurrent apart_partitions
select format('create index concurrently if not exists %s_apart on %s (camera_id, stream, state, id) where state in (''spooled'', ''lost'')', c.relname, c.relname)
from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'segments'::regclass order by 1

-- step: transactional apart
-- The few that a timeline marks: what waits for its upload, and what is lost.
create index segments_apart on segments (camera_id, stream, state, id) where state in ('spooled', 'lost');

-- step: batched covered
with batch as (
    select camera_id, stream, hour, covered_ms from camera_hours
    where (camera_id, stream, hour) > (
        coalesce(split_part(:cursor::text, '/', 1)::bigint, 0), coalesce(split_part(:cursor::text, '/', 2)::smallint, 0),
        to_timestamp(coalesce(split_part(:cursor::text, '/', 3)::bigint, 0)))
    order by camera_id, stream, hour limit 48
), made as (
    select b.*, hour_cover(camera_id, stream, hour) as cover from batch b
), changed as (
    -- A row that changed meanwhile is left out: its segments tell.
    update camera_hours h set covered = m.cover, counted_ms = m.covered_ms from made m
    where h.camera_id = m.camera_id and h.stream = m.stream and h.hour = m.hour and h.covered_ms = m.covered_ms
        and h.counted_ms <> h.covered_ms
    returning 1
)
select (select concat(camera_id, '/', stream, '/', extract(epoch from hour)::bigint) from batch
        order by camera_id desc, stream desc, hour desc limit 1),
    (select count(*) from changed)
