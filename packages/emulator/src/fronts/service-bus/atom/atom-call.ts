import { AtomError, badRequest, entityNotFound } from "./atom-error.ts";
import type { AtomContext, AtomPresenter } from "./atom-presenter.ts";
import { readTarget, type AtomTarget } from "./atom-target.ts";
import { entityCall } from "./entity-calls.ts";
import { ruleCall } from "./rule-calls.ts";
import { subscriptionCall } from "./subscription-calls.ts";
import type { XmlElement } from "./xml-reader.ts";
import { readXml, XmlError } from "./xml-reader.ts";

/** The answer to a request that succeeded. */
export interface AtomAnswer {
  readonly status: 200 | 201;
  readonly document: string;
}

/** A parsed request that was not carried out yet. */
export interface AtomCall {
  /** `CreateQueue`, `ListRules`, … */
  readonly operation: string;
  /** Path of the entity. */
  readonly entity: string | undefined;
  run(): AtomAnswer;
}

/** What the client wants to do with the resource. */
export type Verb = "Create" | "Update" | "Get" | "Delete";

/** The parts of a request that the operations need. */
export interface AtomRequest extends AtomContext {
  readonly verb: Verb;
  readonly present: AtomPresenter;
  /** Returns the element inside `content`, for creations and updates only. */
  description(...expected: readonly string[]): XmlElement;
}

/** Finds the operation that a request asks for. */
export function readCall(
  http: {
    readonly method: string;
    readonly pathname: string;
    readonly ifMatch: string | undefined;
    readonly body: string;
  },
  context: AtomContext,
  present: AtomPresenter,
): AtomCall {
  const verb = verbOf(http.method, http.ifMatch);
  const request: AtomRequest = {
    ...context,
    verb,
    present,
    description: (...expected) => readDescription(http.body, expected),
  };
  return callFor(readTarget(http.pathname), request);
}

function callFor(target: AtomTarget, request: AtomRequest): AtomCall {
  switch (target.kind) {
    case "namespace":
      return reading(request, "GetNamespace", undefined, () =>
        request.present.entry(request.present.namespaceInfo()),
      );
    case "queues":
      return reading(request, "ListQueues", undefined, () =>
        request.present.list("Queues", request.namespace.queues(), (queue) => request.present.queue(queue)),
      );
    case "topics":
      return reading(request, "ListTopics", undefined, () =>
        request.present.list("Topics", request.namespace.topics(), (topic) => request.present.topic(topic)),
      );
    case "subscriptions":
      return reading(request, "ListSubscriptions", target.topic, () =>
        listSubscriptions(request, target.topic),
      );
    case "rules":
      return reading(request, "ListRules", `${target.topic}/Subscriptions/${target.subscription}`, () =>
        listRules(request, target.topic, target.subscription),
      );
    case "entity":
      return entityCall(request, target.name);
    case "subscription":
      return subscriptionCall(request, target.topic, target.name);
    case "rule":
      return ruleCall(request, target);
  }
}

function listSubscriptions({ namespace, present }: AtomRequest, topicName: string): string {
  const topic = namespace.topic(topicName);
  if (topic === undefined) throw entityNotFound(topicName);
  return present.list("Subscriptions", topic.subscriptions(), (one) => present.subscription(one));
}

function listRules({ namespace, present }: AtomRequest, topicName: string, name: string): string {
  const subscription = namespace.subscription(topicName, name);
  if (subscription === undefined) throw entityNotFound(`${topicName}/Subscriptions/${name}`);
  return present.list("Rules", subscription.rules(), (rule) => present.rule(subscription, rule));
}

function reading(
  { verb }: AtomRequest,
  operation: string,
  entity: string | undefined,
  read: () => string,
): AtomCall {
  if (verb !== "Get") throw new AtomError(405, "SubCode=40500. This resource can only be read.");
  return { operation, entity, run: () => ({ status: 200, document: read() }) };
}

function verbOf(method: string, ifMatch: string | undefined): Verb {
  switch (method) {
    case "PUT":
      return ifMatch === undefined ? "Create" : "Update";
    case "GET":
      return "Get";
    case "DELETE":
      return "Delete";
    default:
      throw new AtomError(405, `SubCode=40500. The method ${method} is not allowed here.`);
  }
}

function readDescription(body: string, expected: readonly string[]): XmlElement {
  let entry: XmlElement;
  try {
    entry = readXml(body);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw badRequest(`The body is not an XML document. ${error.message}`);
  }
  const content = entry.children.find(({ name }) => name === "content");
  const found = content?.children[0];
  if (entry.name === "entry" && found !== undefined && expected.includes(found.name)) return found;
  throw badRequest(`The body must be an Atom entry whose content is a ${expected.join(" or a ")}.`);
}
