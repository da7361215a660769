// A function as an application deploys it; the test bundles it and has Google's functions framework run the bundle.

import { defineQueue, unchecked } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { nodePushRequests, pubsubEvents } from "../../src/push.ts";

interface Order {
  readonly number: number;
  readonly fate: "fine" | "fails-once";
}

const definition = defineQueue("orders", { schema: unchecked<Order>(), retry: { attempts: 5 } });

/** Written before the message is acknowledged: what is in the journal more than once was delivered more than once. */
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
