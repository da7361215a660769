import type { AtomAnswer, AtomCall, AtomRequest } from "./atom-call.ts";
import { entityNotFound } from "./atom-error.ts";
import { rewriteAuthorizationRules } from "./authorization-rules.ts";
import { DescriptionFields } from "./description-fields.ts";
import { CLEARED_BY_UPDATE, readQueueSettings, readTopicSettings } from "./settings-wire.ts";
import type { XmlElement } from "./xml-reader.ts";

/** Operations on a queue or topic. The body or the existing entity tells which of the two it is. */
export function entityCall(request: AtomRequest, name: string): AtomCall {
  const { verb } = request;
  const call = (kind: string, run: () => AtomAnswer): AtomCall => ({
    operation: `${verb}${kind}`,
    entity: name,
    run,
  });
  if (verb === "Create" || verb === "Update") {
    const found = request.description("QueueDescription", "TopicDescription");
    return found.name === "QueueDescription"
      ? call("Queue", () => putQueue(request, name, found))
      : call("Topic", () => putTopic(request, name, found));
  }
  const kind = request.namespace.topic(name) === undefined ? "Queue" : "Topic";
  return call(kind, verb === "Get" ? () => getEntity(request, name) : () => deleteEntity(request, name));
}

function putQueue(request: AtomRequest, name: string, found: XmlElement): AtomAnswer {
  const { namespace, present, verb } = request;
  const fields = new DescriptionFields(found);
  const settings = readQueueSettings(fields);
  const queue =
    verb === "Create"
      ? namespace.createQueue(name, settings)
      : namespace.updateQueue(name, { ...CLEARED_BY_UPDATE, ...settings });
  keepAuthorizationRules(request, queue, fields);
  return { status: verb === "Create" ? 201 : 200, document: present.entry(present.queue(queue)) };
}

function putTopic(request: AtomRequest, name: string, found: XmlElement): AtomAnswer {
  const { namespace, present, verb } = request;
  const fields = new DescriptionFields(found);
  const settings = readTopicSettings(fields);
  const topic =
    verb === "Create"
      ? namespace.createTopic(name, settings)
      : namespace.updateTopic(name, { userMetadata: CLEARED_BY_UPDATE.userMetadata, ...settings });
  keepAuthorizationRules(request, topic, fields);
  return { status: verb === "Create" ? 201 : 200, document: present.entry(present.topic(topic)) };
}

function keepAuthorizationRules(
  { authorizationRules, present }: AtomRequest,
  entity: { readonly updatedAtMs: number },
  fields: DescriptionFields,
): void {
  const rules = fields.child("AuthorizationRules");
  authorizationRules.set(entity, rewriteAuthorizationRules(rules, present.time(entity.updatedAtMs)));
}

/** Like the service, lists nothing if there is no such entity. Clients turn that into their own error. */
function getEntity({ namespace, present }: AtomRequest, name: string): AtomAnswer {
  const queue = namespace.queue(name);
  if (queue !== undefined) return { status: 200, document: present.entry(present.queue(queue)) };
  const topic = namespace.topic(name);
  if (topic !== undefined) return { status: 200, document: present.entry(present.topic(topic)) };
  return { status: 200, document: present.nothing("Publicly Listed Services") };
}

function deleteEntity({ namespace }: AtomRequest, name: string): AtomAnswer {
  if (namespace.queue(name) === undefined && namespace.topic(name) === undefined) throw entityNotFound(name);
  namespace.deleteEntity(name);
  return { status: 200, document: "" };
}
