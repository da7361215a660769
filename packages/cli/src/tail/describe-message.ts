import type { Message } from "@anyqueue/core";
import { escapeControls, oneLine } from "../one-line.ts";
import { viewBody, type BodyView } from "./view-body.ts";

/** A message to show. */
export interface ShownMessage {
  readonly message: Message<Uint8Array>;
  /** Undefined if unknown. */
  readonly attempt: number | undefined;
  /** Why the adapter could not read the message as what it claims to be. */
  readonly malformed?: string;
}

/** One JSON object on one line, for programs. */
export function describeAsJson(shown: ShownMessage): string {
  const { message, attempt } = shown;
  const view = viewOf(shown);
  const fields = {
    id: message.id,
    providerId: message.providerId,
    attempt,
    enqueuedAt: message.enqueuedAt,
    contentType: message.contentType,
    orderingKey: message.orderingKey,
    correlationId: message.correlationId,
    replyTo: message.replyTo,
    attributes: message.attributes,
    attributeTypes: message.attributeTypes,
    deadLettered: message.deadLettered,
    ...(view.kind === "bytes" && { bodyBase64: view.base64, undecodable: view.problem }),
  };
  const object = JSON.stringify(fields);
  if (view.kind === "bytes") return escapeInJson(object);
  const body = view.kind === "json" ? onOneLine(view.source) : JSON.stringify(view.text);
  return escapeInJson(`${object.slice(0, -1)},"body":${body}}`);
}

/** One line about the message, then its body, for people. */
export function describeAsText(shown: ShownMessage): string {
  const { message, attempt } = shown;
  const { enqueuedAt, orderingKey, attributes, deadLettered } = message;
  const heading = [
    ...(enqueuedAt === undefined ? [] : [enqueuedAt.toISOString()]),
    message.id,
    ...(attempt === undefined ? [] : [`attempt=${attempt}`]),
    ...(orderingKey === undefined ? [] : [`key=${orderingKey}`]),
    ...Object.entries(attributes).map(([name, value]) => `${name}=${value}`),
  ];
  const lines = [heading.map(oneLine).join("  ")];
  if (deadLettered !== undefined) {
    const { reason, description, source, attempts, deadLetteredAt } = deadLettered;
    const known = { reason, description, source, attempts, at: deadLetteredAt?.toISOString() };
    const parts = Object.entries(known).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    lines.push(`dead letter: ${oneLine(parts.join("  "))}`);
  }
  return [...lines, bodyText(viewOf(shown), message.body.byteLength)].join("\n");
}

function viewOf({ message, malformed }: ShownMessage): BodyView {
  if (malformed === undefined) return viewBody(message.body, message.contentType);
  return { kind: "bytes", base64: Buffer.from(message.body).toString("base64"), problem: malformed };
}

function bodyText(view: BodyView, sizeBytes: number): string {
  if (view.kind === "bytes") {
    const why = view.problem === undefined ? "" : `, ${view.problem}`;
    return `[${sizeBytes} bytes${oneLine(why)}] ${view.base64}`;
  }
  const text = view.kind === "json" ? view.source : view.text;
  // Line breaks and tabs may stay; other control characters could make the terminal do what a sender wants.
  return escapeControls(text, /[\0-\u0008\v\f\u000E-\u001F\u007F-\u009F]|\r(?!\n)/g);
}

/** In valid JSON, these occur only between tokens. */
function onOneLine(source: string): string {
  return source.replace(/[\t\r\n]+/g, "");
}

/** These can only occur inside a JSON string, where the escape means the same character. */
function escapeInJson(line: string): string {
  return escapeControls(line, /[\u007F-\u009F\u2028\u2029]/g);
}
