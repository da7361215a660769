import { AtomError, badRequest } from "./atom-error.ts";

/** The resource that an address of the administration API stands for. */
export type AtomTarget =
  | { readonly kind: "namespace" }
  | { readonly kind: "queues" }
  | { readonly kind: "topics" }
  /** A queue or a topic. The address does not tell which. */
  | { readonly kind: "entity"; readonly name: string }
  | { readonly kind: "subscriptions"; readonly topic: string }
  | { readonly kind: "subscription"; readonly topic: string; readonly name: string }
  | { readonly kind: "rules"; readonly topic: string; readonly subscription: string }
  | {
      readonly kind: "rule";
      readonly topic: string;
      readonly subscription: string;
      readonly name: string;
    };

const BELOW_TOPIC = /^(.+?)\/subscriptions(?:\/([^/]+)(\/rules(?:\/([^/]+))?)?)?$/iu;

/** Topic names may contain slashes. The fixed words between names are compared case-insensitively. */
export function readTarget(pathname: string): AtomTarget {
  const path = decodePath(pathname).replaceAll(/^\/+|\/+$/gu, "");
  switch (path.toLowerCase()) {
    case "":
      throw new AtomError(404, "The root of a namespace is not a resource.");
    case "$namespaceinfo":
      return { kind: "namespace" };
    case "$resources/queues":
      return { kind: "queues" };
    case "$resources/topics":
      return { kind: "topics" };
  }
  if (path.startsWith("$")) throw badRequest(`The resource '${path}' is not known.`);
  const [, topic, subscription, rules, rule] = BELOW_TOPIC.exec(path) ?? [];
  if (topic === undefined) return { kind: "entity", name: path };
  if (subscription === undefined) return { kind: "subscriptions", topic };
  if (rule !== undefined) return { kind: "rule", topic, subscription, name: rule };
  if (rules !== undefined) return { kind: "rules", topic, subscription };
  return { kind: "subscription", topic, name: subscription };
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw badRequest(`The path '${pathname}' is not correctly encoded.`);
  }
}
