import { createClient, defineQueue } from "@anyqueue/core";
import { spawnEmulator } from "@anyqueue/emulator";
import { createServer, connect } from "node:net";
import { serviceBus } from "../src/index.ts";
import { rawAdministration, rawClient } from "./open-adapter.ts";
const emulator = await spawnEmulator({ serviceBusPort: 0 });
const direct = emulator.endpoints.serviceBus!;
async function relay(delayMs: number): Promise<string> {
  const [h, p] = direct.split(":");
  const s = createServer((c) => {
    const b = connect(Number(p), h);
    b.setNoDelay(true);
    c.setNoDelay(true);
    const pipe = (from: typeof c, to: typeof c) =>
      from.on("data", (d) => setTimeout(() => to.write(d), delayMs));
    pipe(c, b);
    pipe(b, c);
    for (const x of [c, b])
      x.on("error", () => {}).on("close", () => {
        c.destroy();
        b.destroy();
      });
  });
  await new Promise<void>((r) => s.listen(0, "127.0.0.1", r));
  return `127.0.0.1:${(s.address() as { port: number }).port}`;
}
let q = 0;
async function fill(n: number): Promise<string> {
  const name = `m${q++}`;
  await rawAdministration(direct).createQueue(name, { lockDuration: "PT5M" });
  const c = rawClient(direct);
  const s = c.createSender(name);
  for (let i = 0; i < n; i += 100)
    await s.sendMessages(
      Array.from({ length: Math.min(100, n - i) }, (_, k) => ({
        body: Buffer.from(JSON.stringify({ n: i + k, pad: "x".repeat(900) })),
        messageId: `${name}-${i + k}`,
        contentType: "application/json",
      })),
    );
  await c.close();
  return name;
}
async function rawSubscribe(ep: string, n: number, calls: number) {
  const name = await fill(n);
  const c = rawClient(ep);
  const r = c.createReceiver(name, {
    maxAutoLockRenewalDurationInMs: 0,
    skipParsingBodyAsJson: true,
    skipConvertingDate: true,
  });
  const d = Promise.withResolvers<void>();
  let k = 0;
  const t = performance.now();
  r.subscribe(
    {
      processMessage: async (m) => {
        JSON.parse(String(m.body));
        await r.completeMessage(m);
        if (++k === n) d.resolve();
      },
      processError: async () => {},
    },
    { autoCompleteMessages: false, maxConcurrentCalls: calls },
  );
  await d.promise;
  const ms = performance.now() - t;
  await c.close();
  return Math.round((n / ms) * 1000);
}
async function rawReceive(ep: string, n: number, size: number) {
  const name = await fill(n);
  const c = rawClient(ep);
  const r = c.createReceiver(name, {
    maxAutoLockRenewalDurationInMs: 0,
    skipParsingBodyAsJson: true,
    skipConvertingDate: true,
  });
  let k = 0;
  const t = performance.now();
  while (k < n) {
    const ms = await r.receiveMessages(Math.min(size, n - k), { maxWaitTimeInMs: 2000 });
    await Promise.all(
      ms.map((m) => {
        JSON.parse(String(m.body));
        return r.completeMessage(m);
      }),
    );
    k += ms.length;
  }
  const ms = performance.now() - t;
  await c.close();
  return Math.round((n / ms) * 1000);
}
async function adapter(ep: string, n: number, concurrency: number) {
  const name = await fill(n);
  const client = createClient(`service-bus://emulator?endpoint=${ep}`, [serviceBus()]);
  const d = Promise.withResolvers<void>();
  let k = 0;
  const consumer = client.consumer(defineQueue<{ n: number }>(name), { concurrency });
  const t = performance.now();
  void consumer.run(() => {
    if (++k === n) d.resolve();
  });
  await d.promise;
  const ms = performance.now() - t;
  await client.close();
  return Math.round((n / ms) * 1000);
}
const slow = await relay(5);
for (const [label, ep, n] of [
  ["direct", direct, 10000],
  ["10 ms", slow, 3000],
] as const) {
  for (let round = 0; round < 3; round++) {
    console.log(
      label,
      "receiveMessages(10)",
      await rawReceive(ep, label === "direct" ? n : 600, 10),
      "receiveMessages(100)",
      await rawReceive(ep, n, 100),
      "subscribe(10)",
      await rawSubscribe(ep, label === "direct" ? n : 600, 10),
      "subscribe(300)",
      await rawSubscribe(ep, n, 300),
      "adapter(10)",
      await adapter(ep, n, 10),
      "adapter(100)",
      await adapter(ep, n, 100),
    );
  }
}
process.exit(0);
