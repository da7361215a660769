import { randomBytes } from "node:crypto";
import { DescriptionFields } from "./description-fields.ts";
import type { XmlElement } from "./xml-reader.ts";
import { xml, type Xml } from "./xml-writer.ts";

const KEY_BYTES = 32;

/**
 * Rewrites the `AuthorizationRules` of a queue or topic as the service shows them. The rules are only stored
 * and shown. They grant no access; only the key of the namespace does.
 */
export function rewriteAuthorizationRules(rules: XmlElement | undefined, createdAt: string): Xml | undefined {
  const given = rules?.children.filter(({ name }) => name === "AuthorizationRule") ?? [];
  if (given.length === 0) return undefined;
  return xml(
    "AuthorizationRules",
    {},
    given.map((rule) => rewriteRule(new DescriptionFields(rule), createdAt)),
  );
}

function rewriteRule(fields: DescriptionFields, createdAt: string): Xml {
  const rights = fields.child("Rights")?.children.map(({ text }) => xml("AccessRights", {}, text)) ?? [];
  const field = (name: string, fallback: string): Xml => xml(name, {}, fields.text(name) ?? fallback);
  return xml("AuthorizationRule", { "i:type": "SharedAccessAuthorizationRule" }, [
    field("ClaimType", "SharedAccessKey"),
    field("ClaimValue", "None"),
    xml("Rights", {}, rights),
    field("CreatedTime", createdAt),
    field("ModifiedTime", createdAt),
    field("KeyName", ""),
    field("PrimaryKey", newKey()),
    field("SecondaryKey", newKey()),
  ]);
}

function newKey(): string {
  return randomBytes(KEY_BYTES).toString("base64");
}

/** The rules of each queue and topic, for as long as it exists. */
export class AuthorizationRuleShelf {
  readonly #rules = new WeakMap<object, Xml>();

  of(entity: object): Xml | undefined {
    return this.#rules.get(entity);
  }

  set(entity: object, rules: Xml | undefined): void {
    if (rules === undefined) this.#rules.delete(entity);
    else this.#rules.set(entity, rules);
  }
}
