import { field } from "./field.ts";
import { methodOf } from "./inner-methods.ts";
import type { Outside } from "./namespace-connection.ts";

/**
 * Makes a client that was passed in call its credential through `outside`. The credential opens connections
 * of its own for tokens, and their end is not the end of the client's connection. Uses the SDK's inner names.
 * If they are gone, nothing changes.
 */
export function keepOutside(client: object, outside: Outside): void {
  const context = field(client, "_connectionContext");
  const credential = field(context, "tokenCredential");
  if (typeof context !== "object" || context === null) return;
  if (typeof credential !== "object" || credential === null) return;
  const getToken = methodOf(credential, "getToken");
  if (getToken === undefined) return;
  const value = (...args: unknown[]): unknown => outside(() => getToken.apply(credential, args));
  Reflect.set(context, "tokenCredential", Object.create(credential, { getToken: { value } }));
}
