import { createAdmin } from "../src/client/admin.ts";
import type { QueueAdmin, RedriveOptions } from "../src/client/client-types.ts";
import type { Delivery } from "../src/driver/delivery.ts";
import type { Source } from "../src/message/queue-definition.ts";
import { createEventSink } from "../src/telemetry/channels.ts";
import { FakeService, type FakeServiceOptions } from "./fake-provider.ts";

/** The administration of a client of the fake service, with its requests and notices. */
export function adminBench(options: FakeServiceOptions = {}, config: object = {}) {
  const service = new FakeService(options);
  const ending = new AbortController();
  const notices: object[] = [];
  const events = createEventSink([{ notice: (event) => void notices.push(event) }]);
  const admin = createAdmin(service.directory(config), ending.signal, () => {}, events);
  return { service, admin, ending, notices };
}

/** Runs a redrive to its end, and returns the counts that it reports. */
export async function movedBy(admin: QueueAdmin, of: Source, options?: RedriveOptions): Promise<number[]> {
  const counts: number[] = [];
  for await (const { moved } of admin.redrive(of, options)) counts.push(moved);
  return counts;
}

/** A delivery that no service keeps. */
export function deliveryOf(id: string): Delivery<string> {
  return {
    handle: id,
    id,
    providerId: id,
    body: new Uint8Array(),
    contentType: "x",
    attributes: {},
    native: undefined,
  };
}
