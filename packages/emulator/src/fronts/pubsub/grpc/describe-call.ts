import { randomUUID } from "node:crypto";
import type { Metadata } from "@grpc/grpc-js";
import type { FaultCall } from "../../../faults/fault-rule.ts";
import type { CallStart } from "../../../log/call-log.ts";

const NAMING_FIELDS = ["name", "subscription", "topic", "snapshot", "resource", "project", "parent"];
const LISTS = ["messages", "ackIds", "modifyDeadlineAckIds"];

/** Describes a call for fault rules. The body is converted to text only if a rule asks for it. */
export function describeCall(operation: string, request: object, metadata: Metadata): FaultCall<"pubsub"> {
  const entity = entityOf(request);
  const earlier = metadata.get("grpc-previous-rpc-attempts")[0];
  return {
    protocol: "pubsub",
    wire: "grpc",
    operation,
    queue: entity?.split("/").at(-1),
    region: entity?.split("/")[1] ?? "",
    attempt: earlier === undefined ? 1 : Number(earlier) + 1,
    invocationId: undefined,
    get body() {
      return textOf(request);
    },
  };
}

export function describeStart(call: FaultCall<"pubsub">, request: object, atMs: number): CallStart {
  const { protocol, wire, operation, queue, region, attempt, invocationId } = call;
  const counts = LISTS.map((name): unknown => Reflect.get(request, name));
  const entries = counts.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
  return {
    protocol,
    wire,
    operation,
    queue,
    region,
    attempt,
    invocationId,
    at: atMs,
    requestId: randomUUID(),
    entries: Math.max(1, entries),
  };
}

/** Full name of the entity in the request. */
function entityOf(request: object): string | undefined {
  for (const field of NAMING_FIELDS) {
    const value: unknown = Reflect.get(request, field);
    if (typeof value === "string" && value !== "") return value;
    if (typeof value !== "object" || value === null) continue;
    const name: unknown = Reflect.get(value, "name");
    if (typeof name === "string" && name !== "") return name;
  }
  return undefined;
}

/** JSON in which message data appears as text. */
function textOf(request: object): string {
  return JSON.stringify(request, function (this: Record<string, unknown>, key: string, value: unknown) {
    const raw = this[key];
    return raw instanceof Uint8Array ? Buffer.from(raw).toString() : value;
  });
}
