// The host's side of the extension's actions. SettlementService of azure-sdk-for-net (2026-11-29)

import type { AppPackages, GrpcMethod, Properties, Rhea, SettlementRequest } from "./app-packages-types.ts";
import type { HeldMessage } from "./held-message.ts";

type Action = (
  held: HeldMessage,
  request: SettlementRequest,
  properties: Properties,
) => Promise<object | void>;

const MAX_MESSAGE_BYTES = 134_217_728;
const UNKNOWN = 2;
const FAILED_PRECONDITION = 9;

const ACTIONS: Readonly<Record<string, Action>> = {
  Complete: (message) => message.complete(),
  Abandon: (message, _request, properties) => message.abandon(properties),
  Defer: (message, _request, properties) => message.defer(properties),
  Deadletter: (message, { deadletterReason, deadletterErrorDescription }, properties) =>
    message.deadLetter(properties, {
      reason: deadletterReason?.value,
      description: deadletterErrorDescription?.value,
    }),
  RenewMessageLock: async (message) => void (await message.renewLock()),
};

const SESSION_ACTIONS: Readonly<Record<string, Action>> = {
  GetSessionState: async (message) => ({ sessionState: await message.sessionState() }),
  SetSessionState: async (message, { sessionState }) => await message.setSessionState(sessionState),
  ReleaseSession: async (message) => {
    message.isSessionReleased = true;
  },
  RenewSessionLock: async (message) => {
    const seconds = Math.floor((await message.renewLock()).getTime() / 1_000);
    return { lockedUntil: { seconds, nanos: 0 } };
  },
};

/** Answers functions with the settlement extension, each for the messages of its own call. */
export interface SettlementServer {
  /** Arguments that tell the extension the server's address, as when the host starts a worker. */
  readonly workerArguments: readonly string[];
  /** Lets the actions find these messages. Call the returned function when their call has ended. */
  hold(messages: readonly HeldMessage[]): () => void;
  close(): void;
}

export async function startSettlementServer(packages: AppPackages): Promise<SettlementServer> {
  const { grpc, protoLoader, rhea, settlementProto } = packages;
  /** By lock token. */
  const held = new Map<string, HeldMessage>();
  const methods = [...Object.entries(ACTIONS), ...Object.entries(SESSION_ACTIONS)];
  const server = new grpc.Server();
  server.addService(
    grpc.loadPackageDefinition(protoLoader.loadSync(settlementProto)).Settlement.service,
    Object.fromEntries(methods.map(([name, action]) => [name, methodOf(name, action, held, rhea)])),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const length = ["--functions-grpc-max-message-length", String(MAX_MESSAGE_BYTES)];
  return {
    workerArguments: ["--host", "127.0.0.1", "--port", String(port), ...length],
    hold: (messages) => {
      for (const message of messages) held.set(message.lockToken, message);
      return () => {
        for (const { lockToken } of messages) held.delete(lockToken);
      };
    },
    close: () => {
      server.forceShutdown();
    },
  };
}

function methodOf(
  name: string,
  action: Action,
  held: ReadonlyMap<string, HeldMessage>,
  rhea: Rhea,
): GrpcMethod {
  return ({ request }, callback) => {
    const { locktoken, sessionId } = request;
    const isOfSession = name in SESSION_ACTIONS;
    const message = isOfSession
      ? [...held.values()].find((each) => each.sessionId === sessionId)
      : held.get(locktoken);
    if (message === undefined) {
      const details = isOfSession ? `SessionId ${sessionId} not found.` : `LockToken ${locktoken} not found.`;
      callback({ code: FAILED_PRECONDITION, details });
      return;
    }
    void answer(
      async () => await action(message, request, propertiesOf(rhea, request.propertiesToModify)),
      callback,
    );
  };
}

async function answer(
  work: () => Promise<object | void>,
  callback: Parameters<GrpcMethod>[1],
): Promise<void> {
  try {
    callback(null, (await work()) ?? {});
  } catch (error) {
    callback({ code: UNKNOWN, details: asDotnet(error) });
  }
}

/** Formatted like .NET, with the reason in brackets, because functions look for it there. */
function asDotnet(error: unknown): string {
  const { code = "GeneralError", message = "" } = error as {
    readonly code?: string;
    readonly message?: string;
  };
  return `Azure.Messaging.ServiceBus.ServiceBusException: ${message} (${code}). For troubleshooting information, see the vendor's documentation.`;
}

/** Nothing, or an AMQP map. */
function propertiesOf({ types }: Rhea, bytes: Uint8Array | undefined): Properties {
  if (bytes === undefined || bytes.length === 0) return undefined;
  return types.unwrap_map_simple(new types.Reader(bytes).read());
}
