import { xml, writeXml, type Xml } from "./xml-writer.ts";

const ATOM_NAMESPACE = "http://www.w3.org/2005/Atom";

/** One entity as shown alone or in a list. */
export interface AtomEntry {
  /** Path from the root of the namespace, in the case that clients look for. */
  readonly path: string;
  readonly title: string;
  readonly published: string;
  readonly updated: string;
  /** The description inside `content`. */
  readonly description: Xml;
}

/** The origin that documents name. */
export interface AtomOrigin {
  /** `https://127.0.0.1:4100` */
  readonly base: string;
  /** Query of the request, such as `?api-version=2021-05`, which the addresses of entries repeat. */
  readonly query: string;
  /** Name of the namespace. */
  readonly author: string;
}

export function entryDocument(entry: AtomEntry, origin: AtomOrigin): string {
  return writeXml(entryElement(entry, origin, { xmlns: ATOM_NAMESPACE }));
}

export interface AtomFeed {
  readonly title: string;
  readonly updated: string;
  readonly entries: readonly AtomEntry[];
  readonly self: string;
  /** Address of the next page. */
  readonly next: string | undefined;
}

/** Always includes a link to itself, because the JavaScript client finds `next` only among several links. */
export function feedDocument(feed: AtomFeed, origin: AtomOrigin): string {
  return writeXml(
    xml("feed", { xmlns: ATOM_NAMESPACE }, [
      xml("title", { type: "text" }, feed.title),
      xml("id", {}, feed.self),
      xml("updated", {}, feed.updated),
      xml("link", { rel: "self", href: feed.self }),
      feed.next === undefined ? undefined : xml("link", { rel: "next", href: feed.next }),
      ...feed.entries.map((entry) => entryElement(entry, origin, {})),
    ]),
  );
}

function entryElement(
  entry: AtomEntry,
  { base, query, author }: AtomOrigin,
  attributes: Readonly<Record<string, string>>,
): Xml {
  const id = `${base}/${encodeURI(entry.path)}${query}`;
  return xml("entry", attributes, [
    xml("id", {}, id),
    xml("title", { type: "text" }, entry.title),
    xml("published", {}, entry.published),
    xml("updated", {}, entry.updated),
    xml("author", {}, [xml("name", {}, author)]),
    xml("link", { rel: "self", href: id }),
    xml("content", { type: "application/xml" }, [entry.description]),
  ]);
}
