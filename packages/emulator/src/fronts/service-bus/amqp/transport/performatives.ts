import { AmqpDecodeError } from "./amqp-decoder.ts";
import { integerOf, numberOf, textOf, type AmqpValue } from "./amqp-value.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { terminusOf, type Terminus } from "./terminus.ts";

/*
 * The nine frames of AMQP 1.0 and their fields.
 * https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-transport-v1.0-os.html (2026-11-29)
 */

/** Why a link, session or connection ends, or a message is rejected. */
export interface AmqpError {
  readonly condition: string;
  readonly description: string;
}

export interface Attach {
  readonly name: string;
  readonly handle: number;
  /** True if the peer is the receiver of this link. */
  readonly isReceiver: boolean;
  readonly senderSettleMode: number;
  readonly receiverSettleMode: number;
  readonly source: Terminus | undefined;
  readonly target: Terminus | undefined;
  readonly initialDeliveryCount: number;
  readonly properties: AmqpValue | undefined;
}

export interface Flow {
  readonly nextIncomingId: number | undefined;
  readonly incomingWindow: number;
  readonly handle: number | undefined;
  readonly deliveryCount: number | undefined;
  readonly linkCredit: number | undefined;
  readonly isDrain: boolean;
  readonly isEcho: boolean;
}

export interface Transfer {
  readonly handle: number;
  readonly deliveryId: number | undefined;
  readonly messageFormat: number | undefined;
  readonly isSettled: boolean | undefined;
  readonly hasMore: boolean;
  readonly isAborted: boolean;
}

export interface Disposition {
  readonly isFromReceiver: boolean;
  readonly first: number;
  readonly last: number;
  readonly isSettled: boolean;
  readonly outcome: Outcome | undefined;
}

/** A frame that a peer sent. */
export type Performative =
  | {
      readonly kind: "open";
      readonly hostname: string;
      readonly maxFrameSize: number;
      readonly idleMs: number;
    }
  | { readonly kind: "begin"; readonly incomingWindow: number; readonly nextOutgoingId: number }
  | ({ readonly kind: "attach" } & Attach)
  | ({ readonly kind: "flow" } & Flow)
  | ({ readonly kind: "transfer" } & Transfer)
  | ({ readonly kind: "disposition" } & Disposition)
  | { readonly kind: "detach"; readonly handle: number; readonly isClosed: boolean }
  | { readonly kind: "end" }
  | { readonly kind: "close" };

/** Descriptors of the frames. */
export const FRAME = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
} as const;

/** Default of max-frame-size, and of windows without a limit. */
export const MAX_UINT = 0xff_ff_ff_ff;

/** The fields of a composite by position. */
export class Fields {
  readonly #values: readonly AmqpValue[];

  constructor(values: readonly AmqpValue[]) {
    this.#values = values;
  }

  value(index: number): AmqpValue | undefined {
    const value = this.#values[index];
    return value === undefined || value.type === "null" ? undefined : value;
  }

  number(index: number): number | undefined {
    return numberOf(this.value(index));
  }

  text(index: number): string | undefined {
    return textOf(this.value(index));
  }

  flag(index: number): boolean | undefined {
    const value = this.value(index);
    return value?.type === "boolean" ? value.value : undefined;
  }

  mandatory(index: number): number {
    const value = this.number(index);
    if (value === undefined) throw new AmqpDecodeError(`Mandatory field ${index} of a frame is missing.`);
    return value;
  }
}

/** Returns code and fields of a composite, or undefined for any other value. */
export function compositeOf(
  value: AmqpValue,
): { readonly code: number; readonly fields: Fields } | undefined {
  if (value.type !== "described" || value.value.type !== "list") return undefined;
  const code = integerOf(value.descriptor);
  return code === undefined ? undefined : { code: Number(code), fields: new Fields(value.value.value) };
}

export function readPerformative(value: AmqpValue): Performative {
  const { code, fields } = compositeOf(value) ?? { code: -1, fields: new Fields([]) };
  switch (code) {
    case FRAME.open:
      return {
        kind: "open",
        hostname: fields.text(1) ?? "",
        maxFrameSize: fields.number(2) ?? MAX_UINT,
        idleMs: fields.number(4) ?? 0,
      };
    case FRAME.begin:
      return { kind: "begin", nextOutgoingId: fields.mandatory(1), incomingWindow: fields.mandatory(2) };
    case FRAME.attach:
      return { kind: "attach", ...readAttach(fields) };
    case FRAME.flow:
      return { kind: "flow", ...readFlow(fields) };
    case FRAME.transfer:
      return {
        kind: "transfer",
        handle: fields.mandatory(0),
        deliveryId: fields.number(1),
        messageFormat: fields.number(3),
        isSettled: fields.flag(4),
        hasMore: fields.flag(5) ?? false,
        isAborted: fields.flag(9) ?? false,
      };
    case FRAME.disposition:
      return { kind: "disposition", ...readDisposition(fields) };
    case FRAME.detach:
      return { kind: "detach", handle: fields.mandatory(0), isClosed: fields.flag(1) ?? false };
    case FRAME.end:
      return { kind: "end" };
    case FRAME.close:
      return { kind: "close" };
    default:
      throw new AmqpDecodeError("A frame contains no performative of AMQP 1.0.");
  }
}

function readAttach(fields: Fields): Attach {
  return {
    name: fields.text(0) ?? "",
    handle: fields.mandatory(1),
    isReceiver: fields.flag(2) ?? false,
    senderSettleMode: fields.number(3) ?? 2,
    receiverSettleMode: fields.number(4) ?? 0,
    source: terminusOf(fields.value(5)),
    target: terminusOf(fields.value(6)),
    initialDeliveryCount: fields.number(9) ?? 0,
    properties: fields.value(13),
  };
}

function readFlow(fields: Fields): Flow {
  return {
    nextIncomingId: fields.number(0),
    incomingWindow: fields.mandatory(1),
    handle: fields.number(4),
    deliveryCount: fields.number(5),
    linkCredit: fields.number(6),
    isDrain: fields.flag(8) ?? false,
    isEcho: fields.flag(9) ?? false,
  };
}

function readDisposition(fields: Fields): Disposition {
  const first = fields.mandatory(1);
  return {
    isFromReceiver: fields.flag(0) ?? false,
    first,
    last: fields.number(2) ?? first,
    isSettled: fields.flag(3) ?? false,
    outcome: outcomeOf(fields.value(4)),
  };
}
