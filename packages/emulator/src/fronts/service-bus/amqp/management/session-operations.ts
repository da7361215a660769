import { array, binary, int, NULL, string, timestamp } from "../transport/amqp-value.ts";
import { entry } from "../links/request-reply.ts";
import type { ManagementContext, ManagementResult } from "./management-operation.ts";

export function renewSessionLock(context: ManagementContext): ManagementResult {
  const { namespace, path, body, call, wireTime } = context;
  const mailbox = namespace.findMailbox(path);
  const sessionId = body.text("session-id");
  if (call.has("expireLease") || call.has("sessionLost")) mailbox.loseSession(sessionId);
  const untilMs = mailbox.renewSessionLock(sessionId) + call.skewMs;
  return [entry("expiration", timestamp(wireTime.toWireMs(untilMs)))];
}

export function setSessionState({ namespace, path, body }: ManagementContext): ManagementResult {
  const state = body.optionalBinary("session-state");
  // Copied, because the state outlives the frame that contained it.
  const kept = state === undefined ? null : Buffer.from(state);
  namespace.findMailbox(path).setSessionState(body.text("session-id"), kept);
  return [];
}

export function getSessionState({ namespace, path, body }: ManagementContext): ManagementResult {
  const state = namespace.findMailbox(path).sessionState(body.text("session-id"));
  return [entry("session-state", state === null ? NULL : binary(Buffer.from(state)))];
}

export function getSessions({ namespace, path, body }: ManagementContext): ManagementResult {
  const skip = body.optionalNumber("skip") ?? 0;
  const ids = namespace.findMailbox(path).sessionIds(skip, body.optionalNumber("top") ?? 100);
  if (ids.length === 0) return "none";
  return [entry("skip", int(skip + ids.length)), entry("sessions-ids", array("string", ids.map(string)))];
}
