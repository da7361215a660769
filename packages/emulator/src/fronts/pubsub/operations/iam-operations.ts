import type { PubsubRequests } from "../grpc/pubsub-wire.ts";
import { invalidArgument } from "../pubsub-error.ts";
import type { PubsubEngine } from "../engine/pubsub-engine.ts";
import type { Operation } from "./operation.ts";

export const setIamPolicy: Operation<PubsubRequests["SetIamPolicy"]> = (request, { engine, policies }) => {
  checkExists(request.resource, engine);
  if (request.policy === null) throw invalidArgument("The SetIamPolicyRequest must have a policy.");
  return policies.set(request.resource, request.policy);
};

export const getIamPolicy: Operation<PubsubRequests["GetIamPolicy"]> = ({ resource }, context) => {
  checkExists(resource, context.engine);
  return context.policies.get(resource);
};

/** The emulator grants every permission to everybody. */
export const testIamPermissions: Operation<PubsubRequests["TestIamPermissions"]> = (
  { resource, permissions },
  { engine },
) => {
  checkExists(resource, engine);
  return { permissions };
};

function checkExists(resource: string, engine: PubsubEngine): void {
  const kind = resource.split("/")[2];
  if (kind === "subscriptions") engine.subscriptions.get(resource);
  else if (kind === "snapshots") engine.snapshots.get(resource);
  else if (kind === "schemas") engine.schemas.get(resource);
  else engine.topics.get(resource);
}
