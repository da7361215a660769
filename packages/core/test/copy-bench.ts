import type { CopyRouteOptions } from "../src/consumer/dead-letter.ts";
import type { Capabilities } from "../src/driver/capabilities.ts";
import type { Limits } from "../src/driver/limits.ts";
import { wrapDriverError } from "../src/errors/wrap-error.ts";
import { createVirtualClock } from "../src/testing.ts";
import { fakeAdapter, FakeProducerDriver, fakeTarget, type SendScript } from "./fake-adapter.ts";

export interface CopyBenchOptions {
  readonly script?: SendScript;
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Partial<Limits>;
}

/** The parts of a route of copies: a producer that records its calls, on a virtual clock. */
export function copyBench({ script, ...given }: CopyBenchOptions = {}) {
  const clock = createVirtualClock();
  const driver = new FakeProducerDriver(script);
  const target = fakeTarget({ kind: "queue", name: "orders-dead", features: [] }, given);
  const options: CopyRouteOptions = {
    driver,
    target,
    clock,
    contentType: "application/json",
    toError: (operation, error) => wrapDriverError(fakeAdapter(), target, operation, error),
  };
  return { clock, driver, target, options };
}
