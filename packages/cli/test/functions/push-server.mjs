// A service that listens by itself, as a container does.

import { createServer } from "node:http";

createServer((request, response) => {
  request.resume().once("end", () => {
    console.log(`served ${request.method} ${request.url}`);
    response.writeHead(200).end("ok");
  });
}).listen(Number(process.env.PORT));
