import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { parseFlags, type ParsedFlags } from "../parse-flags.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

const HELP = `Usage: anyqueue up [flags]

Starts the emulator in the foreground, until Ctrl+C. Nothing is kept after it ends.

  --sqs-port <port>     port of the SQS server, 0 for a free one (default: a free one)
  --pubsub-port <port>  port of the Pub/Sub server, 0 for a free one (default: a free one)
  --host <address>      address to listen on (default: 127.0.0.1)
  --json                first line on standard output: one JSON object with every endpoint
  --help                this text

A port that is named starts its server alone, beside others that are named.`;

const DEFAULT_HOST = "127.0.0.1";
const MAX_PORT = 65_535;

/** `anyqueue up`: runs until the process is told to stop. */
export async function up(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = parseFlags("up", args, {
    "sqs-port": "value",
    "pubsub-port": "value",
    host: "value",
    json: "flag",
    help: "flag",
  });
  if (flags.has("help")) {
    terminal.print(HELP);
    return 0;
  }
  const [surplus] = flags.positionals;
  if (surplus !== undefined) throw new UsageError(`anyqueue up: "${surplus}" is one argument too many.`);
  const host = flags.value("host") ?? DEFAULT_HOST;
  const ports = { sqsPort: readPort(flags, "sqs-port"), pubsubPort: readPort(flags, "pubsub-port") };
  const stopped = terminal.untilStopped();
  const emulator = await startEmulator({ host, ...ports });
  if (!isLoopback(host)) warnOfOpenHost(host, terminal);
  if (flags.has("json")) terminal.print(JSON.stringify(describeServers(emulator)));
  else for (const line of greeting(emulator)) terminal.print(line);
  await stopped;
  await emulator.close();
  return 0;
}

/** Undefined where the flag is not given: every server starts then, or only those that are named. */
function readPort(flags: ParsedFlags, name: string): number | undefined {
  const text = flags.value(name);
  if (text === undefined) return undefined;
  const port = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= MAX_PORT) return port;
  throw new UsageError(
    `anyqueue up: --${name} must be a port from 0 to ${MAX_PORT}, got "${text}". 0 takes a free port.`,
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function warnOfOpenHost(host: string, terminal: Terminal): void {
  terminal.warn(`WARNING: the servers listen on ${host}, not only on loopback.`);
  terminal.warn(
    "WARNING: whoever reaches this machine can read, send and delete every message, without credentials.",
  );
}

/** The object behind `--json`, one member per server. */
function describeServers(emulator: Emulator): Readonly<Record<string, unknown>> {
  const { sqs, pubsub } = emulator.endpoints;
  return {
    ...(sqs === undefined ? {} : { sqs: { endpoint: sqs, env: emulator.environment } }),
    ...(pubsub === undefined ? {} : { pubsub: { endpoint: pubsub, env: emulator.environment } }),
    control: { endpoint: `${emulator.endpoints.control}/__anyqueue` },
  };
}

function greeting(emulator: Emulator): readonly string[] {
  const { sqs, pubsub } = emulator.endpoints;
  return [
    "anyqueue is up. Ctrl+C stops it; nothing is kept.",
    "",
    ...(sqs === undefined ? [] : [`  SQS      ${sqs}`]),
    ...(pubsub === undefined ? [] : [`  Pub/Sub  ${pubsub}`]),
    "",
    "For the shell in which your application runs:",
    "",
    ...Object.entries(emulator.environment).map(([name, value]) => `export ${name}=${value}`),
  ];
}
