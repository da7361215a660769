/** What the names of the core's own attributes begin with. Applications neither see nor set them. */
export const RESERVED_PREFIX = "aq-";

/** The core's own attributes. Times are Unix epoch milliseconds in decimal digits. */
export const RESERVED = Object.freeze({
  /** Not before this time (delay emulation). */
  due: "aq-due",
  /** Not after this time (ttl emulation). */
  expires: "aq-exp",
  /** Deliveries of the copies before this one (a retry whose delay was made of a new message). */
  attempts: "aq-at",
  /** Why the message is a dead letter. */
  deadReason: "aq-dead-reason",
  /** Name and text of the error behind it. */
  deadDescription: "aq-dead-description",
  /** Name of the target that it comes from. */
  deadSource: "aq-dead-source",
  /** Handler runs that it had. */
  deadAttempts: "aq-dead-attempts",
  /** When the message was first enqueued. */
  deadFirst: "aq-dead-first",
  /** When it was dead-lettered. */
  deadLast: "aq-dead-last",
  /** Name of the error behind it. */
  deadError: "aq-dead-error",
});

/** True for a name that applications may not set; in any case, because some services ignore case. */
export function isReserved(name: string): boolean {
  return name.slice(0, RESERVED_PREFIX.length).toLowerCase() === RESERVED_PREFIX;
}

/** The attributes without the core's own; the same object where there are none of these. */
export function userAttributes(
  attributes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const name in attributes) if (isReserved(name)) return withoutReserved(attributes);
  return attributes;
}

function withoutReserved(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !isReserved(name)));
}
