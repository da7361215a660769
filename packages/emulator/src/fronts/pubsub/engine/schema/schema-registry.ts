import { createHash } from "node:crypto";
import type { EngineClock } from "../../../../time/engine-clock.ts";
import { alreadyExists, failedPrecondition, invalidArgument, notFound } from "../../pubsub-error.ts";
import type { MessageContent } from "../published-message.ts";
import { checkResourceName } from "../resource-name.ts";
import type { SchemaSettings } from "../resources.ts";
import { compileDefinition, type DataCheck, type SchemaEncoding } from "./check-definition.ts";

/** One revision of a schema. */
export interface SchemaRevision {
  readonly name: string;
  readonly type: string;
  readonly definition: string;
  readonly revisionId: string;
  /** Engine time. */
  readonly createdAtMs: number;
  readonly check: DataCheck;
}

/** Stands in a topic for a schema that was deleted. */
export const DELETED_SCHEMA = "_deleted-schema_";

const SCHEMA_MAX_REVISIONS = 20;

/** The schemas of every project with their revisions, oldest first. */
export class SchemaRegistry {
  readonly #clock: EngineClock;
  readonly #schemas = new Map<string, readonly SchemaRevision[]>();
  #revisions = 0;

  constructor(clock: EngineClock) {
    this.#clock = clock;
  }

  /** The newest revision of every schema. */
  all(): readonly SchemaRevision[] {
    return [...this.#schemas.values()].flatMap((revisions) => revisions.slice(-1));
  }

  /** `name` may end in `@REVISION`. */
  get(name: string): SchemaRevision {
    const [schema = "", revisionId] = name.split("@");
    const revisions = this.revisions(schema);
    const found = revisionId === undefined ? revisions.at(-1) : revisionOf(revisions, revisionId);
    if (found === undefined) throw notFound(name);
    return found;
  }

  revisions(name: string): readonly SchemaRevision[] {
    checkResourceName(name, "schemas");
    const revisions = this.#schemas.get(name);
    if (revisions === undefined) throw notFound(name);
    return revisions;
  }

  create(name: string, type: string, definition: string): SchemaRevision {
    checkResourceName(name, "schemas");
    const revision = this.#newRevision(name, type, definition);
    if (this.#schemas.has(name)) throw alreadyExists(name);
    this.#schemas.set(name, [revision]);
    return revision;
  }

  commit(name: string, type: string, definition: string): SchemaRevision {
    const revisions = this.revisions(name);
    if (revisions[0]?.type !== type) throw invalidArgument("A revision must keep the type of its schema.");
    if (revisions.length >= SCHEMA_MAX_REVISIONS) {
      throw failedPrecondition(`A schema has at most ${SCHEMA_MAX_REVISIONS} revisions.`);
    }
    const revision = this.#newRevision(name, type, definition);
    this.#schemas.set(name, [...revisions, revision]);
    return revision;
  }

  /** Makes an old revision the newest one, under a new id. */
  rollback(name: string, revisionId: string): SchemaRevision {
    const old = revisionOf(this.revisions(name), revisionId);
    if (old === undefined) throw notFound(`${name}@${revisionId}`);
    return this.commit(name, old.type, old.definition);
  }

  deleteRevision(name: string, revisionId: string): SchemaRevision {
    const revisions = this.revisions(name);
    const doomed = revisionOf(revisions, revisionId);
    if (doomed === undefined) throw notFound(`${name}@${revisionId}`);
    const rest = revisions.filter((revision) => revision !== doomed);
    const newest = rest.at(-1);
    if (newest === undefined) throw failedPrecondition("The last revision of a schema cannot be deleted.");
    this.#schemas.set(name, rest);
    return newest;
  }

  delete(name: string): void {
    this.revisions(name);
    this.#schemas.delete(name);
  }

  clear(): void {
    this.#schemas.clear();
  }

  /**
   * Throws unless each message matches one of the revisions that the topic allows. Returns the messages with
   * the attributes by which a subscriber finds the schema.
   */
  label(settings: SchemaSettings, messages: readonly MessageContent[]): readonly MessageContent[] {
    if (settings.schema === DELETED_SCHEMA) throw invalidArgument("The topic's schema has been deleted.");
    const allowed = this.#allowed(settings);
    return messages.map((message) => {
      const fitting = allowed.findLast(({ check }) => check(message.data, settings.encoding));
      if (fitting === undefined) {
        throw invalidArgument(
          `Invalid data in message: Message failed schema validation (schema=${settings.schema}).`,
        );
      }
      const attributes = {
        ...message.attributes,
        googclient_schemaencoding: settings.encoding,
        googclient_schemaname: settings.schema,
        googclient_schemarevisionid: fitting.revisionId,
      };
      return { ...message, attributes };
    });
  }

  validate(check: DataCheck, data: Uint8Array, encoding: SchemaEncoding): void {
    if (encoding === "ENCODING_UNSPECIFIED") throw invalidArgument("The encoding must be JSON or BINARY.");
    if (!check(data, encoding))
      throw invalidArgument("Invalid data in message: Message failed schema validation.");
  }

  #allowed({ schema, firstRevisionId, lastRevisionId }: SchemaSettings): readonly SchemaRevision[] {
    const revisions = this.revisions(schema);
    const from = firstRevisionId === "" ? 0 : indexOf(revisions, firstRevisionId);
    const to = lastRevisionId === "" ? revisions.length - 1 : indexOf(revisions, lastRevisionId);
    return revisions.slice(from, to + 1);
  }

  #newRevision(name: string, type: string, definition: string): SchemaRevision {
    const check = compileDefinition(type, definition);
    this.#revisions += 1;
    const digest = createHash("sha256").update(`${name} ${this.#revisions}`).digest("hex");
    return { name, type, definition, check, revisionId: digest.slice(0, 8), createdAtMs: this.#clock.now() };
  }
}

function revisionOf(revisions: readonly SchemaRevision[], id: string): SchemaRevision | undefined {
  return revisions.find(({ revisionId }) => revisionId === id);
}

function indexOf(revisions: readonly SchemaRevision[], id: string): number {
  const index = revisions.findIndex(({ revisionId }) => revisionId === id);
  if (index < 0) throw invalidArgument(`The topic's schema settings name the revision ${id}, which is gone.`);
  return index;
}
