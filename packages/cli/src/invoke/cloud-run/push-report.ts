import type { InvocationReport } from "../invocation-report.ts";
import type { ServiceAnswer } from "./http-service.ts";

// https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29)
const ACKNOWLEDGING: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

/** True: the message is done. */
export function isAcknowledging(answer: ServiceAnswer): boolean {
  return answer.kind === "status" && ACKNOWLEDGING.has(answer.status);
}

/** One push of one message. */
export function pushReport(messageId: string, answer: ServiceAnswer, durationMs: number): InvocationReport {
  const isAcknowledged = isAcknowledging(answer);
  return {
    requestId: messageId,
    messageIds: [messageId],
    outcome: answer.kind === "status" ? (isAcknowledged ? "ok" : "error") : answer.kind,
    failedIds: isAcknowledged ? [] : [messageId],
    error: isAcknowledged ? undefined : errorOf(answer),
    durationMs,
  };
}

function errorOf(answer: ServiceAnswer): string {
  if (answer.kind === "status") return `it answered ${answer.status}`;
  return answer.kind === "timeout" ? "no answer within the ack deadline" : answer.reason;
}
