import {
  isDelay,
  isFinite,
  isFlag,
  isIndexes,
  isOneOf,
  isPositive,
  isStatus,
  isText,
  type Member,
  type Members,
} from "./rule-members.ts";

const ENTRIES: Member = { check: isIndexes, expected: "a list of indexes from 0" };
const CODE: Member = { check: isText, expected: "an error code" };
const MESSAGE: Member = { check: isText, expected: "a text" };

/** The members of each kind of action of the SQS front. */
export const SQS_ACTION_MEMBERS: Readonly<Record<string, Members>> = {
  error: {
    code: { ...CODE, isRequired: true },
    status: { check: isStatus, expected: "a status from 400 to 599" },
    message: MESSAGE,
    isReceiverFault: { check: isFlag, expected: "true or false" },
  },
  throttle: {
    code: {
      check: isOneOf("RequestThrottled", "ThrottlingException"),
      expected: "RequestThrottled or ThrottlingException",
    },
    retryAfterSeconds: { check: isDelay, expected: "a number of seconds" },
  },
  serverError: {
    status: { check: isOneOf(500, 502, 503, 504), expected: "500, 502, 503 or 504" },
    html: { check: isFlag, expected: "true or false" },
  },
  accessDenied: {},
  expiredToken: {},
  clockSkew: {
    skewMs: { check: isFinite, expected: "a number of milliseconds", isRequired: true },
    code: CODE,
  },
  partialBatch: {
    entries: ENTRIES,
    code: CODE,
    message: MESSAGE,
    isSenderFault: { check: isFlag, expected: "true or false" },
  },
  reset: {},
  hold: {},
  delay: { ms: { check: isDelay, expected: "a number of milliseconds >= 0", isRequired: true } },
  trickle: {
    bytesPerPart: { check: isPositive, expected: "a number of bytes >= 1" },
    everyMs: { check: isDelay, expected: "a number of milliseconds >= 0" },
  },
  duplicate: {},
  shuffle: {},
  corruptMd5: { entries: ENTRIES },
  expireLease: {},
};
