import { composite, integerOf, list, textOf, type AmqpValue } from "./amqp-value.ts";

/** A receiver's decision about a message. */
export type Outcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "released" }
  | {
      readonly kind: "rejected";
      readonly condition: string | undefined;
      readonly description: string | undefined;
      /** Map in the error. */
      readonly info: AmqpValue | undefined;
    }
  | {
      readonly kind: "modified";
      readonly isUndeliverableHere: boolean;
      /** Map of message annotations. */
      readonly annotations: AmqpValue | undefined;
    }
  /** A transactional or unknown state, or one that only reports progress. */
  | { readonly kind: "other" };

const RECEIVED = 0x23n;
const ACCEPTED = 0x24n;
const REJECTED = 0x25n;
const RELEASED = 0x26n;
const MODIFIED = 0x27n;

export const ACCEPTED_STATE: AmqpValue = composite(ACCEPTED, []);

const REJECTED_STATE: AmqpValue = composite(REJECTED, []);
const RELEASED_STATE: AmqpValue = composite(RELEASED, []);
const MODIFIED_STATE: AmqpValue = composite(MODIFIED, []);

/**
 * The broker's confirmation of an outcome. It repeats the kind of outcome, because a client may take any
 * other for a failure, as azure-servicebus 7.15.0 for Python does (seen on the wire, 2026-11-29).
 */
export function confirmationOf(outcome: Outcome): AmqpValue {
  switch (outcome.kind) {
    case "accepted":
    case "other":
      return ACCEPTED_STATE;
    case "rejected":
      return REJECTED_STATE;
    case "released":
      return RELEASED_STATE;
    case "modified":
      return MODIFIED_STATE;
  }
}

export const rejectedState = (error: AmqpValue): AmqpValue => composite(REJECTED, [error]);

export function outcomeOf(state: AmqpValue | undefined): Outcome | undefined {
  if (state === undefined) return undefined;
  if (state.type !== "described") return { kind: "other" };
  const fields = state.value.type === "list" ? state.value.value : [];
  switch (integerOf(state.descriptor)) {
    case RECEIVED:
      return undefined;
    case ACCEPTED:
      return { kind: "accepted" };
    case RELEASED:
      return { kind: "released" };
    case REJECTED:
      return { kind: "rejected", ...errorOf(fields[0]) };
    case MODIFIED: {
      const annotations = fields[2];
      return {
        kind: "modified",
        isUndeliverableHere: fields[1]?.type === "boolean" && fields[1].value,
        annotations: annotations?.type === "map" ? annotations : undefined,
      };
    }
    case undefined:
    default:
      return { kind: "other" };
  }
}

function errorOf(
  error: AmqpValue | undefined,
): Pick<Extract<Outcome, { readonly kind: "rejected" }>, "condition" | "description" | "info"> {
  const inner = error?.type === "described" ? error.value : list([]);
  const [condition, description, info] = inner.type === "list" ? inner.value : [];
  return {
    condition: textOf(condition),
    description: textOf(description),
    info: info?.type === "map" ? info : undefined,
  };
}
