-- compatible: yes
-- The certificates that are good enough for a camera that speaks TLS.
alter table cameras add column tls text not null default 'any'
    check (tls ~ '^(any|system|pinned|pinned:[0-9a-f]{64})$');
comment on column cameras.tls is 'The certificates that are good enough: any, system (trusted by the recorder''s system for that host), pinned: and a SHA-256, or pinned alone, which refuses all and tells the SHA-256.';
