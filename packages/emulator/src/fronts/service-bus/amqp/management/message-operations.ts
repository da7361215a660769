import type { ReceiveMode } from "../../engine/contract.ts";
import { AmqpRefusal } from "../amqp-errors.ts";
import { encodeDeferred, encodePeeked } from "../message/encode-delivery.ts";
import { propertiesOf } from "../message/property-values.ts";
import { decodeMessage } from "../message/wire-message.ts";
import {
  array,
  binary,
  int,
  list,
  long,
  map,
  timestamp,
  type AmqpEntry,
  type AmqpValue,
} from "../transport/amqp-value.ts";
import { entry } from "../links/request-reply.ts";
import type { ManagementContext, ManagementResult } from "./management-operation.ts";

// receiver-settle-mode 0 of a receive by sequence number means that the messages are deleted.
const DELETE_MODE = 0;

// Number of messages of a peek that names none.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response (2026-11-29)
const DEFAULT_PEEK = 1;

export function renewLocks(context: ManagementContext): ManagementResult {
  const { namespace, path, body, call, wireTime } = context;
  const mailbox = namespace.findMailbox(path);
  const tokens = body.lockTokens();
  for (const token of tokens) call.expireLock(mailbox, token);
  const ends = tokens.map((token) => timestamp(wireTime.toWireMs(mailbox.renewLock(token) + call.skewMs)));
  return [entry("expirations", array("timestamp", ends))];
}

export function peekMessages({ namespace, path, body, wireTime }: ManagementContext): ManagementResult {
  const messages = namespace.findMailbox(path).peek({
    fromSequenceNumber: body.optionalNumber("from-sequence-number") ?? 0,
    max: body.optionalNumber("message-count") ?? DEFAULT_PEEK,
    sessionId: body.optionalText("session-id"),
  });
  if (messages.length === 0) return "none";
  return messageList(
    messages.map((view) => [entry("message", binary(encodePeeked(view, (ms) => wireTime.toWireMs(ms))))]),
  );
}

export function scheduleMessages({ namespace, path, body, wireTime }: ManagementContext): ManagementResult {
  const contents = body
    .elements("messages")
    .map((element) => decodeMessage(element.binary("message"), (wireMs) => wireTime.toEngineMs(wireMs)));
  const numbers = namespace.findTarget(path).schedule(contents);
  return [
    entry(
      "sequence-numbers",
      array(
        "long",
        numbers.map((number) => long(BigInt(number))),
      ),
    ),
  ];
}

export function cancelScheduled({ namespace, path, body }: ManagementContext): ManagementResult {
  namespace.findTarget(path).cancelScheduled(body.numbers("sequence-numbers"));
  return [];
}

export function receiveDeferred(context: ManagementContext): ManagementResult {
  const { namespace, path, body, call, wireTime } = context;
  const mode: ReceiveMode =
    body.optionalNumber("receiver-settle-mode") === DELETE_MODE ? "receiveAndDelete" : "peekLock";
  const deliveries = namespace.findMailbox(path).receiveDeferred({
    sequenceNumbers: body.numbers("sequence-numbers"),
    mode,
    sessionId: body.optionalText("session-id"),
  });
  return messageList(
    deliveries.map((delivery) => {
      const { lockToken, lockedUntilMs } = delivery;
      const skewed = lockedUntilMs === undefined ? undefined : lockedUntilMs + call.skewMs;
      const message = encodeDeferred({ ...delivery, lockedUntilMs: skewed }, (ms) => wireTime.toWireMs(ms));
      const token: AmqpEntry[] =
        lockToken === undefined ? [] : [entry("lock-token", { type: "uuid", value: lockToken })];
      return [entry("message", binary(message)), ...token];
    }),
  );
}

/** Settles by token, for messages whose link is gone or that never came over one. */
export function updateDisposition(context: ManagementContext): ManagementResult {
  const { namespace, path, body, call } = context;
  const mailbox = namespace.findMailbox(path);
  const properties = propertiesOf(body.value("properties-to-modify"));
  const status = body.text("disposition-status");
  for (const token of body.lockTokens()) {
    call.expireLock(mailbox, token);
    switch (status) {
      case "completed":
        mailbox.complete(token);
        break;
      case "abandoned":
        mailbox.abandon(token, properties);
        break;
      // The protocol spells it this way.
      case "defered":
        mailbox.defer(token, properties);
        break;
      case "suspended":
        mailbox.deadLetter(token, {
          reason: body.optionalText("deadletter-reason"),
          description: body.optionalText("deadletter-description"),
          properties,
        });
        break;
      default:
        throw new AmqpRefusal("com.microsoft:argument-error", `No disposition is called '${status}'.`);
    }
  }
  return [];
}

export function deleteMessages({ namespace, path, body, wireTime }: ManagementContext): ManagementResult {
  const before = body.optionalNumber("enqueued-time-utc");
  const deleted = namespace
    .findMailbox(path)
    .deleteMessages(
      body.number("message-count"),
      before === undefined ? Number.POSITIVE_INFINITY : wireTime.toEngineMs(before),
    );
  return deleted === 0 ? "none" : [entry("message-count", int(deleted))];
}

function messageList(messages: readonly (readonly AmqpEntry[])[]): ManagementResult {
  return [entry("messages", list(messages.map((entries): AmqpValue => map(entries))))];
}
