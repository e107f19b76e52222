"""Listens to the broker as a stranger would: every message on Observer's exchanges, kept."""

import json
import threading

import pika


class MessageTap:
    """An exclusive queue bound to all of Observer's topic exchanges, read by a thread of its own."""

    EXCHANGES = ("observer.capture", "observer.upload", "observer.dead")

    def __init__(self, url: str):
        self.url = url
        self.messages: list[tuple[str, str, bytes]] = []
        self.error = ""
        self.ready = threading.Event()
        self.connection: pika.BlockingConnection | None = None
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        assert self.ready.wait(15), "the message tap did not start"
        assert not self.error, self.error

    def listen(self) -> None:
        try:
            self.connection = pika.BlockingConnection(pika.URLParameters(self.url))
            channel = self.connection.channel()
            queue = channel.queue_declare("", exclusive=True).method.queue
            for exchange in self.EXCHANGES:
                channel.queue_bind(queue, exchange, "#")
            channel.basic_consume(queue, self.keep, auto_ack=True)
            self.ready.set()
            channel.start_consuming()
        except pika.exceptions.AMQPError as error:  # the broker is stopped in some tests, and at the end
            self.error = repr(error)
        finally:
            self.ready.set()

    def keep(self, channel, method, properties, body: bytes) -> None:
        self.messages.append((method.exchange, method.routing_key, body))

    def bodies(self, exchange: str) -> list[dict]:
        return [json.loads(body) for name, _, body in list(self.messages) if name == exchange]

    def end(self) -> None:
        if self.connection is not None and self.connection.is_open:
            self.connection.add_callback_threadsafe(self.connection.close)
        self.thread.join(5)
