-- compatible: yes
-- Pictures on demand: a page that asks for one learns from this column that the recorder has looked.
alter table camera_snapshots add column looked_at timestamptz not null default now();
comment on column camera_snapshots.looked_at is 'When the recorder last found that there is no newer key frame, or made this picture.';
