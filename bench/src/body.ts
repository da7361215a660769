/** A JSON document of about 1 KB, with the quotes that make SQS escape it. */
export interface ExampleBody {
  readonly id: string;
  readonly items: readonly { readonly sku: string; readonly quantity: number; readonly price: number }[];
}

const ITEMS = 22;

function exampleBody(index: number): ExampleBody {
  const items = Array.from({ length: ITEMS }, (_, i) => ({
    sku: `A-${100 + i}`,
    quantity: i % 9,
    price: 1.25,
  }));
  return { id: `order-${String(index).padStart(8, "0")}`, items };
}

/** A few different ones, so that no engine optimises for the only value it has seen. */
export const EXAMPLE_BODIES: readonly ExampleBody[] = Array.from({ length: 32 }, (_, index) =>
  exampleBody(index),
);
