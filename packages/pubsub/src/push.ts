export { nodePushRequests } from "./node-push-requests.ts";
export { pubsubEvents } from "./pubsub-events.ts";
export { pushRequests } from "./push-requests.ts";
export type { JsonWebKeySet, PushKeys } from "./google-keys.ts";
export type { NodePushRequest } from "./push-body.ts";
export type {
  PubsubCalls,
  PubsubEventsOptions,
  PushOptions,
  PushSettings,
  TrustedPush,
  VerifiedPush,
} from "./push-options.ts";
export type { PubsubHandle } from "./pubsub-wire.ts";
export type { PubsubCloudEvent, PushedEnvelope, PushedMessage } from "./push-shapes.ts";
