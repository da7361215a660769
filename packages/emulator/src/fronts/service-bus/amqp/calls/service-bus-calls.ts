import { randomUUID } from "node:crypto";
import type { FaultCall } from "../../../../faults/fault-rule.ts";
import type { CallLog } from "../../../../log/call-log.ts";
import type { CallSubject } from "./call-site.ts";
import { ServiceBusCall, type CallParts } from "./service-bus-call.ts";

// Service Bus has no region in its wire protocol, but rules and the log need one.
const REGION = "local";

interface Logs {
  readonly log: CallLog;
}

/** Opens calls: logs each one and attaches its faults. */
export class ServiceBusCalls {
  readonly #parts: CallParts & Logs;

  constructor(parts: CallParts & Logs) {
    this.#parts = parts;
  }

  /** Records a message that leaves for a receiver. Without a lock there is nothing to record. */
  handedOut(path: string, lockToken: string | undefined): void {
    if (lockToken !== undefined) this.#parts.handOuts.record(path, () => [lockToken]);
  }

  open({ operation, path, site, entries = 1, body }: CallSubject): ServiceBusCall {
    const start = {
      protocol: "service-bus",
      wire: "amqp",
      operation,
      queue: path,
      region: REGION,
      attempt: 1,
      invocationId: undefined,
    } as const;
    const call: FaultCall<"service-bus"> = {
      ...start,
      // Computed on access: only rules that look at bodies pay for it.
      get body() {
        return body?.() ?? "";
      },
    };
    const { log, clock } = this.#parts;
    const opened = log.open({ ...start, at: clock.now(), requestId: randomUUID(), entries });
    return new ServiceBusCall(this.#parts, site, call, opened);
  }
}
