"""What a well-behaved camera says of its tracks (RFC 4566)."""

import base64


def describe(camera) -> list[str]:
    """The lines of the description, by section: session, video, audio."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=Odd", "c=IN IP4 127.0.0.1", "t=0 0", "a=control:*"]
    lines += ["m=video 0 RTP/AVP 96", *video(camera.film), "a=control:video"]
    if camera.sound:
        lines += [f"m=audio 0 RTP/AVP {camera.sound.kind}", *camera.sound.lines, "a=control:audio"]
    return lines


def video(film) -> list[str]:
    def text(kind: int) -> str:
        return base64.b64encode(film.sets[kind]).decode()

    if film.is_hevc:
        sets = f"sprop-vps={text(32)};sprop-sps={text(33)};sprop-pps={text(34)}"
        return ["a=rtpmap:96 H265/90000", f"a=fmtp:96 {sets}"]
    profile = film.sets[7][1:4].hex()
    sets = f"sprop-parameter-sets={text(7)},{text(8)}"
    return ["a=rtpmap:96 H264/90000", f"a=fmtp:96 packetization-mode=1;profile-level-id={profile};{sets}"]
