"""A TCP echo server on Twisted. Prints where it listens, and ends when it is killed."""

from twisted.internet import protocol, reactor


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


factory = protocol.Factory.forProtocol(Echo)
port = reactor.listenTCP(0, factory, backlog=1024, interface="127.0.0.1")
print(f"127.0.0.1:{port.getHost().port}", flush=True)
reactor.run()
