"""What listens on a free port of loopback, a thread for each connection."""
import socket
import threading


class Listener:
    """`serve` of a derived class has the connection, and puts what came of it into `connections`,
    of which `changed` tells."""

    def __init__(self):
        self.connections = []
        self.changed = threading.Condition()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[sock], daemon=True).start()
