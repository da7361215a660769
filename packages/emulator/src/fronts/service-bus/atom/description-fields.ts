import type { EntityStatus } from "../engine/entity-settings.ts";
import { badRequest } from "./atom-error.ts";
import { parseDuration } from "../iso-duration.ts";
import type { XmlElement } from "./xml-reader.ts";

const STATUSES: readonly EntityStatus[] = ["Active", "Disabled", "SendDisabled", "ReceiveDisabled"];
const INTEGER = /^[+-]?[0-9]{1,15}$/u;
const FLAGS: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };

/** The children of a description by name, read as typed values. An absent child is undefined. */
export class DescriptionFields {
  readonly #children: ReadonlyMap<string, XmlElement>;

  constructor(description: XmlElement) {
    this.#children = new Map(description.children.map((child) => [child.name, child]));
  }

  child(name: string): XmlElement | undefined {
    return this.#children.get(name);
  }

  /** Returns the text as written. An element that is present but empty gives an empty text. */
  text(name: string): string | undefined {
    return this.#children.get(name)?.text;
  }

  durationMs(name: string): number | undefined {
    return this.#read(name, parseDuration, "a duration such as PT1M");
  }

  integer(name: string): number | undefined {
    return this.#read(name, (text) => (INTEGER.test(text) ? Number(text) : undefined), "an integer");
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, (text) => FLAGS[text.toLowerCase()], "true or false");
  }

  status(): EntityStatus | undefined {
    const find = (text: string) => STATUSES.find((status) => status === text);
    return this.#read("Status", find, `one of ${STATUSES.join(", ")}`);
  }

  #read<Value>(
    name: string,
    parse: (text: string) => Value | undefined,
    expected: string,
  ): Value | undefined {
    const text = this.#children.get(name)?.text.trim();
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) throw badRequest(`The value '${text}' of ${name} is not ${expected}.`);
    return value;
  }
}
