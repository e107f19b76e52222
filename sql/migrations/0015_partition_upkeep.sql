-- compatible: yes
-- step: transactional functions
-- The upkeep of the weekly partitions belongs to the owner of the tables, and the services that see to it are not the owner: these
-- functions do for them what their own rights do not allow, and nothing else. Each checks for itself what it is asked to do.

create function create_segment_partition(week date) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
    name text := 'segments_' || to_char(week, 'IYYY"w"IW');
    first uuid := segment_id_at(week::timestamp at time zone 'UTC');
    following uuid := segment_id_at((week + 7)::timestamp at time zone 'UTC');
begin
    if extract(isodow from week) <> 1 then
        raise invalid_parameter_value using message = 'a week begins on a Monday';
    end if;
    if to_regclass('public.' || name) is not null then return false; end if;
    -- Nobody else creates tables for times without recordings.
    if not pg_has_role(session_user, current_user, 'member')
        and week not between current_date - 14 and current_date + 35
        and not exists (select from public.segments_default where id >= first and id < following)
    then
        raise insufficient_privilege using message = 'the week is neither near nor has rows';
    end if;
    -- Beside the table, and attached then: to create it in place would lock out every reader. Rows are updated once at most, so
    -- a page needs little room for new versions. By the server's defaults a table of 60 million rows (1,000 cameras) would wait
    -- for 12 million dead ones.
    execute format('create table public.%I (like public.segments including all) with (fillfactor = 90, '
        'autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, '
        'autovacuum_analyze_scale_factor = 0.02)', name);
    lock table public.segments_default in access exclusive mode;
    execute format('with moved as (delete from public.segments_default where id >= %L and id < %L returning *) '
        'insert into public.%I select * from moved', first, following, name);
    execute format('alter table public.segments attach partition public.%I for values from (%L) to (%L)', name, first, following);
    return true;
end
$$;
comment on function create_segment_partition is 'Creates the partition of the week that begins on that Monday, with its rows out of the default one. False: there is one.';

create function drop_expired_partition(week date) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
    name text := 'segments_' || to_char(week, 'IYYY"w"IW');
    remaining boolean;
begin
    if to_regclass('public.' || name) is null then return false; end if;
    -- First, so that no segment of that week is registered in between.
    execute format('lock table public.%I in access exclusive mode', name);
    execute format('select exists (select from public.%I where state <> ''expired'')', name) into remaining;
    if remaining then return false; end if;
    execute format('drop table public.%I', name);
    return true;
end
$$;
comment on function drop_expired_partition is 'Drops the partition of a week whose segments have all expired. False: it has others, or is not there.';

create function remove_expired_segments(most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
    ids uuid[];
    removed bigint;
begin
    -- Rows that expired before it was written down count from now on.
    update public.segments set expired_at = now() where id in (
        select id from public.segments where state = 'expired' and expired_at is null limit most);
    select array_agg(id order by id) into ids from (
        select id from public.segments
        where state = 'expired' and expired_at < now() - interval '30 days' order by expired_at limit most
    ) due;
    if ids is null then return 0; end if;
    -- The range, unlike the array, leaves out partitions.
    delete from public.segments
    where id = any(ids) and id between ids[1] and ids[cardinality(ids)] and state = 'expired';
    get diagnostics removed = row_count;
    return removed;
end
$$;
comment on function remove_expired_segments is 'Removes rows of segments that expired more than thirty days ago, at most so many.';

create function remove_empty_hours(before timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
    removed bigint;
begin
    delete from public.camera_hours
    where hour < least(before, now() - interval '1 day') and segments = 0 and bytes = 0 and covered_ms = 0;
    get diagnostics removed = row_count;
    return removed;
end
$$;
comment on function remove_empty_hours is 'Removes the sums of hours that nothing is left of.';

revoke execute on function create_segment_partition, drop_expired_partition, remove_expired_segments, remove_empty_hours from public;
