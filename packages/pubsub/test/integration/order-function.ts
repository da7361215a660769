// A function as applications deploy it. The test bundles it; Google's functions framework runs the bundle.

import { defineQueue, unchecked } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { nodePushRequests, pubsubEvents } from "../../src/push.ts";

interface Order {
  readonly number: number;
  readonly fate: "fine" | "fails-once";
}

const definition = defineQueue("orders", { schema: unchecked<Order>(), retry: { attempts: 5 } });

/** Written before the message is acknowledged: an entry that is in the journal twice was delivered twice. */
async function onOrder(
  { body }: { readonly body: Order },
  { attempt }: { readonly attempt: number },
): Promise<void> {
  if (body.fate === "fails-once" && attempt === 1) throw new Error("down");
  await new Promise<void>((resolve) => void process.stdout.write(`order ${body.number}\n`, () => resolve()));
}

const source = nodePushRequests({
  audience: process.env["PUSH_AUDIENCE"] ?? "",
  serviceAccount: process.env["PUSH_ACCOUNT"] ?? "",
  keys: process.env["PUSH_KEYS"] ?? "",
});

/** `--signature-type=http` */
export const push: (...args: never) => Promise<unknown> = createHandler(definition, source, onOrder);

/** `--signature-type=cloudevent` */
export const event: (...args: never) => Promise<unknown> = createHandler(
  definition,
  pubsubEvents({ trustPlatform: true }),
  onOrder,
);
