import { array, binary, composite, NULL, symbol, ubyte, type AmqpValue } from "./amqp-value.ts";
import { AmqpDecodeError } from "./amqp-decoder.ts";
import { compositeOf } from "./performatives.ts";

// SASL accepts everybody: tokens at `$cbs` decide about access. uamqp asks for MSSBCBS.
const MECHANISMS = ["ANONYMOUS", "MSSBCBS", "EXTERNAL", "PLAIN"] as const;

const SASL_MECHANISMS = 0x40n;
const SASL_INIT = 0x41;
const SASL_OUTCOME = 0x44n;

const OK = 0;
const REFUSED = 1;

export function mechanismsFrame(): AmqpValue {
  return composite(SASL_MECHANISMS, [array("symbol", MECHANISMS.map(symbol))]);
}

/** Answers a client's choice of mechanism, and tells whether it may go on. */
export function answerInit(init: AmqpValue): { readonly isAccepted: boolean; readonly frame: AmqpValue } {
  const { code, fields } = compositeOf(init) ?? {};
  if (code !== SASL_INIT) throw new AmqpDecodeError("Only sasl-init is expected in the SASL layer.");
  const chosen = fields?.text(0);
  const isAccepted = MECHANISMS.some((name) => name === chosen);
  return {
    isAccepted,
    frame: composite(SASL_OUTCOME, [
      ubyte(isAccepted ? OK : REFUSED),
      isAccepted ? NULL : binary(Buffer.alloc(0)),
    ]),
  };
}
