"""Asks once by HTTP/2, and tells the frames that came: http2.py PORT PATH

By the h2, hpack and hyperframe packages, which are not what the site is written with."""

import socket
import sys

import h2.connection
from hpack import Decoder
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame

port, path = int(sys.argv[1]), sys.argv[2]
connection = h2.connection.H2Connection()
connection.initiate_connection()
headers = [(":method", "GET"), (":path", path), (":authority", "a"), (":scheme", "http")]
connection.send_headers(1, headers, end_stream=True)
stream = socket.create_connection(("127.0.0.1", port), timeout=10)
stream.sendall(connection.data_to_send())
reader = stream.makefile("rb")
while head := reader.read(9):
    frame, length = Frame.parse_frame_header(memoryview(head))
    frame.parse_body(memoryview(reader.read(length)))
    match frame:
        case GoAwayFrame():
            print("goaway", frame.error_code, frame.last_stream_id)
            if "after" not in path:
                break
        case RstStreamFrame():
            print("reset", frame.error_code)
            break
        case HeadersFrame():
            print("status", dict(Decoder().decode(frame.data))[":status"])
        case DataFrame() if "END_STREAM" in frame.flags:
            break
