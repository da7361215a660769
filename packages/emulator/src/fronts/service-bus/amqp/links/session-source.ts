import type { Mailbox, SessionHandle } from "../../engine/contract.ts";
import { long, map, string, symbol, textOf, type AmqpValue } from "../transport/amqp-value.ts";
import type { Attach } from "../transport/performatives.ts";
import { bareTerminus, withFilter } from "../transport/terminus.ts";
import type { DeliverySource } from "./receiver-link.ts";

const SESSION_FILTER = "com.microsoft:session-filter";

// .NET counts in units of 100 ns from the year 1.
const TICKS_PER_MS = 10_000n;
const TICKS_AT_EPOCH = 621_355_968_000_000_000n;

/** The session that a receiver wants, by name or any. Returns undefined if it wants no session. */
export function wantedSession(attach: Attach): { readonly sessionId: string | undefined } | undefined {
  const value = filterOf(attach);
  if (value === undefined) return undefined;
  return { sessionId: textOf(value.type === "described" ? value.value : value) };
}

/** Some clients write the filter as a described type, as AMQP specifies, others only its value. */
function filterOf(attach: Attach): AmqpValue | undefined {
  const filter = attach.source?.filter;
  if (filter?.type !== "map") return undefined;
  return filter.value.find(([key]) => textOf(key) === SESSION_FILTER)?.[1];
}

/** Writes the filter in the form in which the client wrote its own, because it can read no other. */
function grantedFilter(attach: Attach, sessionId: string): AmqpValue {
  const asked = filterOf(attach);
  const granted = string(sessionId);
  const value = asked?.type === "described" ? { ...asked, value: granted } : granted;
  return map([[symbol(SESSION_FILTER), value]]);
}

/** A locked session as a source. The answer to the attach names the session and the end of its lock. */
export function sessionSource(
  mailbox: Mailbox,
  session: SessionHandle,
  attach: Attach,
  lockedUntilWireMs: number,
): DeliverySource {
  const filter = grantedFilter(attach, session.sessionId);
  const source = attach.source === undefined ? bareTerminus("source") : withFilter(attach.source, filter);
  return {
    mailbox,
    sessionId: session.sessionId,
    answer: {
      source,
      properties: map([[symbol("com.microsoft:locked-until-utc"), ticks(lockedUntilWireMs)]]),
    },
    attach: (consumer) => session.attach(consumer),
    leave: () => session.release(),
  };
}

function ticks(ms: number): AmqpValue {
  return long(BigInt(Math.trunc(ms)) * TICKS_PER_MS + TICKS_AT_EPOCH);
}
