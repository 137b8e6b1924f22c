"""HAProxy in front of nodes. It follows their readiness and tries nothing again."""

import csv
import socket
import subprocess
import time

from trent_server import free_port

HAPROXY = "/usr/sbin/haproxy"

CONFIGURATION = """\
global
    stats socket {control} mode 600 level admin

defaults
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    retries 0
    option httpchk GET /_trent/ready
    default-server check inter 200ms fall 2 rise 2

# Requests go to any node, over connections that are kept.
listen http
    mode http
    bind 127.0.0.1:{http}
    balance roundrobin
    http-reuse always
{servers}

# Connections go to one node each, as from a balancer that knows nothing of HTTP.
listen tcp
    mode tcp
    bind 127.0.0.1:{tcp}
    balance roundrobin
{servers}
"""


class Balancer:
    """A running load balancer: `http` and `tcp` are its ports."""

    def __init__(self, nodes, folder):
        self.http, self.tcp = free_port(), free_port()
        self.control = folder / "control"
        servers = "\n".join(f"    server {node.port} 127.0.0.1:{node.port}" for node in nodes)
        ports = {"http": self.http, "tcp": self.tcp}
        path = folder / "haproxy.cfg"
        path.write_text(CONFIGURATION.format(control=self.control, servers=servers, **ports))
        self.log = open(folder / "haproxy.log", "w")
        self.process = subprocess.Popen(
            [HAPROXY, "-db", "-f", path], stdout=self.log, stderr=self.log
        )

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def wait_until_up(self, node):
        """Waits until both know that a node is ready."""
        deadline = time.monotonic() + 30
        while self.states(node) != ["UP", "UP"]:
            assert time.monotonic() < deadline, self.states(node)
            time.sleep(0.05)

    def states(self, node):
        """What each of the two knows of a node; nothing as long as none of them runs."""
        try:
            with socket.socket(socket.AF_UNIX) as control:
                control.connect(str(self.control))
                control.sendall(b"show stat\n")
                with control.makefile() as answer:
                    rows = list(csv.DictReader(answer))
        except OSError:
            return []
        return [row["status"] for row in rows if row["svname"] == str(node.port)]
