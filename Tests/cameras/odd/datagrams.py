"""Oddities of UDP."""

import dataclasses
import random
import socket

from .case import Answer, Case, Packet, Picture, Request
from .handshake import refused

UDP = {"transport": "udp"}


def lossy(share: float):
    """Loses some packets; which ones is the same each time."""

    def edit(packets: list[Packet], picture: Picture, stream) -> list:
        dice = stream.notes.setdefault("dice", random.Random(7))
        kept = [packet for packet in packets if dice.random() >= share]
        picture.is_whole = picture.is_whole and len(kept) == len(packets)
        return kept

    return edit


def shuffled(packets: list[Packet], picture: Picture, stream) -> list:
    """The packets of a frame in another order, but for the first one: what came ahead of it nobody would miss."""
    if picture.index == 0:
        return packets
    dice = stream.notes.setdefault("dice", random.Random(7))
    return dice.sample(packets, len(packets))


def doubled(packets: list[Packet], picture: Picture, stream) -> list:
    return [copy for packet in packets for copy in (packet, packet)]


def late(packets: list[Packet], picture: Picture, stream) -> list:
    """The last packet of each frame comes behind the first of the next."""
    waiting = stream.notes.get("late", [])
    stream.notes["late"] = packets[-1:]
    return [*packets[:1], *waiting, *packets[1:-1]] if len(packets) > 1 else [*waiting, *packets]


def from_elsewhere(port: bool = False, address: str = "127.0.0.1"):
    """Media comes from another port than was told, or from another address."""

    def edit(answer: Answer, request: Request, session) -> None:
        if request.method == "SETUP" and answer.status == 200:
            way = session.ways["video"]
            other = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
            for one in other:
                one.bind((address, 0))
            for one in way.sockets:
                one.close()
            way.sockets = tuple(other)
            if address != "127.0.0.1":
                answer.set("Transport", answer.get("Transport") + f";source={address}")

    return edit


def untold(answer: Answer, request: Request, session) -> None:
    """Does not tell its own ports."""
    if request.method == "SETUP" and answer.status == 200:
        answer.set("Transport", answer.get("Transport").split(";server_port")[0])


def only_udp(answer: Answer, request: Request, session) -> None:
    if request.method == "SETUP" and "TCP" in request.fields.get("transport", ""):
        answer.status, answer.reason = 461, "Unsupported Transport"


def only_tcp(answer: Answer, request: Request, session) -> None:
    if request.method == "SETUP" and "TCP" not in request.fields.get("transport", ""):
        answer.status, answer.reason = 461, "Unsupported Transport"


def numbers_jump(packets: list[Packet], picture: Picture, stream) -> list:
    """The numbers leap by some thousands now and then, and nothing is lost."""
    shift = 5000 * (picture.index // 60)
    return [dataclasses.replace(packet, sequence=packet.sequence + shift & 0xFFFF) for packet in packets]


def case(name: str, told: str, **facts) -> Case:
    return Case(name, told, **({"options": UDP} | facts))


DATAGRAMS = [
    case("udp", "Sends over UDP."),
    case("udp-five-seconds", "Sends over UDP, and ends a session after 5 s without a request.", timeout="5"),
    case("udp-lossy", "Loses one of twenty packets.", pack=lossy(0.05)),
    case("udp-shuffled", "Sends the packets of a frame in any order.", pack=shuffled),
    case("udp-late", "Sends the last packet of a frame behind the first of the next.", pack=late),
    case("udp-doubled", "Sends each packet twice.", pack=doubled),
    case("udp-numbers-jump", "Leaps in its numbers.", pack=numbers_jump),
    case("udp-other-port", "Sends from other ports than it tells.", answer=from_elsewhere(port=True)),
    case("udp-other-address", "Sends from another address, and tells it: two boards behind one name.", answer=from_elsewhere(address="127.0.0.4")),
    case("udp-ports-untold", "Does not tell its ports.", answer=untold),
    case("udp-hevc", "Sends H.265 over UDP.", film="hevc"),
    case("udp-audio", "Sends audio over UDP as well.", sound="aac", options={**UDP, "audio": "copy"}),
    case("udp-only", "Refuses TCP, and may be asked for either.", answer=only_udp, options={"transport": "auto"}),
    case("udp-refused", "Refuses UDP, and is asked for it alone.", answer=only_tcp),
    case("udp-only-asked-tcp", "Refuses TCP, and is asked for it alone.", answer=only_udp, options={"transport": "tcp"}),
    case("udp-never", "Grants UDP, and sends nothing: a firewall.", pack=lossy(1.0)),
    case("no-transport", "Refuses whatever it is asked for.", answer=refused("SETUP", 461), options={"transport": "auto"}),
]
