import { deadLetterByCopies, systemClock, type Delivery, type QueueAdapter } from "@anyqueue/core/adapter";
import type { FunctionsHandle, ServiceBusCalls } from "./functions-wire.ts";
import { invalid } from "./refusal.ts";
import { serviceBus, type ServiceBusOptions } from "./service-bus-provider.ts";

/** What a function asks of Service Bus itself, and how that is reached. */
export interface ServiceBusCallsOptions extends ServiceBusOptions {
  /**
   * Name of the queue for dead letters. The function's identity needs _Azure Service Bus Data Sender_ on it. A queue of its
   * own: only the service puts messages into `orders/$DeadLetterQueue`.
   */
  readonly deadLetterQueue: string;
  /** The namespace's name or full host name. @default the one of the connection string or client */
  readonly namespace?: string | undefined;
  /** An emulator or another server, as the URL's parameter of the same name. @default the namespace */
  readonly endpoint?: string | undefined;
}

/**
 * What a function asks of Service Bus itself where its binding cannot: the option `calls` of `functionsEvents`. Dead
 * letters are sent first, then the message is completed. The SDK is loaded with the first of them.
 *
 * @example
 * functionsEvents({ calls: serviceBusCalls({ namespace: "shop", deadLetterQueue: "orders-dead" }) })
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
