// A TCP echo server. Prints where it listens, and ends when it is killed.
const server = require("node:net").createServer((socket) => {
  socket.on("data", (data) => socket.write(data));
  socket.on("error", () => socket.destroy());
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 1024 }, () => {
  console.log(`127.0.0.1:${server.address().port}`);
});
