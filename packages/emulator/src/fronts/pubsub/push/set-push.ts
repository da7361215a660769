import { EmulatorError } from "../../../emulator-error.ts";
import type { PubsubEngine } from "../engine/pubsub-engine.ts";
import { PubsubError } from "../pubsub-error.ts";
import type { PushTokenClaims } from "./oidc-tokens.ts";

/** Where a subscription pushes to. */
export interface PushTarget {
  /** URL on this machine, such as `http://127.0.0.1:8080/push`. */
  readonly endpoint: string;
  /** Claims of the token in each request. @default requests carry none */
  readonly token?: PushTokenClaims | undefined;
}

/** Same effect as `ModifyPushConfig`, for callers without a Pub/Sub client. @throws INVALID_OPTION */
export function setPush({ subscriptions }: PubsubEngine, name: string, push: PushTarget | undefined): void {
  try {
    const subscription = subscriptions.get(name);
    const pushConfig = push === undefined ? null : configOf(push);
    subscriptions.replace(subscription, { ...subscription.resource, pushConfig });
  } catch (error) {
    if (error instanceof PubsubError) throw new EmulatorError("INVALID_OPTION", error.message);
    throw error;
  }
}

function configOf({ endpoint, token }: PushTarget) {
  return {
    pushEndpoint: endpoint,
    attributes: {},
    oidcToken: token === undefined ? null : { serviceAccountEmail: token.email, audience: token.audience },
  };
}
