import type { ProducerSetup } from "./producer-setup.ts";

/** Where an error of a send happened; spread into each such error. */
export interface SendPlace {
  readonly operation: "send";
  readonly provider: string;
  readonly target: string;
}

export function sendPlace(setup: Pick<ProducerSetup, "adapter" | "target">): SendPlace {
  return { operation: "send", provider: setup.adapter.name, target: setup.target.name };
}
