import { once } from "node:events";
import { createServer } from "node:net";

/**
 * The range in which ports are looked for. Below it are those of well-known services, above it those that
 * systems give to whoever names none, clients too: Linux from 32768, others from 49152.
 * https://docs.kernel.org/networking/ip-sysctl.html, ip_local_port_range;
 * https://www.rfc-editor.org/rfc/rfc6335#section-6 (both 2026-11-30)
 */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
const MAX_DRAWS = 1_000;

/**
 * Returns a port for a process that has to be told one. Until that process listens, nothing holds the port:
 * one that the system gives out by itself could be anybody's by then.
 */
export async function freePort(random: () => number = Math.random): Promise<number> {
  for (let draws = 0; draws < MAX_DRAWS; draws += 1) {
    const port = FIRST_PORT + Math.floor(random() * PORTS);
    // oxlint-disable-next-line no-await-in-loop -- nearly always the first is free
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${MAX_DRAWS} ports was free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
