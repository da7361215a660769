/** Prefix of the names of the core's own attributes. Applications neither see nor set them. */
export const RESERVED_PREFIX = "aq-";

/** The core's own attributes. Times are Unix epoch milliseconds in decimal digits. */
export const RESERVED = Object.freeze({
  /** Do not handle before this time (delay emulation). */
  due: "aq-due",
  /** Do not handle after this time (ttl emulation). */
  expires: "aq-exp",
  /** Deliveries of the earlier copies (a retry whose delay was made by sending a new message). */
  attempts: "aq-at",
  /** Why the message is a dead letter. */
  deadReason: "aq-dead-reason",
  /** Name and message of the error that caused it. */
  deadDescription: "aq-dead-description",
  /** Name of the target that the message comes from. */
  deadSource: "aq-dead-source",
  /** How many times a handler ran for it. */
  deadAttempts: "aq-dead-attempts",
  /** When the message was first enqueued. */
  deadFirst: "aq-dead-first",
  /** When it was dead-lettered. */
  deadLast: "aq-dead-last",
  /** Name of the error that caused it. */
  deadError: "aq-dead-error",
});

/** True for a name that applications must not set. Ignores case, as some services do. */
export function isReserved(name: string): boolean {
  return name.slice(0, RESERVED_PREFIX.length).toLowerCase() === RESERVED_PREFIX;
}

/** Returns the attributes without the core's own; the same object if there are none of these. */
export function userAttributes(
  attributes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const name in attributes) if (isReserved(name)) return withoutReserved(attributes);
  return attributes;
}

function withoutReserved(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !isReserved(name)));
}
