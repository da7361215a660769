import type { Flow, ReceiveAsk } from "@anyqueue/core/adapter";
import type { ServiceBusHandle } from "./service-bus-handle.ts";

/** One way to get deliveries: pushed, on request, or session by session. */
export interface Intake {
  /** Resolves once deliveries can flow. */
  open(signal: AbortSignal): Promise<void>;
  setFlow(flow: Flow): Promise<void>;
  receive(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly ServiceBusHandle[]>;
  /** Releases what nobody asked for, and ends the links. */
  close(): Promise<void>;
}
