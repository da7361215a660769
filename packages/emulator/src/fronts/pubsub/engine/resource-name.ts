import { invalidArgument } from "../pubsub-error.ts";

export type ResourceKind = "topics" | "subscriptions" | "snapshots" | "schemas";

/** Topic of a subscription whose topic has been deleted. */
export const DELETED_TOPIC = "_deleted-topic_";

// https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names (2026-11-29)
const RESOURCE_ID = /^(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/;

/** Throws unless `name` is `projects/P/<kind>/ID`. P is empty from a client that knows no project. */
export function checkResourceName(name: string, kind: ResourceKind): void {
  const parts = name.split("/");
  const [collection, , found, id] = parts;
  if (parts.length === 4 && collection === "projects" && found === kind && RESOURCE_ID.test(id ?? "")) return;
  throw invalidName(name);
}

/** Throws unless `name` is `projects/P`. */
export function checkProjectName(name: string): void {
  if (/^projects\/[^/]*$/.test(name)) return;
  throw invalidName(name);
}

function invalidName(name: string): Error {
  return invalidArgument(
    `Invalid resource name given (name=${name}). Refer to https://cloud.google.com/pubsub/docs/admin#resource_names for more information.`,
  );
}

export function projectOf(name: string): string {
  return name.split("/")[1] ?? "";
}

/** The last part of a name, which users know it by. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
