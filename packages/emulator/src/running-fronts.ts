import { EmulatorError } from "./emulator-error.ts";
import type { ResolvedEmulatorOptions } from "./emulator-options.ts";
import type { EmulatorEndpoints } from "./emulator.ts";
import { reachableAuthority, type Front, type FrontContext } from "./fronts/front.ts";
import type { PubsubFront } from "./fronts/pubsub/pubsub-front.ts";
import type { ServiceBusFront } from "./fronts/service-bus/service-bus-front.ts";
import type { SqsFront } from "./fronts/sqs/sqs-front.ts";
import type { HttpExchange } from "./http/http-exchange.ts";
import { startHttpListener } from "./http/http-listener.ts";

/** The fronts that have started so far. */
export interface RunningFronts {
  readonly fronts: Front[];
  sqs?: SqsFront;
  serviceBus?: ServiceBusFront;
  pubsub?: PubsubFront;
}

/** Loads and starts each enabled front. The first front that speaks HTTP serves the control API. */
export async function startFronts(
  context: FrontContext,
  options: ResolvedEmulatorOptions,
  running: RunningFronts,
): Promise<EmulatorEndpoints> {
  const { sqsPort, serviceBusPort, serviceBusTlsPort, pubsubPort } = options;
  const started = <Of extends Front>(front: Of): Of => {
    running.fronts.push(front);
    return front;
  };
  if (sqsPort !== false) {
    const { startSqsFront } = await import("./fronts/sqs/sqs-front.ts");
    running.sqs = started(await startSqsFront(context, sqsPort));
  }
  if (serviceBusPort !== false || serviceBusTlsPort !== false) {
    const { startServiceBusFront } = await import("./fronts/service-bus/service-bus-front.ts");
    running.serviceBus = started(await startServiceBusFront(context, options));
  }
  if (pubsubPort !== false) {
    const { startPubsubFront } = await import("./fronts/pubsub/pubsub-front.ts");
    running.pubsub = started(await startPubsubFront(context, pubsubPort));
  }
  const sqs = running.sqs?.endpoint;
  const pubsub = running.pubsub?.endpoint;
  const { endpoint: serviceBus, tlsEndpoint: serviceBusTls } = running.serviceBus ?? {};
  const control =
    sqs ??
    (serviceBus === undefined ? started(await startControlFront(context)).endpoint : `http://${serviceBus}`);
  return {
    control,
    ...(sqs !== undefined && { sqs }),
    ...(serviceBus !== undefined && { serviceBus }),
    ...(serviceBusTls !== undefined && { serviceBusTls }),
    ...(pubsub !== undefined && { pubsub }),
  };
}

export function serviceBusOf({ serviceBus }: RunningFronts): ServiceBusFront {
  if (serviceBus !== undefined) return serviceBus;
  throw new EmulatorError("INVALID_OPTION", "The Service Bus front is off. Name serviceBusPort.");
}

/** @throws INVALID_OPTION */
export function pubsubOf({ pubsub }: RunningFronts): PubsubFront {
  if (pubsub !== undefined) return pubsub;
  throw new EmulatorError("INVALID_OPTION", "The Pub/Sub front is off. Name pubsubPort.");
}

/** Serves the control API on a port of its own when no front speaks HTTP. */
async function startControlFront(context: FrontContext): Promise<Front & { readonly endpoint: string }> {
  const listener = await startHttpListener(context.host, 0, async (exchange: HttpExchange) => {
    if (await context.control(exchange)) return;
    exchange.answer({ status: 404, headers: {}, body: "Only the control API is here." });
  });
  return {
    endpoint: `http://${reachableAuthority(context.host, listener.port)}`,
    environment: {},
    reset: () => undefined,
    close: () => listener.close(),
  };
}
