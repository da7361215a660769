import { GRPC_CODES } from "../fronts/pubsub/pubsub-error.ts";
import { isDelay, isFinite, isIndexes, isOneOf, isText, type Member, type Members } from "./rule-members.ts";

const CODES = Object.keys(GRPC_CODES);
const MESSAGE: Member = { check: isText, expected: "a text" };
const EVERY: Member = { check: isDelay, expected: "a number of milliseconds >= 0" };

/** The members of each kind of action of the Pub/Sub front. */
export const PUBSUB_ACTION_MEMBERS: Readonly<Record<string, Members>> = {
  error: {
    code: { check: isOneOf(...CODES), expected: "a status such as UNAVAILABLE", isRequired: true },
    message: MESSAGE,
  },
  endStream: {
    code: {
      check: isOneOf("OK", ...CODES),
      expected: "OK or a status such as UNAVAILABLE",
      isRequired: true,
    },
    message: MESSAGE,
  },
  goaway: { graceMs: EVERY },
  reset: {},
  hold: {},
  halfOpen: {},
  delay: { ms: { ...EVERY, isRequired: true } },
  slow: { everyMs: EVERY },
  partialAck: {
    entries: { check: isIndexes, expected: "a list of indexes from 0" },
    code: { check: isText, expected: "a value such as TRANSIENT_FAILURE_UNORDERED_ACK_ID" },
  },
  duplicate: {},
  shuffle: {},
  expireLease: {},
  noKeepalive: {},
  starve: {},
  overflow: {},
  clockSkew: {
    skewMs: { check: isFinite, expected: "a number of milliseconds", isRequired: true },
  },
};
