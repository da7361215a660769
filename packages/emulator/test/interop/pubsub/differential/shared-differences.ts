import { DOCS, type ReferenceTable } from "./reference-table.ts";

/** What Google's emulator and pstest do alike, but differently from Pub/Sub. */
export const SHARED_DIFFERENCES: ReferenceTable["differences"] = {
  "a retention is from ten minutes to 31 days": {
    why: "has the older limit of seven days",
    source: DOCS.reference,
    seen: { short: "INVALID_ARGUMENT", long: "INVALID_ARGUMENT", least: "OK", most: "INVALID_ARGUMENT" },
  },
  "an ordering key has at most 1,024 bytes": {
    why: "has no limit",
    source: DOCS.limits,
    seen: ["OK", "OK"],
  },
  "attributes have their limits": {
    why: "has none",
    source: DOCS.limits,
    seen: {
      name: "OK",
      value: "OK",
      count: "OK",
      empty: "OK",
      reserved: "OK",
      largest: "OK",
      emptyValue: "OK",
    },
  },
  "a stream holds no more than it was opened for, until an ack makes room": {
    why: "pushes everything, whatever the stream was opened for",
    source: DOCS.reference,
    seen: [4, 4],
  },
  "a retry policy holds a failed message back": {
    why: "keeps retry policies and does not follow them",
    source: DOCS.retryPolicy,
    seen: [["a"], []],
  },
};
