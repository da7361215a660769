import { invalidArgument } from "../pubsub-error.ts";
import { PUBSUB_DEFAULT_PAGE_SIZE, PUBSUB_MAX_PAGE_SIZE } from "../pubsub-limits.ts";

export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
}

/** Returns one page of items in alphabetic order of names. A token is the name of a page's last item. */
export function pageOf<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  { pageSize, pageToken }: PageRequest,
): Page<Item> {
  if (pageSize < 0) throw invalidArgument(`The page size must not be negative (page_size=${pageSize}).`);
  const size = Math.min(pageSize === 0 ? PUBSUB_DEFAULT_PAGE_SIZE : pageSize, PUBSUB_MAX_PAGE_SIZE);
  const after = readToken(pageToken);
  const sorted = items
    .filter((item) => nameOf(item) > after)
    .toSorted((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
  const page = sorted.slice(0, size);
  const last = page.at(-1);
  const isLast = last === undefined || page.length === sorted.length;
  return { items: page, nextPageToken: isLast ? "" : writeToken(nameOf(last)) };
}

const PREFIX = "after ";

function writeToken(name: string): string {
  return Buffer.from(PREFIX + name).toString("base64url");
}

function readToken(token: string): string {
  if (token === "") return "";
  const text = Buffer.from(token, "base64url").toString();
  if (text.startsWith(PREFIX)) return text.slice(PREFIX.length);
  throw invalidArgument(`You have passed an invalid page token to the service (page_token=${token}).`);
}
