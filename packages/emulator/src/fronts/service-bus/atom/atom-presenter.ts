import type { Namespace, QueueEntity, SubscriptionEntity, TopicEntity } from "../engine/contract.ts";
import type { RuleInfo } from "../engine/rule-description.ts";
import type { WireTime } from "../../../time/wire-time.ts";
import { badRequest } from "./atom-error.ts";
import { entryDocument, feedDocument, type AtomEntry, type AtomOrigin } from "./atom-feed.ts";
import type { AuthorizationRuleShelf } from "./authorization-rules.ts";
import {
  description,
  queueDescription,
  subscriptionDescription,
  topicDescription,
} from "./description-xml.ts";
import { ruleDescription } from "./rule-xml.ts";
import { xml, type Xml } from "./xml-writer.ts";

/** What the administration API works with. */
export interface AtomContext {
  readonly namespace: Namespace;
  readonly wireTime: WireTime;
  readonly authorizationRules: AuthorizationRuleShelf;
}

// Default and maximum page size of a list: https://learn.microsoft.com/rest/api/servicebus/queues-discovery (2026-11-29)
const MAX_PAGE = 100;

/** Writes the answer to one request. */
export class AtomPresenter {
  readonly #context: AtomContext;
  readonly #url: URL;
  readonly #origin: AtomOrigin;

  /** `url` is the request's address as its client sees it. */
  constructor(context: AtomContext, url: URL) {
    this.#context = context;
    this.#url = url;
    const version = url.searchParams.get("api-version");
    const query = version === null ? "" : `?api-version=${encodeURIComponent(version)}`;
    this.#origin = { base: url.origin, query, author: context.namespace.name };
  }

  /** Converts engine time to a timestamp in the clients' time. */
  readonly time = (engineMs: number): string =>
    new Date(Math.round(this.#context.wireTime.toWireMs(engineMs))).toISOString();

  entry(entry: AtomEntry): string {
    return entryDocument(entry, this.#origin);
  }

  /** Writes the page of a list that the request selects with `$skip` and `$top`. */
  list<Item>(title: string, items: readonly Item[], toEntry: (item: Item) => AtomEntry): string {
    const skip = this.#pageNumber("$skip", 0, Number.MAX_SAFE_INTEGER);
    const top = Math.min(this.#pageNumber("$top", 1, Number.MAX_SAFE_INTEGER) ?? MAX_PAGE, MAX_PAGE);
    const from = skip ?? 0;
    return this.#feed(
      title,
      items.slice(from, from + top).map(toEntry),
      from + top < items.length ? this.#pageAddress(from + top, top) : undefined,
    );
  }

  /** Writes the service's answer for a queue or topic that does not exist. */
  nothing(title: string): string {
    return this.#feed(title, [], undefined);
  }

  queue(queue: QueueEntity): AtomEntry {
    return this.#entity(queue, queue.name, queue.name, queueDescription(queue, this.#extras(queue)));
  }

  topic(topic: TopicEntity): AtomEntry {
    return this.#entity(topic, topic.name, topic.name, topicDescription(topic, this.#extras(topic)));
  }

  subscription(subscription: SubscriptionEntity): AtomEntry {
    const path = `${subscription.topicName}/Subscriptions/${subscription.name}`;
    const extras = { time: this.time, authorizationRules: undefined };
    return this.#entity(subscription, path, subscription.name, subscriptionDescription(subscription, extras));
  }

  rule(subscription: SubscriptionEntity, rule: RuleInfo): AtomEntry {
    const path = `${subscription.topicName}/Subscriptions/${subscription.name}/Rules/${rule.name}`;
    const created = this.time(rule.createdAtMs);
    const written = ruleDescription(rule, this.time);
    return { path, title: rule.name, published: created, updated: created, description: written };
  }

  namespaceInfo(): AtomEntry {
    const { name, createdAtMs } = this.#context.namespace;
    const created = this.time(createdAtMs);
    const written = description("NamespaceInfo", [
      xml("CreatedTime", {}, created),
      xml("MessagingSKU", {}, "Standard"),
      xml("ModifiedTime", {}, created),
      xml("Name", {}, name),
      xml("NamespaceType", {}, "Messaging"),
    ]);
    return {
      path: "$namespaceinfo",
      title: name,
      published: created,
      updated: created,
      description: written,
    };
  }

  #entity(
    entity: { readonly createdAtMs: number; readonly updatedAtMs: number },
    path: string,
    title: string,
    written: Xml,
  ): AtomEntry {
    const published = this.time(entity.createdAtMs);
    return { path, title, published, updated: this.time(entity.updatedAtMs), description: written };
  }

  #extras(entity: QueueEntity | TopicEntity) {
    return { time: this.time, authorizationRules: this.#context.authorizationRules.of(entity) };
  }

  #feed(title: string, entries: readonly AtomEntry[], next: string | undefined): string {
    const updated = this.time(this.#context.namespace.createdAtMs);
    return feedDocument({ title, updated, entries, self: this.#url.href, next }, this.#origin);
  }

  #pageNumber(name: string, min: number, max: number): number | undefined {
    const text = this.#url.searchParams.get(name);
    if (text === null) return undefined;
    const number = /^[0-9]+$/u.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw badRequest(`The value '${text}' of ${name} must be an integer from ${min}.`);
  }

  #pageAddress(skip: number, top: number): string {
    const address = new URL(this.#url);
    address.searchParams.delete("$skip");
    address.searchParams.delete("$top");
    // Clients look for the literal names, so the dollar sign is not encoded.
    const query = address.search === "" ? "?" : `${address.search}&`;
    return `${address.origin}${address.pathname}${query}$skip=${skip}&$top=${top}`;
  }
}
