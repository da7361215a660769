import { expect } from "vitest";
import { runEmulator, type QueryAnswer } from "./running-emulator.ts";

export const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Text of the first element with that name. */
export function textOf(body: string, element: string): string {
  const match = new RegExp(`<${element}>([^<]*)</${element}>`).exec(body);
  if (match?.[1] === undefined) throw new Error(`No <${element}> in ${body}`);
  return match[1];
}

export function textsOf(body: string, element: string): string[] {
  return [...body.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(
    (match) => match[1] ?? "",
  );
}

export function expectAnswer(answer: QueryAnswer, operation: string): string {
  expect(answer.body).toMatch(
    new RegExp(
      `^<\\?xml version="1.0"\\?><${operation}Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/">`,
    ),
  );
  expect(textOf(answer.body, "RequestId")).toMatch(UUID);
  expect(answer.status).toBe(200);
  return answer.body;
}

/** A running emulator with a queue, called as an old client does: with all parameters in one form. */
export async function withQueryQueue(name = "orders", attributes: Readonly<Record<string, string>> = {}) {
  const { endpoint, emulator, query } = await runEmulator();
  const call = async (Action: string, parameters: Readonly<Record<string, string>> = {}) =>
    expectAnswer(await query({ Action, Version: "2012-11-05", ...parameters }), Action);
  const created = await call("CreateQueue", { QueueName: name, ...attributes });
  const QueueUrl = textOf(created, "QueueUrl");
  expect(QueueUrl).toBe(`${endpoint}/000000000000/${name}`);
  return { endpoint, emulator, query, call, QueueUrl };
}
