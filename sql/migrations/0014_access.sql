-- compatible: yes
-- step: transactional access
alter table users add column clearance bigint not null default 0 check (clearance >= 0);
comment on column users.clearance is 'Rises when failed sign-ins are to be forgotten: microseconds of the time at which a password was set.';

create table sign_in_places (
    user_id bigint not null references users on delete cascade,
    place text not null check (length(place) between 1 and 80),
    seen_at timestamptz not null default now(),
    primary key (user_id, place)
);
comment on table sign_in_places is 'Where somebody has signed in from before, who is not counted with strangers: at most 32 networks and 32 browsers of each user.';
comment on column sign_in_places.place is 'network: and an address or the /64 of one, or browser: and the SHA-256 of its mark.';
create index sign_in_places_seen on sign_in_places (seen_at);
comment on table login_attempts is 'Not used any more: failed sign-ins are counted by the web server itself.';

alter table cameras
    add column url_sealed bytea check (octet_length(url_sealed) <= 4096),
    add column sub_url_sealed bytea check (octet_length(sub_url_sealed) <= 4096);
comment on column cameras.url is 'Without user name, and with *** for values that are secrets.';
comment on column cameras.url_sealed is 'The whole address, sealed for camera:<id>:url; null where it has no secret in it.';
comment on column cameras.sub_url_sealed is 'The same of sub_url, sealed for camera:<id>:sub_url.';
