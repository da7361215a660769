// Handlers as an application exports them, without a library; the message's body says what to do.

import { existsSync } from "node:fs";

export async function handler(event, context) {
  for (const { body } of event.Records) console.log(`handled ${body} of ${context.functionName}`);
}

export async function partly(event) {
  const failed = event.Records.filter(({ body }) => body.startsWith("bad"));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

export async function throws() {
  throw new TypeError("the database\nis down");
}

export async function hangs(event, context) {
  console.log(
    `left ${context.getRemainingTimeInMillis() <= 2_000 && context.getRemainingTimeInMillis() > 0}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
}

export function spins() {
  process.stdout.write(`spins in ${process.pid}\n`, () => {
    for (;;);
  });
  return new Promise(() => {});
}

/** Over the 6 MB that an answer may have. */
export async function floods() {
  return "x".repeat(7_000_000);
}

export async function exits() {
  process.exit(7);
}

/** The first message of an event fails alone, as in a function that does not know about order. */
export async function firstFails(event) {
  return { batchItemFailures: [{ itemIdentifier: event.Records[0].messageId }] };
}

export function withCallback(event, _context, callback) {
  setImmediate(() => callback(null, `${event.Records.length} done`));
}

export async function waitsForSignal(event) {
  console.log(`started ${event.Records.length}`);
  while (!existsSync(process.env.MAY_FINISH ?? "")) await new Promise((resolve) => setTimeout(resolve, 20));
  // Longer than the host needs to hear of the signal.
  await new Promise((resolve) => setTimeout(resolve, 300));
  console.log("finished");
}

export async function slowly(event) {
  const named = event.Records.map(({ body, attributes }) => `${attributes.MessageGroupId} ${body}`).join(
    ", ",
  );
  console.log(`begin ${named}`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(`end ${named}`);
}

export const notAFunction = 1;

/** A class may hold its handler, too. */
export const api = { Orders: Object.assign(() => {}, { handler }) };
