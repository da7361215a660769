import { GOOGLE_KEYS_URL, PublicKeys } from "./google-keys.ts";
import { resolvePush, type PushOptions, type ResolvedPush } from "./push-options.ts";
import type { PushHeaders } from "./push-shapes.ts";
import { verifyToken, type TokenRules } from "./push-token.ts";
import { checkLength } from "./push-body.ts";
import { invalid } from "./refusal.ts";

/** Checks a request before any of its body is read. */
export class PushGuard {
  readonly settings: ResolvedPush;
  /** Undefined: something else has checked the caller. */
  readonly #rules: TokenRules | undefined;

  /** @throws INVALID_ARGUMENT with every problem of the options */
  constructor(name: string, options: PushOptions) {
    this.settings = resolvePush(name, options);
    this.#rules = rulesOf(options, this.settings);
  }

  /** @throws INVALID_ARGUMENT, UNAUTHENTICATED, ACCESS_DENIED, MESSAGE_TOO_LARGE, UNAVAILABLE */
  async check(method: string | undefined, headers: PushHeaders): Promise<void> {
    if (method !== "POST")
      throw invalid(
        `expected a Pub/Sub push request, got a ${method?.slice(0, 20) ?? ""} request`,
        PUSHES_POST,
      );
    if (this.#rules !== undefined) await verifyToken(headers["authorization"], this.#rules);
    checkLength(headers["content-length"], this.settings.maxBodyBytes);
  }
}

const PUSHES_POST = "Pub/Sub sends POST requests; let health checks use another path.";

function rulesOf(options: PushOptions, { clock }: ResolvedPush): TokenRules | undefined {
  if (options.trustPlatform === true) return undefined;
  const { audience, serviceAccount, keys = GOOGLE_KEYS_URL } = options;
  return {
    audiences: [audience].flat(),
    serviceAccounts: serviceAccount === "any" ? undefined : [serviceAccount].flat(),
    keys: new PublicKeys(keys, clock),
    clock,
  };
}
