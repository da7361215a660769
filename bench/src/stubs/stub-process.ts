import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { exampleTexts } from "../body.ts";
import type { StubCounts } from "../scenario.ts";

export type MutableCounts = { -readonly [Key in keyof StubCounts]: StubCounts[Key] };

/** argv[2] of every stub: the round trip in milliseconds. */
export const ROUND_TRIP_MS: number = Number(process.argv[2] ?? 0);
/** argv[3]: bytes of the texts that it delivers, or 0 for JSON documents of 1 KB. */
const TEXT_BYTES = Number(process.argv[3] ?? 0);
export const BODIES: readonly string[] = TEXT_BYTES === 0 ? exampleTexts() : exampleTexts(TEXT_BYTES);
export const CONTENT_TYPE: string = TEXT_BYTES === 0 ? "application/json" : "text/plain; charset=utf-8";

export const counts: MutableCounts = { requests: 0, sent: 0, received: 0, settled: 0 };

/** Tells the parent where the stub listens, then answers each of its messages with counts and CPU time. */
export function report(port: number): void {
  process.on("message", () => process.send?.({ counts: { ...counts }, cpu: process.cpuUsage() }));
  process.on("disconnect", () => process.exit(0));
  process.send?.({ port });
}

/** Returns the port to report: the server's, or that of a relay that adds half a round trip each way. */
export async function withRoundTrip(port: number): Promise<number> {
  if (ROUND_TRIP_MS === 0) return port;
  const relay = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: "127.0.0.1", noDelay: true });
    pipe(near, far);
    pipe(far, near);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return (relay.address() as AddressInfo).port;
}

/** Delays the end as much as the data. */
function pipe(from: Socket, to: Socket): void {
  const later = (act: () => void): void => {
    setTimeout(() => {
      if (!to.destroyed) act();
    }, ROUND_TRIP_MS / 2);
  };
  from.on("data", (chunk) => later(() => to.write(chunk)));
  from.on("error", () => to.destroy());
  from.on("close", () => later(() => to.destroy()));
}
