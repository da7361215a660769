import { field } from "./pubsub-errors.ts";

/** Without it google-gax 5.0 and 6.17 silently drop `cert` and `key`: the server would see no certificate. */
const VARIABLE = "GOOGLE_API_USE_CLIENT_CERTIFICATE";

/** Returns the problems of the client certificate in the settings of the SDK client. */
export function certificateProblems(clientOptions: unknown): readonly string[] {
  const [cert, key] = [field(clientOptions, "cert"), field(clientOptions, "key")];
  if (cert === undefined && key === undefined) return [];
  if (typeof cert !== "string" || cert === "" || typeof key !== "string" || key === "")
    return ["clientOptions.cert and clientOptions.key are PEM texts, and go together"];
  return process.env[VARIABLE] === "true"
    ? []
    : [`clientOptions.cert is used by the SDK only where ${VARIABLE}=true is set`];
}
