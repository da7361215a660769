import { checkProjectName } from "../engine/resource-name.ts";
import { timestampOf } from "../engine/resources.ts";
import { compileDefinition } from "../engine/schema/check-definition.ts";
import type { SchemaRevision } from "../engine/schema/schema-registry.ts";
import type { PubsubRequests, SchemaView, WireSchema } from "../grpc/pubsub-wire.ts";
import { invalidArgument } from "../pubsub-error.ts";
import type { Operation, OperationContext } from "./operation.ts";
import { pageOf } from "./page.ts";

export const createSchema: Operation<PubsubRequests["CreateSchema"]> = (request, context) => {
  checkProjectName(request.parent);
  const { type, definition } = required(request.schema);
  const name = `${request.parent}/schemas/${request.schemaId}`;
  return describe(context.engine.schemas.create(name, type, definition), "FULL", context);
};

export const getSchema: Operation<PubsubRequests["GetSchema"]> = ({ name, view }, context) =>
  describe(context.engine.schemas.get(name), view === "BASIC" ? "BASIC" : "FULL", context);

export const listSchemas: Operation<PubsubRequests["ListSchemas"]> = (request, context) => {
  checkProjectName(request.parent);
  const all = context.engine.schemas.all().filter(({ name }) => name.startsWith(`${request.parent}/`));
  const { items, nextPageToken } = pageOf(all, ({ name }) => name, request);
  return { schemas: items.map((schema) => describe(schema, request.view, context)), nextPageToken };
};

/** Newest first. */
export const listSchemaRevisions: Operation<PubsubRequests["ListSchemaRevisions"]> = (request, context) => {
  const newestFirst = context.engine.schemas.revisions(request.name).toReversed();
  const places = newestFirst.map((_revision, index) => String(index).padStart(3, "0"));
  const { items, nextPageToken } = pageOf(places, (place) => place, request);
  const page = items.flatMap((place) => newestFirst.slice(Number(place), Number(place) + 1));
  return { schemas: page.map((schema) => describe(schema, request.view, context)), nextPageToken };
};

export const commitSchema: Operation<PubsubRequests["CommitSchema"]> = ({ name, schema }, context) => {
  const { type, definition } = required(schema);
  return describe(context.engine.schemas.commit(name, type, definition), "FULL", context);
};

export const rollbackSchema: Operation<PubsubRequests["RollbackSchema"]> = ({ name, revisionId }, context) =>
  describe(context.engine.schemas.rollback(name, revisionId), "FULL", context);

/** The revision is part of the name, or a field of its own as older clients send it. */
export const deleteSchemaRevision: Operation<PubsubRequests["DeleteSchemaRevision"]> = (request, context) => {
  const [name = "", revisionId = request.revisionId] = request.name.split("@");
  if (revisionId === "") throw invalidArgument("The name must end in @ and a revision.");
  return describe(context.engine.schemas.deleteRevision(name, revisionId), "FULL", context);
};

export const deleteSchema: Operation<PubsubRequests["DeleteSchema"]> = ({ name }, { engine, policies }) => {
  engine.deleteSchema(name);
  policies.forget(name);
  return {};
};

export const validateSchema: Operation<PubsubRequests["ValidateSchema"]> = ({ parent, schema }) => {
  checkProjectName(parent);
  const { type, definition } = required(schema);
  compileDefinition(type, definition);
  return {};
};

export const validateMessage: Operation<PubsubRequests["ValidateMessage"]> = (request, { engine }) => {
  checkProjectName(request.parent);
  const check =
    request.name === undefined
      ? compileDefinition(required(request.schema).type, required(request.schema).definition)
      : engine.schemas.get(request.name).check;
  engine.schemas.validate(check, request.message, request.encoding);
  return {};
};

function required(schema: WireSchema | null | undefined): WireSchema {
  if (schema === null || schema === undefined) throw invalidArgument("The request must have a schema.");
  return schema;
}

/** The basic view omits the definition. Lists use it unless the request asks for more. */
function describe(revision: SchemaRevision, view: SchemaView, { wireTime }: OperationContext): object {
  const { name, type, definition, revisionId, createdAtMs } = revision;
  return {
    name,
    type,
    definition: view === "FULL" ? definition : "",
    revisionId,
    revisionCreateTime: timestampOf(wireTime.toWireMs(createdAtMs)),
  };
}
