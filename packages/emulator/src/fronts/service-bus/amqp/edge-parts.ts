import type { EngineClock } from "../../../time/engine-clock.ts";
import type { WireTime } from "../../../time/wire-time.ts";
import type { Namespace } from "../engine/contract.ts";
import type { ServiceBusCalls } from "./calls/service-bus-calls.ts";

/** Shared by all links of the AMQP edge. */
export interface EdgeParts {
  readonly namespace: Namespace;
  readonly clock: EngineClock;
  readonly wireTime: WireTime;
  readonly calls: ServiceBusCalls;
}
