import type { PubsubRequests } from "../grpc/pubsub-wire.ts";
import { applyUpdateMask } from "../engine/apply-update-mask.ts";
import { checkProjectName } from "../engine/resource-name.ts";
import { timestampMs, timestampOf, type SnapshotResource } from "../engine/resources.ts";
import type { Snapshot } from "../engine/snapshot.ts";
import { detachedError } from "../engine/subscription.ts";
import { invalidArgument } from "../pubsub-error.ts";
import type { Operation, OperationContext } from "./operation.ts";
import { pageOf } from "./page.ts";

export const createSnapshot: Operation<PubsubRequests["CreateSnapshot"]> = (request, context) => {
  const { engine } = context;
  const subscription = engine.subscriptions.get(request.subscription);
  if (subscription.resource.detached) throw detachedError(subscription.name);
  return describe(engine.snapshots.create(request.name, subscription, request.labels), context);
};

export const getSnapshot: Operation<PubsubRequests["GetSnapshot"]> = ({ snapshot }, context) =>
  describe(context.engine.snapshots.get(snapshot), context);

export const updateSnapshot: Operation<PubsubRequests["UpdateSnapshot"]> = (request, context) => {
  const given = request.snapshot;
  if (given === null) throw invalidArgument("The UpdateSnapshotRequest must have a snapshot.");
  const snapshot = context.engine.snapshots.get(given.name);
  const current = { name: snapshot.name, labels: snapshot.labels };
  const { labels } = applyUpdateMask(current, given, request.updateMask?.paths ?? [], {
    request: "UpdateSnapshotRequest",
    resource: "Snapshot",
    mutable: ["labels"],
    immutable: ["name", "topic", "expire_time"],
  });
  snapshot.labels = labels;
  return describe(snapshot, context);
};

export const listSnapshots: Operation<PubsubRequests["ListSnapshots"]> = (request, context) => {
  checkProjectName(request.project);
  const all = context.engine.snapshots.all().filter(({ name }) => name.startsWith(`${request.project}/`));
  const { items, nextPageToken } = pageOf(all, ({ name }) => name, request);
  return { snapshots: items.map((snapshot) => describe(snapshot, context)), nextPageToken };
};

export const deleteSnapshot: Operation<PubsubRequests["DeleteSnapshot"]> = (
  { snapshot },
  { engine, policies },
) => {
  engine.snapshots.delete(snapshot);
  policies.forget(snapshot);
  return {};
};

export const seek: Operation<PubsubRequests["Seek"]> = (
  { subscription, time, snapshot },
  { engine, wireTime },
) => {
  const { resource } = engine.subscriptions.get(subscription);
  if (resource.detached) throw detachedError(subscription);
  if (time !== undefined) engine.seekToTime(subscription, wireTime.toEngineMs(timestampMs(time)));
  else if (snapshot !== undefined) engine.seekToSnapshot(subscription, snapshot);
  else throw invalidArgument("The SeekRequest must have a target: a time or a snapshot.");
  return {};
};

function describe(snapshot: Snapshot, { wireTime }: OperationContext): SnapshotResource {
  return {
    name: snapshot.name,
    topic: snapshot.topic,
    labels: snapshot.labels,
    expireTime: timestampOf(wireTime.toWireMs(snapshot.expiresAtMs)),
  };
}
