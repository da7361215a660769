import { fileURLToPath } from "node:url";
import { connect, loadConfig } from "@anyqueue/core/auto";

const FILE = fileURLToPath(new URL("../anyqueue.config.json", import.meta.url));

/** The environment has the URL, and the file what differs by provider: Pub/Sub leases are at least 10 s. */
export async function connectAsConfigured(): ReturnType<typeof connect> {
  return await connect(await loadConfig({ file: FILE }));
}
