// A function as an application deploys it; the test bundles it and runs the bundle in separate processes.

import { defineQueue, unchecked } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { sqsEvents } from "../../src/lambda.ts";

interface Order {
  readonly number: number;
  readonly fate: "fine" | "fails-once" | "kills-once" | "unreadable";
}

const orders = defineQueue("orders", { schema: unchecked<Order>(), retry: { attempts: 5 } });

export const handler: (event: never, context: never) => Promise<unknown> = createHandler(
  orders,
  sqsEvents(),
  async ({ body }, { attempt }) => {
    if (body.fate === "fails-once" && attempt === 1) throw new Error("down");
    if (body.fate === "kills-once" && attempt === 1) process.exit(1);
    // Written before the ack: a number that is in the journal more than once was delivered more than once.
    await new Promise<void>((resolve) => void process.stdout.write(`${body.number}\n`, () => resolve()));
  },
);
