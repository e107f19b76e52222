-- compatible: yes
-- A smaller stream of the same camera; recorders record it later.
alter table cameras add column sub_url text
    check (length(sub_url) between 1 and 2048 and sub_url !~ '^[a-z]+://[^/?#]*@');
comment on column cameras.sub_url is 'The address of a second, smaller stream, without user name and password, which are those of url.';
