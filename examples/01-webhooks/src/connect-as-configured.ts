import { fileURLToPath } from "node:url";
import { connect, loadConfig } from "@anyqueue/core/auto";

const FILE = fileURLToPath(new URL("../anyqueue.config.json", import.meta.url));

/** Where to, and what differs there, is the environment's and the file's business: Pub/Sub leases are 10 s at least. */
export async function connectAsConfigured(): ReturnType<typeof connect> {
  return await connect(await loadConfig({ file: FILE }));
}
