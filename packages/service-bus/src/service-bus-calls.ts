import { deadLetterByCopies, systemClock, type Delivery, type QueueAdapter } from "@anyqueue/core/adapter";
import type { FunctionsHandle, ServiceBusCalls } from "./functions-wire.ts";
import { invalid } from "./refusal.ts";
import { serviceBus, type ServiceBusOptions } from "./service-bus-provider.ts";

/** Options of {@link serviceBusCalls}: where dead letters go, and how Service Bus is reached. */
export interface ServiceBusCallsOptions extends ServiceBusOptions {
  /**
   * Name of the queue for dead letters. It must be a separate queue: only the service itself puts messages
   * into `orders/$DeadLetterQueue`. The function's identity needs the role _Azure Service Bus Data Sender_ on
   * it.
   */
  readonly deadLetterQueue: string;
  /** The namespace: its name or full host name. @default the one of `connectionString` or `client` */
  readonly namespace?: string | undefined;
  /**
   * Another server, as in `?endpoint=` of a connection URL: `"127.0.0.1:5672"` (an emulator, without TLS).
   * @default the namespace
   */
  readonly endpoint?: string | undefined;
}

/**
 * Lets a function of Azure Functions send dead letters where its binding cannot; for the option `calls` of
 * `functionsEvents`. It sends a copy first, then completes the message: a crash in between leaves both. The
 * SDK is loaded with the first dead letter.
 *
 * @example
 * const source = functionsEvents({
 *   calls: serviceBusCalls({ namespace: "shop", deadLetterQueue: "orders-dead" }),
 * });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function serviceBusCalls(options: ServiceBusCallsOptions): ServiceBusCalls {
  const { deadLetterQueue, namespace, endpoint, ...connection } = options ?? {};
  if (typeof deadLetterQueue !== "string" || deadLetterQueue === "")
    throw invalid(
      "serviceBusCalls(): deadLetterQueue: expected the name of a queue",
      "Name the queue that dead letters are sent to.",
    );
  const adapter = connect(serviceBus(connection), namespace ?? "", endpoint);
  const target = adapter.resolve({ kind: "queue", name: deadLetterQueue, exact: true, features: [] });
  const deadLetters = { producer: adapter.openProducer(target), target };
  return Object.freeze({
    of: (deliveries: readonly Delivery<FunctionsHandle>[]) => ({
      adapter,
      settle: { deadLetterBatch: deadLetterByCopies(deliveries, deadLetters) },
    }),
  });
}

function connect(
  provider: ReturnType<typeof serviceBus>,
  authority: string,
  endpoint: string | undefined,
): QueueAdapter {
  const parameters: Record<string, string> = endpoint === undefined ? {} : { endpoint };
  const url = { scheme: "service-bus", authority, path: "", parameters, text: `service-bus://${authority}` };
  return provider.connect(url, { clock: systemClock });
}
