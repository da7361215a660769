export {
  pubsubEvent,
  pushRequest,
  type PushOrigin,
  type PushRequestMessage,
  type PushRequestOptions,
} from "./push-builder.ts";
export { pushTokens, type PushTokenClaims, type PushTokens } from "./push-tokens.ts";
