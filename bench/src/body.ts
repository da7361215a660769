import type { StubPlan } from "./scenario.ts";

/** A JSON document, with the quotes that make SQS escape it. */
export interface ExampleBody {
  readonly id: string;
  readonly items: readonly { readonly sku: string; readonly quantity: number; readonly price: number }[];
}

const BODY_BYTES = 1_000;
/** What a document has beside its items, and each item with its comma. */
const FRAME_BYTES = 36;
const ITEM_BYTES = 42;
/** So that no engine optimises for the only value it has seen. */
const DIFFERENT_BODIES = 32;

export const EXAMPLE_BODIES: readonly ExampleBody[] = exampleBodies(BODY_BYTES);

/** As they lie in a queue: documents of nearly so many bytes, written as text. */
export function exampleTexts(bytes: number = BODY_BYTES): readonly string[] {
  return exampleBodies(bytes).map((body) => JSON.stringify(body));
}

export function bodyAt<Body>(bodies: readonly Body[], nth: number): Body {
  return bodies[nth % bodies.length] as Body;
}

/** What an application makes of the `nth` message before it gives it to an SDK: JSON, but a text is one already. */
export function writerFor({ textBytes }: StubPlan): (nth: number) => string {
  if (textBytes === undefined) return (nth) => JSON.stringify(bodyAt(EXAMPLE_BODIES, nth));
  const texts = exampleTexts(textBytes);
  return (nth) => bodyAt(texts, nth);
}

/** What it makes of the text that it gets from an SDK. */
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
