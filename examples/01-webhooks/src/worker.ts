// A worker process. Everything about the provider comes from the environment: ANYQUEUE_URL.
import { runWorker } from "@anyqueue/core";
import { webhookHandler } from "./handler.ts";
import { connectAsConfigured } from "./connect-as-configured.ts";
import { openJournal } from "./journal.ts";
import { webhooks } from "./queue.ts";

const [folder = ".", name = `worker-${process.pid}`] = process.argv.slice(2);
// Ends with its parent, because nobody else would stop it.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

const journal = openJournal(folder, name);
const client = await connectAsConfigured();
await runWorker(client, [client.consumer(webhooks, { concurrency: 32 }).run(webhookHandler(journal))]);
await client.close();
journal.close();
