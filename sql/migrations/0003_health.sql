-- compatible: yes
-- What is wrong with a stream while it is recorded.
alter table camera_status add column health jsonb not null default '[]'
    check (jsonb_typeof(health) = 'array' and jsonb_array_length(health) <= 16 and length(health::text) <= 65536);
comment on column camera_status.health is 'What is wrong while it records: a list of objects with a cause, which is a word of the API, and a detail, the same as a sentence for people.';
