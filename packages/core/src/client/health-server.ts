import type { Server } from "node:http";
import { QueueError } from "../errors/queue-error.ts";
import type { Health } from "../queue-consumer.ts";

/** Where a worker serves its health as JSON: `/livez`, `/readyz`, `/healthz` (both); 200 if so, else 503. */
export interface HealthOptions {
  /** TCP port, 0 to 65535; 0 takes a free one, which `onListening` gets. */
  readonly port: number;
  /** Address to listen on. @default all interfaces, because an orchestrator's probes come from outside */
  readonly host?: string | undefined;
  /** Called once, with the port in use, when the server listens. @default nobody is told */
  readonly onListening?: ((port: number) => void) | undefined;
}

/** Serves `/healthz` (live and ready), `/livez` and `/readyz` as JSON: 200 if true, else 503. */
export async function startHealthServer(
  source: { health(): Health },
  { port, host, onListening }: HealthOptions,
): Promise<{ close(): Promise<void> }> {
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    const health = source.health();
    const [path = ""] = (request.url ?? "").split("?", 1);
    const isOk = answersOf(health).get(path);
    const status = isOk === undefined ? 404 : isOk ? 200 : 503;
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(isOk === undefined ? { error: "not found" } : health));
  });
  await listen(server, port, host);
  try {
    const address = server.address();
    if (typeof address === "object" && address !== null) onListening?.(address.port);
  } catch (error) {
    await close(server); // nothing else would close it
    throw error;
  }
  return { close: async () => await close(server) };
}

function answersOf({ live, ready }: Health): ReadonlyMap<string, boolean> {
  return new Map([
    ["/healthz", live && ready],
    ["/livez", live],
    ["/readyz", ready],
  ]);
}

async function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // Also handles later errors, such as too few file descriptors: unhandled, they would end the process.
    server.on("error", (error: Error & { readonly code?: string }) => {
      const what = `health.port: cannot listen on ${host ?? "*"}:${port} (${error.code ?? error.name})`;
      reject(new QueueError("INVALID_ARGUMENT", { what, remedy: "Choose a free port.", cause: error }));
    });
    server.listen({ port, host }, resolve);
  });
}

/** Connections kept alive by a probe must not keep the worker alive. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
