import { covers, type TokenCheck, type TokenRefusal } from "../../sas-token.ts";
import type { AmqpConnection } from "../transport/amqp-connection.ts";

/**
 * The tokens that each client sent to `$cbs`. If tokens are checked, a link opens only if a token of its
 * connection is for the link's path.
 */
export class ShownTokens {
  readonly #check: TokenCheck;
  /** The latest token for each audience. */
  readonly #shown = new WeakMap<AmqpConnection, Map<string, string>>();

  constructor(check: TokenCheck) {
    this.#check = check;
  }

  /** @returns why the token is refused, in which case it grants nothing */
  show(connection: AmqpConnection, token: string, audience: string): TokenRefusal | undefined {
    const refusal = this.#check(token, audience);
    const tokens = this.#shown.get(connection) ?? new Map<string, string>();
    if (refusal === undefined) tokens.set(audience, token);
    else tokens.delete(audience);
    this.#shown.set(connection, tokens);
    return refusal;
  }

  /** Returns undefined if the link may open: nobody checks, or there is a valid token for that path. */
  refusalOf(connection: AmqpConnection, path: string): TokenRefusal | undefined {
    // Any host matches, because a server has many names.
    const address = `/${path}`;
    let refusal = this.#check("", address);
    if (refusal === undefined) return undefined;
    for (const [audience, token] of this.#shown.get(connection) ?? []) {
      if (!covers(audience, address)) continue;
      refusal = this.#check(token, audience);
      if (refusal === undefined) return undefined;
    }
    return refusal;
  }
}
