import { DOCS, type ReferenceTable } from "./reference-table.ts";
import { SHARED_DIFFERENCES } from "./shared-differences.ts";

/** pstest of cloud.google.com/go/pubsub/v2 2.9.0. */
export const PSTEST_DIFFERENCES: ReferenceTable = {
  notRun: {
    "a seek back brings again what was retained": "ends the server",
    "a seek back brings nothing that was not": "ends the server",
  },
  differences: {
    ...SHARED_DIFFERENCES,
    "a new subscription has the service's defaults": {
      why: "gives neither a deadline nor an expiration policy",
      source: DOCS.reference,
      seen: {
        deadline: 0,
        retention: 604800,
        expiry: 0,
        retain: false,
        ordered: false,
        once: false,
        filter: "",
      },
    },
    "an ack deadline is from 10 s to 600 s": {
      why: "takes shorter ones, and refuses longer ones as UNKNOWN",
      source: DOCS.reference,
      seen: { low: "OK", high: "UNKNOWN", least: "OK", most: "OK" },
    },
    "a detached subscription says so and cannot be pulled": {
      why: "says OK to a detach and does nothing",
      source: DOCS.reference,
      seen: [false, "OK"],
    },
    "a dead-letter policy has 5 to 100 attempts": {
      why: "takes any number",
      source: DOCS.reference,
      seen: { few: "OK", many: "OK", least: "OK", most: "OK" },
    },
    "a filter is parsed when a subscription is made": {
      why: "parses filters, and takes unknown fields and any length",
      source: DOCS.filters,
      seen: { broken: "INVALID_ARGUMENT", unknown: "OK", long: "OK", fine: "OK" },
    },
    "a pull asks for one message at least": {
      why: "takes zero",
      source: DOCS.reference,
      seen: ["OK", "INVALID_ARGUMENT"],
    },
    "a message has at most ten megabytes": {
      why: "has the 4 MiB of gRPC",
      source: DOCS.limits,
      seen: ["RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"],
    },
    "a deadline is from 0 s to 600 s": { why: "takes any", source: DOCS.reference, seen: ["OK", "OK", "OK"] },
    "a stream on a detached subscription ends": {
      why: "says OK to a detach and does nothing",
      source: DOCS.reference,
      seen: "still open",
    },
    "exactly-once: a stream confirms its acks": {
      why: "keeps the flag alone",
      source: DOCS.exactlyOnce,
      seen: { acked: 0, invalid: 0 },
    },
    "exactly-once: a deadline after the lease is refused": {
      why: "keeps the flag alone",
      source: DOCS.exactlyOnce,
      seen: [null],
    },
    "on a stream what follows a failed message of its key comes again after it": {
      why: "gives the second message only when the first is acknowledged, and then the first again",
      source: DOCS.ordering,
      seen: ["1", "1", "1"],
    },
    "exactly-once: an ack after the lease is refused, and the message comes again": {
      why: "keeps the flag alone",
      source: DOCS.exactlyOnce,
      seen: [[null], []],
    },
    "an update needs a mask, and names what there is": {
      why: "takes an empty mask",
      source: DOCS.reference,
      seen: ["OK", "INVALID_ARGUMENT"],
    },
    "names of topics follow the rules": {
      why: "takes any name",
      source: DOCS.names,
      seen: { ab: "OK", "1abc": "OK", "goog-orders": "OK", long: "OK", "a.b_c~d+e%f-g": "OK", longest: "OK" },
    },
    "a retry policy waits up to 600 s, and first no longer than last": {
      why: "takes any policy",
      source: DOCS.reference,
      seen: { long: "OK", crossed: "OK", fine: "OK" },
    },
    "every message gets an id, decimal and rising": {
      why: 'counts "m0", "m1", \u2026',
      source: DOCS.reference,
      seen: [3, false, false],
    },
    "a publish needs messages": { why: "takes none", source: DOCS.reference, seen: "OK" },
    "what a subscription is cannot be changed": {
      why: "changes filters, and takes an empty mask",
      source: DOCS.reference,
      seen: {
        filter: "OK",
        order: "INVALID_ARGUMENT",
        topic: "INVALID_ARGUMENT",
        unknown: "INVALID_ARGUMENT",
        nothing: "OK",
      },
    },
    "a publish has at most a thousand messages": {
      why: "has no limit",
      source: DOCS.limits,
      seen: ["OK", "OK"],
    },
    "a message needs data or an attribute": {
      why: "takes empty messages",
      source: DOCS.reference,
      seen: { nothing: "OK", key: "OK", attribute: "OK", data: "OK" },
    },
    "one bad message refuses its whole request": {
      why: "takes empty messages",
      source: DOCS.reference,
      seen: ["OK", ["", "a"]],
    },
    "an ack id that nobody gave is refused": {
      why: "ignores it",
      source: DOCS.reference,
      seen: ["OK", "OK"],
    },
    "settling needs ids": { why: "takes none", source: DOCS.reference, seen: ["OK", "OK"] },
    "after its last attempt a message is on the dead-letter topic and says where it comes from": {
      why: "forwards it without the attributes of the service",
      source: DOCS.deadLetters,
      seen: [[], "a", "x", null, null],
    },
    "a push subscription becomes one for pulls": {
      why: "cannot change that",
      source: DOCS.reference,
      seen: "threw 12 UNIMPLEMENTED: method ModifyPushConfig not implemented",
    },
    "exactly-once: a second ack is refused with its reason": {
      why: "keeps the flag alone",
      source: DOCS.exactlyOnce,
      seen: ["OK", [null]],
    },
    "exactly-once: of one request only the bad id fails": {
      why: "keeps the flag alone",
      source: DOCS.exactlyOnce,
      seen: [[null, null], []],
    },
    "exactly-once: the ids of a message that came again are new, and the old ones are refused": {
      why: "keeps the flag alone",
      source: DOCS.exactlyOnce,
      seen: [true, [null], "OK"],
    },
    "a stream ends when its subscription is deleted": {
      why: "leaves it open",
      source: DOCS.reference,
      seen: "still open",
    },
    "a snapshot holds what was open, and what comes later": {
      why: "has no snapshots",
      source: DOCS.seek,
      seen: "threw 12 UNIMPLEMENTED: method CreateSnapshot not implemented",
    },
    "another subscription of the topic can seek to a snapshot, one of another topic cannot": {
      why: "has no snapshots",
      source: DOCS.seek,
      seen: "threw 12 UNIMPLEMENTED: method CreateSnapshot not implemented",
    },
    "snapshots are listed, found and deleted, each name once": {
      why: "has no snapshots",
      source: DOCS.seek,
      seen: "threw 12 UNIMPLEMENTED: method CreateSnapshot not implemented",
    },
    "a snapshot lives for seven days less what is old already": {
      why: "has no snapshots",
      source: DOCS.seek,
      seen: "threw 12 UNIMPLEMENTED: method CreateSnapshot not implemented",
    },
    "a seek needs a target, and one that is there": {
      why: "has no snapshots",
      source: DOCS.seek,
      seen: ["INVALID_ARGUMENT", "UNIMPLEMENTED", "NOT_FOUND"],
    },
    "a schema is made once, found and deleted": {
      why: "takes a name twice",
      source: DOCS.schemas,
      seen: ["OK", "OK", "OK", "OK", "NOT_FOUND"],
    },
    "a definition that is no Avro is refused": { why: "takes any text", source: DOCS.schemas, seen: "OK" },
    "a topic takes what fits its schema, and says which that was": {
      why: "keeps the settings and checks nothing",
      source: DOCS.schemas,
      seen: ["OK", "OK", "OK", null, false],
    },
    "a topic needs a schema that is there": {
      why: "keeps the settings and checks nothing",
      source: DOCS.schemas,
      seen: "OK",
    },
    "messages are validated against a schema without being sent": {
      why: "finds everything valid",
      source: DOCS.schemas,
      seen: ["OK", "OK"],
    },
    "a stream's subscription is named once": {
      why: "takes it twice",
      source: DOCS.reference,
      seen: "still open",
    },
    "a stream on a push subscription is refused": {
      why: "opens it",
      source: DOCS.reference,
      seen: "still open",
    },
    "a stream's deadline is from 10 s to 600 s": {
      why: "takes any",
      source: DOCS.reference,
      seen: ["still open", "still open"],
    },
  },
};
