-- Sample cameras to try Observer with, all switched off. Public test streams, no account needed:
--   psql "$OBSERVER_DATABASE_URL" -f sql/demo.sql
-- Running it twice adds nothing.
insert into cameras (name, location, location_details, url, transport, tags)
select sample.name, sample.location, sample.location_details, sample.url, 'tcp', sample.tags
from (
    values
    ('Big Buck Bunny', 'Internet', 'HLS, H.264 and AAC, several sizes', 'https://test-streams.mux.dev/x36xhzz/x36xhzz.m3u8', '{demo,hls}'::text[]),
    ('Bip-Bop', 'Internet', 'Apple''s HLS example in fragmented MP4', 'https://devstreaming-cdn.apple.com/videos/streaming/examples/img_bipbop_adv_example_fmp4/master.m3u8', '{demo,hls}'),
    ('Tears of Steel', 'Internet', 'HLS, live loop', 'https://demo.unified-streaming.com/k8s/live/stable/live.isml/.m3u8', '{demo,hls,live}'),
    ('Sintel', 'Internet', 'HLS, H.264', 'https://bitdash-a.akamaihd.net/content/sintel/hls/playlist.m3u8', '{demo,hls}'),
    ('Gate', 'Old Trafford', 'Stretford End; put your own camera here', 'rtsp://cam.example/stream1', '{demo,outdoor}')
) as sample (name, location, location_details, url, tags)
where not exists (select from cameras where cameras.url = sample.url and cameras.deleted_at is null);
