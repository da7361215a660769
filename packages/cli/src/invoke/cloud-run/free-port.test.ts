import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "./free-port.ts";

test("a port is none that the system gives to the next client or server that names none", async () => {
  for (let time = 0; time < 20; time += 1) {
    const port = await freePort();
    // Linux begins there. Before the process that gets the port listens, somebody else may have it.
    expect(port).toBeLessThan(32_768);
    expect(port).toBeGreaterThan(1_023);
  }
});

test("a port that somebody listens on is passed over", async () => {
  const taken = await freePort();
  const server = createServer().listen(taken, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const draws: number[] = [];
  const port = await freePort(() => {
    // Each number stands for the one port that it was drawn for.
    const drawn = (taken - 20_000 + draws.length + 0.5) / 12_000;
    draws.push(drawn);
    return drawn % 1;
  });
  expect(draws.length).toBeGreaterThan(1);
  expect(port).not.toBe(taken);
});
