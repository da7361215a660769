import { compileFilter, type CompiledFilter } from "./compile-filter.ts";
import type { MessageContent } from "./message-content.ts";
import { compileSqlAction } from "./sql/sql-action.ts";
import { entityExists, ruleNotFound } from "./refusals.ts";
import type { RuleDescription, RuleInfo } from "./rule-description.ts";

interface Rule {
  readonly info: RuleInfo;
  readonly matches: CompiledFilter;
  readonly act: ((content: MessageContent) => MessageContent) | undefined;
}

/** The rules of one subscription: which messages it gets, and how they are changed on the way. */
export class RuleSet {
  readonly #path: string;
  /** By lower-case name, in order of creation. */
  readonly #rules = new Map<string, Rule>();

  constructor(path: string) {
    this.#path = path;
  }

  all(): readonly RuleInfo[] {
    const infos = [...this.#rules.values()].map(({ info }) => info);
    return infos.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  add(description: RuleDescription, nowMs: number): RuleInfo {
    const key = description.name.toLowerCase();
    if (this.#rules.has(key)) throw entityExists(`${this.#path}/Rules/${description.name}`);
    return this.#set(key, { ...description, createdAtMs: nowMs });
  }

  update(description: RuleDescription): RuleInfo {
    const { info } = this.#find(description.name);
    return this.#set(info.name.toLowerCase(), {
      ...description,
      name: info.name,
      createdAtMs: info.createdAtMs,
    });
  }

  remove(name: string): void {
    this.#rules.delete(this.#find(name).info.name.toLowerCase());
  }

  /**
   * Returns the subscription's copies of a message: one for each matching rule with an action, and one for
   * all other matching rules together.
   * https://learn.microsoft.com/azure/service-bus-messaging/topic-filters (2026-11-29)
   */
  copiesOf(content: MessageContent): readonly MessageContent[] {
    const copies: MessageContent[] = [];
    let isPlainCopyDue = false;
    for (const { matches, act } of this.#rules.values()) {
      if (!matches(content)) continue;
      if (act === undefined) isPlainCopyDue = true;
      else copies.push(act(content));
    }
    return isPlainCopyDue ? [content, ...copies] : copies;
  }

  #find(name: string): Rule {
    const rule = this.#rules.get(name.toLowerCase());
    if (rule === undefined) throw ruleNotFound(this.#path, name);
    return rule;
  }

  #set(key: string, info: RuleInfo): RuleInfo {
    const matches = compileFilter(info.filter);
    const act =
      info.action === undefined
        ? undefined
        : compileSqlAction(info.action.expression, info.action.parameters);
    this.#rules.set(key, { info, matches, act });
    return info;
  }
}
