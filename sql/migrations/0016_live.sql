-- compatible: yes
-- Where the live pictures of a recorder's cameras are served.
alter table recorders add column live_address text check (length(live_address) between 1 and 64);
comment on column recorders.live_address is 'Where nginx finds its live pictures: unix, for a socket in its own folder, or address:port. Null: nowhere.';
