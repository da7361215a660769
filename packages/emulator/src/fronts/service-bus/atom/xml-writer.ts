/** The text of an element, or its children in order. `undefined` children are omitted. */
type XmlContent = string | readonly (Xml | undefined)[];

/** A part of a document that is already written. */
export class Xml {
  readonly #written: string;

  constructor(written: string) {
    this.#written = written;
  }

  toString(): string {
    return this.#written;
  }
}

/** Writes one element. Escapes its text and its attribute values. */
export function xml(
  name: string,
  attributes: Readonly<Record<string, string>>,
  content: XmlContent = "",
): Xml {
  const inner = typeof content === "string" ? escapeXml(content) : content.map((part) => part ?? "").join("");
  const start = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escapeXml(value)}"`)];
  return new Xml(inner === "" ? `<${start.join(" ")}/>` : `<${start.join(" ")}>${inner}</${name}>`);
}

/** Writes a whole document in UTF-8. */
export function writeXml(root: Xml): string {
  return `<?xml version="1.0" encoding="utf-8"?>${root.toString()}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

function escapeXml(text: string): string {
  return (
    text
      .replaceAll(/[&<>"\r]/gu, (character) => ESCAPES[character] ?? character)
      // Characters that no document may contain, not even as references: https://www.w3.org/TR/xml/#charsets (2026-11-29)
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, "\ufffd")
  );
}
