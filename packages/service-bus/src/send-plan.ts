import { MAX_BATCH_ITEMS } from "./service-bus-limits.ts";

/** What decides which request a message belongs to. */
export interface PlannedMessage {
  readonly index: number;
  readonly bytes: number;
  /** Its session: a batch has only one. */
  readonly key: string | undefined;
  /** Set if a request that returns its number schedules it: such a request has only one time. */
  readonly dueMs: number | undefined;
}

export interface SendRequest {
  readonly indexes: readonly number[];
  readonly dueMs: number | undefined;
}

/** Most messages of one scheduling request, which uses the management link and gets one answer. */
const MAX_SCHEDULED_ITEMS = 100;

/**
 * Splits messages into requests. The requests of one line are sent one after the other, because they share a
 * session; different lines may be sent side by side.
 */
export function planRequests(
  messages: readonly PlannedMessage[],
  maxBytes: number,
): readonly (readonly SendRequest[])[] {
  const lines = new Map<string | undefined, OpenRequest[]>();
  for (const message of messages) {
    const line = lines.get(message.key) ?? [];
    lines.set(message.key, line);
    const last = line.at(-1);
    if (last !== undefined && hasRoom(last, message, maxBytes)) {
      last.indexes.push(message.index);
      last.bytes += message.bytes;
    } else {
      line.push({ indexes: [message.index], bytes: message.bytes, dueMs: message.dueMs });
    }
  }
  return [...lines.values()];
}

interface OpenRequest {
  readonly indexes: number[];
  readonly dueMs: number | undefined;
  bytes: number;
}

function hasRoom(request: OpenRequest, { bytes, dueMs }: PlannedMessage, maxBytes: number): boolean {
  const maxItems = dueMs === undefined ? MAX_BATCH_ITEMS : MAX_SCHEDULED_ITEMS;
  return request.dueMs === dueMs && request.indexes.length < maxItems && request.bytes + bytes <= maxBytes;
}
