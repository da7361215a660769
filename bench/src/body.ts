import type { StubPlan } from "./scenario.ts";

/** A JSON document, with quotes that SQS has to escape. */
export interface ExampleBody {
  readonly id: string;
  readonly items: readonly { readonly sku: string; readonly quantity: number; readonly price: number }[];
}

const BODY_BYTES = 1_000;
/** Bytes of a document besides its items, and bytes of an item with its comma. */
const FRAME_BYTES = 36;
const ITEM_BYTES = 42;
/** Several bodies, so that the JavaScript engine cannot optimise for a single value. */
const DIFFERENT_BODIES = 32;

export const EXAMPLE_BODIES: readonly ExampleBody[] = exampleBodies(BODY_BYTES);

/** Documents as text, as they are in a queue. Each is slightly shorter than `bytes`. */
export function exampleTexts(bytes: number = BODY_BYTES): readonly string[] {
  return exampleBodies(bytes).map((body) => JSON.stringify(body));
}

export function bodyAt<Body>(bodies: readonly Body[], nth: number): Body {
  return bodies[nth % bodies.length] as Body;
}

/** Returns what an application passes to an SDK for the `nth` message: a JSON text, or the text as it is. */
export function writerFor({ textBytes }: StubPlan): (nth: number) => string {
  if (textBytes === undefined) return (nth) => JSON.stringify(bodyAt(EXAMPLE_BODIES, nth));
  const texts = exampleTexts(textBytes);
  return (nth) => bodyAt(texts, nth);
}

/** Returns what an application does with a text from an SDK: parse it, or use it as it is. */
export function readerFor({ textBytes }: StubPlan): (text: string) => unknown {
  return textBytes === undefined ? JSON.parse : (text) => text;
}

function exampleBodies(bytes: number): readonly ExampleBody[] {
  const items = Array.from({ length: Math.floor((bytes - FRAME_BYTES) / ITEM_BYTES) }, (_, i) => ({
    sku: `A-${100 + (i % 900)}`,
    quantity: i % 9,
    price: 1.25,
  }));
  return Array.from({ length: DIFFERENT_BODIES }, (_, index) => ({
    id: `order-${String(index).padStart(8, "0")}`,
    items,
  }));
}
