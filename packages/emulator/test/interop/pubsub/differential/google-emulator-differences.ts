import { DOCS, type ReferenceTable } from "./reference-table.ts";
import { SHARED_DIFFERENCES } from "./shared-differences.ts";

/** Google's emulator 0.8.20. */
export const GOOGLE_EMULATOR_DIFFERENCES: ReferenceTable = {
  notRun: {},
  differences: {
    ...SHARED_DIFFERENCES,
    "labels are updated by mask": {
      why: "takes only a part of a topic's fields in a mask",
      source: DOCS.reference,
      seen: "threw 3 INVALID_ARGUMENT: Invalid update_mask provided in the UpdateTopicRequest: labels is not a known Topic field. Note that field paths must be of the form 'schema_settings' rather than 'schemaSetings'.",
    },
    "a missing topic is named in the error": {
      why: 'says "Topic not found" of every topic',
      source: DOCS.reference,
      seen: false,
    },
    "a new subscription has the service's defaults": {
      why: "gives no expiration policy, where the service gives one of 31 days",
      source: DOCS.reference,
      seen: {
        deadline: 10,
        retention: 604800,
        expiry: 0,
        retain: false,
        ordered: false,
        once: false,
        filter: "",
      },
    },
    "an ack deadline is from 10 s to 600 s": {
      why: "takes shorter ones",
      source: DOCS.reference,
      seen: { low: "OK", high: "INVALID_ARGUMENT", least: "OK", most: "OK" },
    },
    "a detached subscription says so and cannot be pulled": {
      why: "cannot detach",
      source: DOCS.emulator,
      seen: "threw 12 UNIMPLEMENTED: Method google.pubsub.v1.Publisher/DetachSubscription is unimplemented",
    },
    "a dead-letter policy has 5 to 100 attempts": {
      why: "refuses the same, with another status; which one the service uses is not documented",
      source: DOCS.reference,
      seen: { few: "OUT_OF_RANGE", many: "OUT_OF_RANGE", least: "OK", most: "OK" },
    },
    "a filter is parsed when a subscription is made": {
      why: "keeps filters unread",
      source: DOCS.emulator,
      seen: { broken: "OK", unknown: "OK", long: "OK", fine: "OK" },
    },
    "a pull asks for one message at least": {
      why: "takes a negative number",
      source: DOCS.reference,
      seen: ["INVALID_ARGUMENT", "OK"],
    },
    "a filter lets through what it matches": {
      why: "lets everything through",
      source: DOCS.filters,
      seen: ["1", "2"],
    },
    "a message has at most ten megabytes": { why: "has no limit", source: DOCS.limits, seen: ["OK", "OK"] },
    "a deadline is from 0 s to 600 s": {
      why: "takes longer ones",
      source: DOCS.reference,
      seen: ["INVALID_ARGUMENT", "OK", "OK"],
    },
    "a stream on a detached subscription ends": {
      why: "cannot detach",
      source: DOCS.emulator,
      seen: "threw 12 UNIMPLEMENTED: Method google.pubsub.v1.Publisher/DetachSubscription is unimplemented",
    },
    "exactly-once: a stream confirms its acks": {
      why: "confirms nothing on a stream",
      source: DOCS.reference,
      seen: { acked: 0, invalid: 0 },
    },
    "a keepalive is answered": {
      why: "answers none, so that clients open such a stream anew after 45 s",
      source: DOCS.reference,
      seen: false,
    },
    "exactly-once: a deadline after the lease is refused": {
      why: "takes it as long as nobody else has the message",
      source: DOCS.exactlyOnce,
      seen: [null],
    },
    "even what was acknowledged comes again after a failed message before it": {
      why: "gives nothing for a while, not even the message that failed",
      source: DOCS.ordering,
      seen: [],
    },
    "on a stream what follows a failed message of its key comes again after it": {
      why: "gives the failed message alone again, and what follows when its lease is over",
      source: DOCS.ordering,
      seen: ["1", "2", "1"],
    },
    "exactly-once: an ack after the lease is refused, and the message comes again": {
      why: "takes an ack after the lease as long as nobody else has the message",
      source: DOCS.exactlyOnce,
      seen: [[null], []],
    },
  },
};
