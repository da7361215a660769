import { readFile } from "node:fs/promises";
import { startEmulator, type EmulatorOptions } from "@anyqueue/emulator";
import { parseFlags, type ParsedFlags } from "../parse-flags.ts";
import type { Terminal } from "../terminal.ts";
import { describeServers, greeting } from "../up/describe-servers.ts";
import { findLaunchers, launcherGone } from "../up/launcher-watch.ts";
import { writeTrustFile, type WrittenTrustFile } from "../up/write-trust-file.ts";
import { UsageError } from "../usage-error.ts";

const HELP = `Usage: anyqueue up [flags]

Starts the emulator in the foreground, until Ctrl+C. Nothing is kept after it ends.
Every server starts on a free port. If you name a port, only the servers with a named port start.

  --sqs-port <port>              port of the SQS server, 0 for a free one
  --service-bus-port <port>      port of the Service Bus server: AMQP and HTTP, with or without TLS
  --service-bus-tls-port <port>  port of the Service Bus server for TLS only (default: none)
  --service-bus-config <file>    queues and topics to create, in the format of the vendor's emulator
  --pubsub-port <port>           port of the Pub/Sub server, 0 for a free one
  --host <address>               address to listen on (default: 127.0.0.1)
  --json                         first line on standard output: one JSON object with every endpoint
  --help                         this text`;

const DEFAULT_HOST = "127.0.0.1";
const MAX_PORT = 65_535;
const FLAGS = {
  "sqs-port": "value",
  "service-bus-port": "value",
  "service-bus-tls-port": "value",
  "service-bus-config": "value",
  "pubsub-port": "value",
  host: "value",
  json: "flag",
  help: "flag",
} as const;

/** `anyqueue up`: runs until the process is told to stop. */
export async function up(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = parseFlags("up", args, FLAGS);
  if (flags.has("help")) {
    terminal.print(HELP);
    return 0;
  }
  const [surplus] = flags.positionals;
  if (surplus !== undefined) throw new UsageError(`anyqueue up: "${surplus}" is one argument too many.`);
  const options = await readOptions(flags);
  const stopped = terminal.untilStopped();
  // Found before the first line is printed, after which somebody may end them.
  const launchers = await findLaunchers();
  const emulator = await startEmulator(options);
  let trustFile: WrittenTrustFile | undefined;
  try {
    const needsTrust = emulator.endpoints.serviceBusTls !== undefined;
    if (needsTrust) trustFile = await writeTrustFile(emulator.serviceBus.certificateAuthority());
    const trust = { caFile: trustFile?.path };
    if (!isLoopback(options.host)) warnOfOpenHost(options.host, terminal);
    if (flags.has("json")) terminal.print(JSON.stringify(describeServers(emulator, trust)));
    else for (const line of greeting(emulator, trust)) terminal.print(line);
    const ended = new AbortController();
    await Promise.race([stopped, launcherGone(launchers, ended.signal)]);
    ended.abort();
  } finally {
    try {
      await emulator.close();
    } finally {
      await trustFile?.remove();
    }
  }
  return 0;
}

async function readOptions(flags: ParsedFlags): Promise<EmulatorOptions & { readonly host: string }> {
  const configFile = flags.value("service-bus-config");
  const ports = {
    sqsPort: readPort(flags, "sqs-port"),
    serviceBusPort: readPort(flags, "service-bus-port"),
    serviceBusTlsPort: readPort(flags, "service-bus-tls-port"),
    pubsubPort: readPort(flags, "pubsub-port"),
  };
  const isServiceBusOff = ports.serviceBusPort === undefined && ports.serviceBusTlsPort === undefined;
  const isOtherNamed = ports.sqsPort !== undefined || ports.pubsubPort !== undefined;
  if (configFile !== undefined && isOtherNamed && isServiceBusOff) {
    throw new UsageError(
      "anyqueue up: --service-bus-config needs the Service Bus server. Add --service-bus-port 0.",
    );
  }
  const serviceBusConfig = configFile === undefined ? undefined : await readConfig(configFile);
  return { host: flags.value("host") ?? DEFAULT_HOST, ...ports, serviceBusConfig };
}

/** Returns undefined without the flag: then every server starts, or only the named ones. */
function readPort(flags: ParsedFlags, name: string): number | undefined {
  const text = flags.value(name);
  if (text === undefined) return undefined;
  const port = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= MAX_PORT) return port;
  throw new UsageError(
    `anyqueue up: --${name} must be a port from 0 to ${MAX_PORT}, got "${text}". 0 takes a free port.`,
  );
}

/** The emulator checks the content. */
async function readConfig(file: string): Promise<EmulatorOptions["serviceBusConfig"]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`anyqueue up: --service-bus-config cannot be read: ${reasonOf(error)}`);
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/u, ""));
  } catch (error) {
    throw new UsageError(`anyqueue up: ${file} is not JSON: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
