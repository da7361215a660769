/** One element of a document. Names have no prefix; use the namespace to tell them apart. */
export interface XmlElement {
  readonly name: string;
  readonly namespace: string;
  /** Attributes by name as written, including the prefix, and including namespace declarations. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All character data directly inside, with white space kept. */
  readonly text: string;
  /** Returns the namespace of a prefix here, for prefixes in the values of `type` attributes. */
  resolvePrefix(prefix: string): string | undefined;
}

/** A document is not well-formed, or uses features that no client of the service uses. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

/** Deeper than any entity description. The reader has its own stack, so this only bounds memory. */
const MAX_DEPTH = 64;

const NAME = String.raw`[\p{L}_:][\p{L}\p{N}_:.\-\u00b7]*`;
const ATTRIBUTE = String.raw`\s+(${NAME})\s*=\s*("[^"<]*"|'[^'<]*')`;
const TOKENS = {
  // No document types: they can define entities, with which a small document can grow without bound.
  skipped: /<\?[^]*?\?>|<!--(?:(?!--)[^])*-->/uy,
  cdata: /<!\[CDATA\[([^]*?)\]\]>/uy,
  close: new RegExp(String.raw`</(${NAME})\s*>`, "uy"),
  open: new RegExp(String.raw`<(${NAME})((?:${ATTRIBUTE})*)\s*(/?)>`, "uy"),
  text: /[^<]+/uy,
} as const;
const EACH_ATTRIBUTE = new RegExp(ATTRIBUTE, "gu");
const REFERENCE = /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));|&/giu;
const NAMED_CHARACTERS: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};
const MAX_CODE_POINT = 0x10_ffff;

interface OpenElement {
  readonly qualifiedName: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly scope: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** Reads a document without a document type and returns its root. */
export function readXml(document: string): XmlElement {
  return new XmlReader(document.replace(/^\uFEFF/u, "")).read();
}

class XmlReader {
  readonly #document: string;
  readonly #open: OpenElement[] = [];
  #root: XmlElement | undefined;
  #at = 0;

  constructor(document: string) {
    this.#document = document;
  }

  read(): XmlElement {
    while (this.#at < this.#document.length) this.#readToken();
    const unclosed = this.#open.at(-1);
    if (unclosed !== undefined) throw new XmlError(`Element ${unclosed.qualifiedName} is not closed.`);
    if (this.#root === undefined) throw new XmlError("Root element is missing.");
    return this.#root;
  }

  #readToken(): void {
    if (this.#take(TOKENS.skipped) !== undefined) return;
    const cdata = this.#take(TOKENS.cdata);
    if (cdata !== undefined) return this.#addText(cdata[1] ?? "");
    const closed = this.#take(TOKENS.close);
    if (closed !== undefined) return this.#close(closed[1] ?? "");
    const opened = this.#take(TOKENS.open);
    if (opened !== undefined) return this.#openElement(opened);
    const text = this.#take(TOKENS.text);
    if (text !== undefined) return this.#addText(resolveReferences(text[0]));
    throw new XmlError(`The document is not well-formed at position ${this.#at}.`);
  }

  #take(token: RegExp): RegExpExecArray | undefined {
    token.lastIndex = this.#at;
    const match = token.exec(this.#document);
    if (match === null) return undefined;
    this.#at = token.lastIndex;
    return match;
  }

  #openElement([, qualifiedName = "", attributeText = ""]: RegExpExecArray): void {
    if (this.#open.length >= MAX_DEPTH) throw new XmlError(`Elements are nested deeper than ${MAX_DEPTH}.`);
    const isSelfClosed = this.#document[this.#at - 2] === "/";
    const attributes = readAttributes(attributeText);
    const scope = scopeWith(this.#open.at(-1)?.scope ?? new Map(), attributes);
    this.#open.push({ qualifiedName, attributes, scope, children: [], text: "" });
    if (isSelfClosed) this.#close(qualifiedName);
  }

  #close(qualifiedName: string): void {
    const closing = this.#open.pop();
    if (closing?.qualifiedName !== qualifiedName)
      throw new XmlError(`End tag ${qualifiedName} does not match ${closing?.qualifiedName ?? "any start"}.`);
    const element = toElement(closing);
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.children.push(element);
    else if (this.#root === undefined) this.#root = element;
    else throw new XmlError("There are several root elements.");
  }

  #addText(text: string): void {
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.text += text;
    else if (text.trim() !== "") throw new XmlError("There is text outside of the root element.");
  }
}

function toElement({ qualifiedName, attributes, scope, children, text }: OpenElement): XmlElement {
  const [prefix, name] = splitName(qualifiedName);
  const namespace = scope.get(prefix);
  if (namespace === undefined && prefix !== "") throw new XmlError(`Prefix ${prefix} is not declared.`);
  return {
    name,
    namespace: namespace ?? "",
    attributes,
    children,
    text,
    resolvePrefix: (wanted) => scope.get(wanted),
  };
}

/** Splits a name into its prefix, which may be empty, and its local name. */
export function splitName(qualifiedName: string): readonly [prefix: string, name: string] {
  const colon = qualifiedName.indexOf(":");
  return colon === -1 ? ["", qualifiedName] : [qualifiedName.slice(0, colon), qualifiedName.slice(colon + 1)];
}

function readAttributes(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = "", quoted = ""] of text.matchAll(EACH_ATTRIBUTE)) {
    if (attributes.has(name)) throw new XmlError(`Attribute ${name} appears twice.`);
    attributes.set(name, resolveReferences(quoted.slice(1, -1)));
  }
  return attributes;
}

function scopeWith(
  outer: ReadonlyMap<string, string>,
  attributes: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const declared = [...attributes].flatMap(([name, value]): [string, string][] => {
    if (name === "xmlns") return [["", value]];
    return name.startsWith("xmlns:") ? [[name.slice("xmlns:".length), value]] : [];
  });
  return declared.length === 0 ? outer : new Map([...outer, ...declared]);
}

function resolveReferences(text: string): string {
  return text.replaceAll(REFERENCE, (reference, hex?: string, decimal?: string, named?: string) => {
    if (named !== undefined) return NAMED_CHARACTERS[named] ?? reference;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    if (Number.isInteger(code) && code > 0 && code <= MAX_CODE_POINT) return String.fromCodePoint(code);
    throw new XmlError(`Reference ${reference} is not known.`);
  });
}
