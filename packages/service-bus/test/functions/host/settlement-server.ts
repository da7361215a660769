// The host's side of the SDK binding's actions. SettlementService of azure-sdk-for-net (2026-11-29)

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadPackageDefinition, Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import rhea from "rhea";
import type { HeldMessage } from "./held-message.ts";

interface Request {
  readonly locktoken: string;
  readonly sessionId: string;
  readonly sessionState: Buffer;
  readonly propertiesToModify: Buffer;
  readonly deadletterReason?: { readonly value: string } | null;
  readonly deadletterErrorDescription?: { readonly value: string } | null;
}

type Action = (held: HeldMessage, request: Request) => Promise<unknown>;

const MAX_MESSAGE_BYTES = 4_194_304;
const UNKNOWN = 2;
const FAILED_PRECONDITION = 9;

/** By lock token, while their call runs. */
const held = new Map<string, HeldMessage>();

const ACTIONS: Readonly<Record<string, Action>> = {
  Complete: (message) => message.complete(),
  Abandon: (message, { propertiesToModify }) => message.abandon(propertiesOf(propertiesToModify)),
  Deadletter: (message, request) =>
    message.deadLetter(propertiesOf(request.propertiesToModify), {
      reason: request.deadletterReason?.value,
      description: request.deadletterErrorDescription?.value,
    }),
  Defer: (message, { propertiesToModify }) => message.defer(propertiesOf(propertiesToModify)),
  RenewMessageLock: (message) => message.renewLock(),
};

const SESSION_ACTIONS: Readonly<Record<string, Action>> = {
  SetSessionState: async (message, { sessionState }) => await message.setSessionState(sessionState),
  ReleaseSession: async (message) => message.releaseSession(),
  RenewSessionLock: async (message) => {
    const until = await message.renewSession();
    return { lockedUntil: { seconds: Math.floor(until.getTime() / 1_000), nanos: 0 } };
  },
};

/** Makes these messages known to the actions for as long as the call runs. */
export function holdMessages(messages: readonly HeldMessage[]): Disposable {
  for (const message of messages) held.set(message.lockToken, message);
  return {
    [Symbol.dispose]: () => {
      for (const { lockToken } of messages) held.delete(lockToken);
    },
  };
}

/**
 * Starts the service and tells the extension its address in the arguments of the process, as the host starts
 * a worker. The extension looks only once per process, so there is one service.
 */
export async function startSettlementServer(): Promise<{ close(): void }> {
  const server = new Server();
  const methods = [...Object.entries(ACTIONS), ...Object.entries(SESSION_ACTIONS)];
  server.addService(
    settlementService(),
    Object.fromEntries(
      methods.map(([name, action]) => [
        name,
        (call: { readonly request: Request }, callback: (error: object | null, value?: object) => void) => {
          void answer(action, call.request, name in SESSION_ACTIONS, callback);
        },
      ]),
    ),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const given = ["--host", "127.0.0.1", "--port", String(port)];
  process.argv.push(...given, "--functions-grpc-max-message-length", String(MAX_MESSAGE_BYTES));
  return { close: () => server.forceShutdown() };
}

async function answer(
  action: Action,
  request: Request,
  isOfSession: boolean,
  callback: (error: object | null, value?: object) => void,
): Promise<void> {
  const { locktoken, sessionId } = request;
  const message = isOfSession
    ? [...held.values()].find((each) => each.sessionId === sessionId)
    : held.get(locktoken);
  if (message === undefined) {
    const details = isOfSession ? `SessionId ${sessionId} not found.` : `LockToken ${locktoken} not found.`;
    callback({ code: FAILED_PRECONDITION, details });
    return;
  }
  try {
    const value = await action(message, request);
    callback(null, typeof value === "object" && value !== null ? value : {});
  } catch (error) {
    // In .NET's format.
    const { code = "GeneralError", message: text = "" } = error as { code?: string; message?: string };
    callback({
      code: UNKNOWN,
      details: `Azure.Messaging.ServiceBus.ServiceBusException: ${text} (${code}). For`,
    });
  }
}

function settlementService(): ServiceDefinition {
  const require = createRequire(import.meta.url);
  const entry = require.resolve("@azure/functions-extensions-servicebus");
  const definition = loadSync(join(dirname(entry), "proto", "settlement.proto"));
  const { Settlement } = loadPackageDefinition(definition) as unknown as {
    readonly Settlement: { readonly service: ServiceDefinition };
  };
  return Settlement.service;
}

/** Reads an AMQP map, or nothing. */
function propertiesOf(bytes: Buffer): Record<string, string> | undefined {
  if (bytes.length === 0) return undefined;
  const { types } = rhea as unknown as {
    readonly types: {
      readonly Reader: new (bytes: Buffer) => { read(): unknown };
      unwrap_map_simple(map: unknown): Record<string, string>;
    };
  };
  return types.unwrap_map_simple(new types.Reader(bytes).read());
}
