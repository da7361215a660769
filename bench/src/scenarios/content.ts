import { json, text, type Codec } from "@anyqueue/core";
import { EXAMPLE_BODIES, exampleTexts } from "../body.ts";
import type { StubPlan } from "../scenario.ts";

/** The codec and the bodies that a scenario uses with a stub. */
export function contentOf({ textBytes }: StubPlan): {
  readonly codec: Codec;
  readonly bodies: readonly unknown[];
} {
  return textBytes === undefined
    ? { codec: json(), bodies: EXAMPLE_BODIES }
    : { codec: text(), bodies: exampleTexts(textBytes) };
}
