"""Asks once by HTTP/2, and tells every frame that came: http2.py PORT PATH

By the h2 and hyperframe packages, which are not what the site is written with."""

import socket
import sys

import h2.config
import h2.connection
import h2.events

port, path = int(sys.argv[1]), sys.argv[2]
stream = socket.create_connection(("127.0.0.1", port))
connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
connection.initiate_connection()
headers = [(":method", "GET"), (":path", path), (":authority", "a"), (":scheme", "http")]
connection.send_headers(1, headers, end_stream=True)
stream.sendall(connection.data_to_send())
stream.settimeout(10)
done = False
while not done:
    data = stream.recv(65536)
    if not data:
        break
    for event in connection.receive_data(data):
        if isinstance(event, h2.events.ConnectionTerminated):
            print("goaway", int(event.error_code), event.last_stream_id)
            done = True
        elif isinstance(event, h2.events.StreamReset):
            print("reset", int(event.error_code))
            done = True
        elif isinstance(event, h2.events.ResponseReceived):
            print("status", dict(event.headers)[":status"])
        elif isinstance(event, h2.events.StreamEnded):
            # The one that says goodbye afterwards is waited for.
            done = "after" not in path
    stream.sendall(connection.data_to_send())
