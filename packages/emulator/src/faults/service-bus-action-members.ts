import { isDelay, isFinite, isText, type Member, type Members } from "./rule-members.ts";

const CONDITION: Member = { check: isText, expected: "an AMQP condition such as amqp:internal-error" };
const DESCRIPTION: Member = { check: isText, expected: "a text" };

/** The members of each kind of action of the Service Bus front. */
export const SERVICE_BUS_ACTION_MEMBERS: Readonly<Record<string, Members>> = {
  error: { condition: { ...CONDITION, isRequired: true }, description: DESCRIPTION },
  throttle: {},
  unauthorized: {},
  reset: {},
  halfOpen: {},
  closeConnection: { condition: CONDITION, description: DESCRIPTION },
  detach: { condition: CONDITION, description: DESCRIPTION },
  hold: {},
  delay: { ms: { check: isDelay, expected: "a number of milliseconds >= 0", isRequired: true } },
  sessionLost: {},
  expireLease: {},
  duplicate: {},
  corruptMessage: {},
  noCredit: {},
  ignoreDrain: {},
  clockSkew: { skewMs: { check: isFinite, expected: "a number of milliseconds", isRequired: true } },
};
