import { covers, type TokenCheck, type TokenRefusal } from "../../sas-token.ts";
import type { AmqpConnection } from "../transport/amqp-connection.ts";

/** What each client has shown at `$cbs`. Where tokens are checked, a link opens only what one of its connection is for. */
export class ShownTokens {
  readonly #check: TokenCheck;
  /** The latest of each audience. */
  readonly #shown = new WeakMap<AmqpConnection, Map<string, string>>();

  constructor(check: TokenCheck) {
    this.#check = check;
  }

  /** @returns why the token is no good; then it opens nothing */
  show(connection: AmqpConnection, token: string, audience: string): TokenRefusal | undefined {
    const refusal = this.#check(token, audience);
    const tokens = this.#shown.get(connection) ?? new Map<string, string>();
    if (refusal === undefined) tokens.set(audience, token);
    else tokens.delete(audience);
    this.#shown.set(connection, tokens);
    return refusal;
  }

  /** Undefined: the link may open; nobody checks, or a token is for that path and not over. */
  refusalOf(connection: AmqpConnection, path: string): TokenRefusal | undefined {
    // Of whatever host: a server has many names.
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
