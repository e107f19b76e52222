-- compatible: yes
-- How busy recorders are.
alter table recorders add column load double precision not null default 0 check (load between 0 and 4096);
comment on column recorders.load is 'The number of processors that it kept busy between its last two heartbeats.';
